"""Turns the values of rules, as pySigma types them, into tests.

pySigma has already applied the modifiers: `contains` is a text between wildcards, `re` a regular expression,
`base64offset` a group of three texts. The Sigma modifiers appendix defines the meaning of each type.
"""

import re
from collections.abc import Callable, Iterable
from operator import ge, gt, le, lt

from sigma.policy import default_policy
from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaType,
    SpecialChars,
)

from eks_log_forwarder.detection.nodes import AnyOf, Field, FieldTest, KeywordTest, Node
from eks_log_forwarder.detection.source_addresses import parse_address
from eks_log_forwarder.detection.text_patterns import Wildcard, compile_text
from eks_log_forwarder.detection.values import (
    ValueTest,
    any_value,
    ends_with_one_of,
    equals_one_of,
    exists,
    is_absent_or_null,
    starts_with_one_of,
    text_of,
)

_WILDCARDS = {SpecialChars.WILDCARD_MULTI: Wildcard.MANY, SpecialChars.WILDCARD_SINGLE: Wildcard.ONE}
_COMPARISONS = {
    CompareOperators.LT: lt,
    CompareOperators.LTE: le,
    CompareOperators.GT: gt,
    CompareOperators.GTE: ge,
}
_NUMBER = re.compile(r"-?[0-9]{1,400}(\.[0-9]{1,400})?")


class UnsupportedValueError(ValueError):
    """A value has no meaning in its place; the message says which value and why."""


def literal_of(value: SigmaType) -> str | None:
    """The text that a value asks for, in any case; None if it asks for something else."""
    if isinstance(value, SigmaNumber):
        return text_of(value.number)
    if isinstance(value, SigmaBool):
        return text_of(value.boolean)
    if not isinstance(value, SigmaString) or isinstance(value, SigmaCasedString):
        return None
    parts = _parts(value)
    texts = [part for part in parts if isinstance(part, str)]
    return "".join(texts) if len(texts) == len(parts) else None


type TextsTest = Callable[[Field, Iterable[str]], FieldTest]


def texts_test_of(value: SigmaType) -> tuple[TextsTest, str] | None:
    """The test that a value without case asks for, and its text; None if several such cannot be joined."""
    literal = literal_of(value)
    if literal is not None:
        return equals_one_of, literal
    if isinstance(value, SigmaString) and not isinstance(value, SigmaCasedString):
        match _parts(value):
            case [Wildcard.MANY, str(text)]:
                return ends_with_one_of, text
            case [str(text), Wildcard.MANY]:
                return starts_with_one_of, text
    return None


def field_test(field: Field, value: SigmaType) -> Node:
    """The test of a field against one value."""
    texts = texts_test_of(value)
    if texts is not None:
        test, text = texts
        return test(field, [text])
    match value:
        case SigmaNull():
            return is_absent_or_null(field)
        case SigmaExists():
            return exists(field, wanted=value.exists)
        case SigmaExpansion():
            return AnyOf(tuple(field_test(field, each) for each in value.values))
        case _:
            return FieldTest(field, any_value(_value_test(value)))


def keyword_test(value: SigmaType) -> Node:
    """The test whether the raw text contains one value."""
    match value:
        case SigmaExpansion():
            return AnyOf(tuple(keyword_test(each) for each in value.values))
        case SigmaRegularExpression():
            return KeywordTest(_search(value), folded=False)
        case SigmaString():
            parts, cased = _parts(value), isinstance(value, SigmaCasedString)
        case _:
            literal = literal_of(value)
            parts, cased = [] if literal is None else [literal], False
    if not any(isinstance(part, str) for part in parts):
        message = "a keyword must contain at least one character besides wildcards"
        raise UnsupportedValueError(message)
    ends = (
        [] if parts[0] is Wildcard.MANY else [Wildcard.MANY],
        [] if parts[-1] is Wildcard.MANY else [Wildcard.MANY],
    )
    pattern = compile_text([*ends[0], *parts, *ends[1]], cased=cased)
    return KeywordTest(pattern.matches, pattern.folded)


def _value_test(value: SigmaType) -> ValueTest:
    match value:
        case SigmaString():
            return _text_test(value)
        case SigmaCompareExpression():
            return _compares(value)
        case SigmaRegularExpression():
            search = _search(value)
            return lambda found: (text := text_of(found)) is not None and search(text)
        case SigmaCIDRExpression():
            network = value.network
            return lambda found: (
                isinstance(found, str)
                and (address := parse_address(found)) is not None
                and address in network
            )
        case _:
            message = f"values of the kind {type(value).__name__} are not supported"
            raise UnsupportedValueError(message)


def _parts(value: SigmaString) -> list[str | Wildcard]:
    return [_WILDCARDS[part] if isinstance(part, SpecialChars) else str(part) for part in value.s]


def _text_test(value: SigmaString) -> ValueTest:
    parts = _parts(value)
    if parts and all(part is Wildcard.MANY for part in parts):
        return lambda found: found is not None  # objects and lists too
    pattern = compile_text(parts, cased=isinstance(value, SigmaCasedString))
    matches = pattern.matches
    if pattern.folded:
        return lambda found: (text := text_of(found)) is not None and matches(text.casefold())
    return lambda found: (text := text_of(found)) is not None and matches(text)


def _compares(value: SigmaCompareExpression) -> ValueTest:
    compare, limit = _COMPARISONS[value.op], value.number.number

    def holds(found: object) -> bool:
        if isinstance(found, str) and _NUMBER.fullmatch(found):
            found = float(found) if "." in found else int(found)
        return isinstance(found, int | float) and not isinstance(found, bool) and bool(compare(found, limit))

    return holds


def _search(value: SigmaRegularExpression) -> Callable[[str], bool]:
    """A search in pySigma's own engine, RE2. Its time is linear in the text for every expression."""
    flags = 0
    for flag in value.flags:
        flags |= value.sigma_to_python_flags[flag]
    search = default_policy.regex_engine.compile(str(value.regexp), flags).search

    def found(text: str) -> bool:
        try:
            return search(text) is not None
        except UnicodeEncodeError:  # RE2 does not accept half a surrogate pair
            return search(text.encode("utf-8", "replace").decode()) is not None

    return found
