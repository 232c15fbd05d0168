"""Tests of single values, and the text of a value.

Sigma rules specification, "General": all values are case-insensitive strings.
"""

from collections.abc import Callable, Iterable

from eks_log_forwarder.detection.nodes import Field, FieldTest, Values

type ValueTest = Callable[[object], bool]


def text_of(value: object) -> str | None:
    """The text of a value as Sigma compares it: `403` for 403, `true` for true. None for others."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, int):
        try:
            return str(value)
        except ValueError:  # over sys.get_int_max_str_digits()
            return None
    return None


def any_value(test: ValueTest) -> Callable[[Values], bool]:
    """One of the field's values passes the test. An absent field never does."""

    def holds(values: Values) -> bool:
        for value in values:  # noqa: SIM110  # half the time of any() with a generator
            if test(value):
                return True
        return False

    return holds


def equals_one_of(field: Field, texts: Iterable[str]) -> FieldTest:
    """A value of the field is one of the texts, in any case."""
    literals = frozenset(text.casefold() for text in texts)
    longest = max(map(len, literals), default=0)  # case folding never shortens a text

    def holds(values: Values) -> bool:
        for value in values:
            text = value if isinstance(value, str) else text_of(value)
            if text is not None and len(text) <= longest and text.casefold() in literals:
                return True
        return False

    return FieldTest(field, holds, tuple(sorted(literals)))


def starts_with_one_of(field: Field, texts: Iterable[str]) -> FieldTest:
    """A value of the field starts with one of the texts, in any case."""
    beginnings = tuple(text.casefold() for text in texts)

    def holds(values: Values) -> bool:
        for value in values:
            text = value if isinstance(value, str) else text_of(value)
            if text is not None and text.casefold().startswith(beginnings):
                return True
        return False

    return FieldTest(field, holds, beginnings)


def ends_with_one_of(field: Field, texts: Iterable[str]) -> FieldTest:
    """A value of the field ends with one of the texts, in any case."""
    ends = tuple(text.casefold() for text in texts)

    def holds(values: Values) -> bool:
        for value in values:
            text = value if isinstance(value, str) else text_of(value)
            if text is not None and text.casefold().endswith(ends):
                return True
        return False

    return FieldTest(field, holds, ends)


def is_absent_or_null(field: Field) -> FieldTest:
    """The field has no value, or one of its values is null."""
    return FieldTest(field, lambda values: not values or any(value is None for value in values))


def is_empty_or_one_of(field: Field, texts: Iterable[str]) -> FieldTest:
    """The field is absent, null or "", or one of the texts."""
    equal = equals_one_of(field, [*texts, ""])
    absent = is_absent_or_null(field)
    return FieldTest(field, lambda values: absent.holds(values) or equal.holds(values))


def exists(field: Field, *, wanted: bool) -> FieldTest:
    """The field is present, even if empty or null. If not `wanted`, the field is absent."""
    return FieldTest(field, lambda values: bool(values) is wanted)
