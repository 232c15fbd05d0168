"""Translates pySigma's condition trees into ours."""

from collections.abc import Callable
from itertools import islice

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.types import SigmaFieldReference

from eks_log_forwarder.detection.nodes import All, AnyOf, Field, FieldComparison, Node, Not, Values
from eks_log_forwarder.detection.sigma_values import (
    TextsTest,
    UnsupportedValueError,
    field_test,
    keyword_test,
    texts_test_of,
)
from eks_log_forwarder.detection.values import text_of

MAX_REFERENCED = 64

type Names = Callable[[str], Field]


def translate(condition: object, names: Names) -> Node:
    """A parsed condition (`SigmaCondition.parsed`) as a tree. `names` looks up a field by its name.

    Raises:
        UnsupportedValueError: a value or condition is not supported.
    """
    match condition:
        case ConditionAND():
            return All(tuple(translate(part, names) for part in condition.args))
        case ConditionOR():
            return _any_of(condition, names)
        case ConditionNOT():
            return Not(translate(condition.args[0], names))
        case ConditionFieldEqualsValueExpression(field=name, value=SigmaFieldReference() as reference):
            return FieldComparison(names(name), names(reference.field), _comparison(reference))
        case ConditionFieldEqualsValueExpression(field=name, value=value):
            return field_test(names(name), value)
        case ConditionValueExpression(value=value):
            return keyword_test(value)
        case _:
            message = f"conditions of the kind {type(condition).__name__} are not supported"
            raise UnsupportedValueError(message)


def _any_of(condition: ConditionOR, names: Names) -> Node:
    """Alternatives. The plain texts, beginnings or ends of one field become one test."""
    texts: dict[tuple[str, TextsTest], list[str]] = {}
    others: list[Node] = []
    for part in condition.args:
        if isinstance(part, ConditionFieldEqualsValueExpression) and (found := texts_test_of(part.value)):
            test, text = found
            texts.setdefault((part.field, test), []).append(text)
        else:
            others.append(translate(part, names))
    parts: list[Node] = [test(names(name), literals) for (name, test), literals in texts.items()]
    parts += others
    return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))


def _comparison(reference: SigmaFieldReference) -> Callable[[Values, Values], bool]:
    """A value of one field equals, starts with, ends with or contains a value of the other.

    At most MAX_REFERENCED different values of the other field are compared, so that the time stays linear.
    """
    match (reference.starts_with, reference.ends_with):
        case (True, True):
            fits: Callable[[str, str], bool] = str.__contains__
        case (True, False):
            fits = str.startswith
        case (False, True):
            fits = str.endswith
        case _:
            fits = str.__eq__

    def holds(values: Values, others: Values) -> bool:
        texts = {text.casefold() for value in others if (text := text_of(value)) is not None}
        own = (text.casefold() for value in values if (text := text_of(value)) is not None)
        if fits is str.__eq__:
            return not texts.isdisjoint(own)
        compared = list(islice(texts, MAX_REFERENCED))
        return any(fits(text, other) for text in own for other in compared)

    return holds
