"""Translates pySigma's condition trees into data."""

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.types import SigmaFieldReference

from eks_log_forwarder.detection.rule_data import Condition, Every, No, OnField, OnFields, Some
from eks_log_forwarder.detection.sigma_values import (
    TextsCheck,
    UnsupportedValueError,
    field_condition,
    keyword_condition,
    texts_check_of,
)


def translate(condition: object) -> Condition:
    """A parsed condition (`SigmaCondition.parsed`) as data.

    Raises:
        UnsupportedValueError: a value or condition is not supported.
    """
    match condition:
        case ConditionAND():
            return Every(tuple(translate(part) for part in condition.args))
        case ConditionOR():
            return _some(condition)
        case ConditionNOT():
            return No(translate(condition.args[0]))
        case ConditionFieldEqualsValueExpression(field=name, value=SigmaFieldReference() as reference):
            return _reference(name, reference)
        case ConditionFieldEqualsValueExpression(field=name, value=value):
            return field_condition(name, value)
        case ConditionValueExpression(value=value):
            return keyword_condition(value)
        case _:
            message = f"conditions of the kind {type(condition).__name__} are not supported"
            raise UnsupportedValueError(message)


def _some(condition: ConditionOR) -> Condition:
    """Alternatives. The plain texts, beginnings or ends of one field become one check."""
    texts: dict[tuple[str, TextsCheck], list[str]] = {}
    others: list[Condition] = []
    for part in condition.args:
        if isinstance(part, ConditionFieldEqualsValueExpression) and (found := texts_check_of(part.value)):
            check, text = found
            texts.setdefault((part.field, check), []).append(text)
        else:
            others.append(translate(part))
    parts: list[Condition] = [
        OnField(name, check(tuple(literals))) for (name, check), literals in texts.items()
    ]
    parts += others
    return parts[0] if len(parts) == 1 else Some(tuple(parts))


def _reference(name: str, reference: SigmaFieldReference) -> OnFields:
    match (reference.starts_with, reference.ends_with):
        case (True, True):
            return OnFields(name, reference.field, "contains")
        case (True, False):
            return OnFields(name, reference.field, "startswith")
        case (False, True):
            return OnFields(name, reference.field, "endswith")
        case _:
            return OnFields(name, reference.field, "equals")
