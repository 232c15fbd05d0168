"""Turns the values of rules, as pySigma types them, into checks.

pySigma has already applied the modifiers: `contains` is a text between wildcards, `re` a regular expression,
`base64offset` a group of three texts. The Sigma modifiers appendix defines the meaning of each type.
"""

import re

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

from eks_log_forwarder.detection.rule_data import (
    Compare,
    Condition,
    EndsWith,
    Exists,
    FieldCheck,
    InNetwork,
    InText,
    NotNull,
    Null,
    OneOf,
    OnField,
    Pattern,
    Regex,
    Some,
    StartsWith,
    Wildcard,
)
from eks_log_forwarder.detection.values import text_of

_WILDCARDS = {SpecialChars.WILDCARD_MULTI: Wildcard.MANY, SpecialChars.WILDCARD_SINGLE: Wildcard.ONE}
_OPERATORS = {
    CompareOperators.LT: "lt",
    CompareOperators.LTE: "lte",
    CompareOperators.GT: "gt",
    CompareOperators.GTE: "gte",
}
_RE2_FLAGS = {re.IGNORECASE: "i", re.MULTILINE: "m", re.DOTALL: "s"}
_MAX_INTEGER = 2**63 - 1

type TextsCheck = type[OneOf | StartsWith | EndsWith]


class UnsupportedValueError(ValueError):
    """A value has no meaning in its place; the message says which value and why."""


def texts_check_of(value: SigmaType) -> tuple[TextsCheck, str] | None:
    """The check that a value without case asks for, and its text; None if several such cannot be joined."""
    literal = _literal_of(value)
    if literal is not None:
        return OneOf, literal
    if isinstance(value, SigmaString) and not isinstance(value, SigmaCasedString):
        match _parts(value):
            case (Wildcard.MANY, str(text)):
                return EndsWith, text
            case (str(text), Wildcard.MANY):
                return StartsWith, text
    return None


def field_condition(field: str, value: SigmaType) -> Condition:
    """The check of a field against one value."""
    if isinstance(value, SigmaExpansion):
        return Some(tuple(field_condition(field, each) for each in value.values))
    return OnField(field, _check(value))


def _check(value: SigmaType) -> FieldCheck:  # noqa: PLR0911  # one for each kind of value
    texts = texts_check_of(value)
    if texts is not None:
        check, text = texts
        return check((text,))
    match value:
        case SigmaNull():
            return Null()
        case SigmaExists():
            return Exists(value.exists)
        case SigmaString():
            parts = _parts(value)
            if parts and all(part is Wildcard.MANY for part in parts):
                return NotNull()
            return Pattern(parts, isinstance(value, SigmaCasedString))
        case SigmaCompareExpression():
            limit = value.number.number
            if isinstance(limit, int) and abs(limit) > _MAX_INTEGER:
                limit = float(limit)
            return Compare(_OPERATORS[value.op], limit)  # type: ignore[arg-type]  # mypy widens it to str
        case SigmaRegularExpression():
            return _regex(value)
        case SigmaCIDRExpression():
            return InNetwork(str(value.network))
        case _:
            message = f"values of the kind {type(value).__name__} are not supported"
            raise UnsupportedValueError(message)


def keyword_condition(value: SigmaType) -> Condition:
    """The check whether the raw text contains one value."""
    match value:
        case SigmaExpansion():
            return Some(tuple(keyword_condition(each) for each in value.values))
        case SigmaRegularExpression():
            return InText(_regex(value))
        case SigmaString():
            parts, cased = _parts(value), isinstance(value, SigmaCasedString)
        case _:
            literal = _literal_of(value)
            parts, cased = () if literal is None else (literal,), False
    if not any(isinstance(part, str) for part in parts):
        message = "a keyword must contain at least one character besides wildcards"
        raise UnsupportedValueError(message)
    first = () if parts[0] is Wildcard.MANY else (Wildcard.MANY,)
    last = () if parts[-1] is Wildcard.MANY else (Wildcard.MANY,)
    return InText(Pattern((*first, *parts, *last), cased))


def _literal_of(value: SigmaType) -> str | None:
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


def _parts(value: SigmaString) -> tuple[str | Wildcard, ...]:
    return tuple(_WILDCARDS[part] if isinstance(part, SpecialChars) else str(part) for part in value.s)


def _regex(value: SigmaRegularExpression) -> Regex:
    """The expression with its flags inside, because RE2 takes no others. pySigma has compiled it once."""
    flags = 0
    for flag in value.flags:
        flags |= value.sigma_to_python_flags[flag]
    inside = "".join(letter for flag, letter in _RE2_FLAGS.items() if flags & flag)
    return Regex(f"(?{inside}){value.regexp}" if inside else str(value.regexp))
