"""Finds the value that belongs to a name, as JSON (`"name":"value"`), header, flag, URL or YAML write it."""

import re
from typing import NamedTuple, Self

from eks_log_forwarder.redaction.json_tree import WHITE_SPACE, quote_depth, string_end
from eks_log_forwarder.redaction.spans import Span
from eks_log_forwarder.redaction.url_forms import COLON, EQUALS, SPACE, TOKEN, WORD

_VALUE = rf"{TOKEN}++"
_SCHEME = r"(?i:Bearer|Basic|Digest|Negotiate|Token|ApiKey|AWS4-HMAC-SHA256)"
_CREDENTIALS = (  # RFC 9110, section 11.4: scheme and credentials, or parameters
    rf"(?:{_SCHEME}{SPACE}++{_VALUE}(?:[,;]{SPACE}*+{_VALUE})*+|(?!{WORD}){_VALUE})"
)
_OPENING = r"(?:\\*+\")?+(?!\[{1,2}REDACTED:)\[?+"  # Go prints lists of header values in brackets
_NEXT_IN_LIST = re.compile(rf'(?P<quote>\\*+"){WHITE_SPACE},{WHITE_SPACE}(?P=quote)')


class NamedValue(NamedTuple):
    """How to find the values of one name: what it begins with, in small letters, and what may follow it."""

    needle: str
    quoted: re.Pattern[str]
    plain: re.Pattern[str]

    @classmethod
    def of(
        cls,
        needle: str,
        *,
        rest: str = "",
        before: str = "",
        any_case: bool = False,
        http_header: bool = False,
    ) -> Self:
        """The name is the needle and a pattern for the rest of it, after what `before` asserts.

        The value of an HTTP header may have a scheme; core/v1 HTTPHeader is `{"name": …, "value": …}`.
        """
        name = f"{before}(?{'i' * any_case}:{re.escape(needle)}{rest})"
        space = WHITE_SPACE
        as_header = rf"|,{space}(?P=quote)value(?P=quote){space}:{space}" if http_header else ""
        quoted = rf'{name}(?P<quote>\\*+"){space}(?::{space}(?P<list>\[{space})?+{as_header})(?P=quote)'
        if http_header:
            plain = rf"{name}\s*+(?:{EQUALS}|{COLON}){SPACE}*+{_OPENING}(?P<value>{_CREDENTIALS})"
        else:
            plain = rf"{name}(?:{EQUALS}|{COLON}{SPACE}*+(?!{WORD}))(?:\\*+\")?+(?P<value>{_VALUE})"
        return cls(needle, re.compile(quoted), re.compile(plain))

    def spans(self, text: str, small: str, end: int) -> list[Span]:
        """The places of the values, in a text that ends at `end`; `small` is the text in small letters."""
        spans: list[Span] = []
        position = 0
        while (position := small.find(self.needle, position, end)) >= 0:
            behind = position + len(self.needle)
            if text.startswith(".", behind):  # authorization.k8s.io, three times in each audit event
                position = behind
            elif quoted := self.quoted.match(text, position, end):
                spans += _strings(text, quoted, end)
                position = spans[-1][1]
            elif plain := self.plain.match(text, position, end):
                spans.append(plain.span("value"))
                position = plain.end()
            else:
                position = behind
        return spans


def _strings(text: str, opening: re.Match[str], end: int) -> list[Span]:
    """The string behind an opening quote, and the others where it is the first of a list."""
    quote = opening["quote"]
    depth = quote_depth(len(quote) - 1)
    start = opening.end()
    if depth is None:
        return [(start, start)]
    spans = [(start, string_end(text, start, end, depth))]
    while opening["list"] is not None:
        following = _NEXT_IN_LIST.match(text, spans[-1][1], end)
        if following is None or following["quote"] != quote:
            break
        spans.append((following.end(), string_end(text, following.end(), end, depth)))
    return spans
