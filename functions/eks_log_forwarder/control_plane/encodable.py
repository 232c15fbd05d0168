"""Text that UTF-8 can hold: JSON may carry lone surrogates, which no encoder takes."""


def encodable(text: str) -> str:
    """The text with surrogate pairs joined and each lone surrogate replaced by U+FFFD; else as it is."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
