"""Turns a rule's data into a tree of functions, with the fields that the names mean in this run."""

import re
from collections.abc import Callable
from ipaddress import ip_network
from itertools import islice
from operator import ge, gt, le, lt

from eks_log_forwarder.detection import rule_data as data
from eks_log_forwarder.detection.nodes import (
    All,
    AnyOf,
    Field,
    FieldComparison,
    FieldTest,
    KeywordTest,
    Node,
    Not,
    Values,
)
from eks_log_forwarder.detection.source_addresses import parse_address
from eks_log_forwarder.detection.text_patterns import compile_text
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

MAX_REFERENCED = 64

type Names = Callable[[str], Field]

_COMPARISONS = {"lt": lt, "lte": le, "gt": gt, "gte": ge}
_FITS: dict[str, Callable[[str, str], bool]] = {
    "equals": str.__eq__,
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": str.__contains__,
}
_NUMBER = re.compile(r"-?[0-9]{1,400}(\.[0-9]{1,400})?")


def bind(condition: data.Condition, names: Names) -> Node:
    """The tree of a condition. `names` looks up a field by its name."""
    match condition:
        case data.Every(parts):
            return All(tuple(bind(part, names) for part in parts))
        case data.Some(parts):
            return AnyOf(tuple(bind(part, names) for part in parts))
        case data.No(part):
            return Not(bind(part, names))
        case data.OnField(name, check):
            return _field_test(names(name), check)
        case data.OnFields(name, other, fit):
            return FieldComparison(names(name), names(other), _comparison(_FITS[fit]))
        case data.InText(check):
            return _keyword_test(check)


def _keyword_test(check: data.Pattern | data.Regex) -> KeywordTest:
    if isinstance(check, data.Regex):
        return KeywordTest(_search(check.expression), folded=False)
    text = compile_text(check.parts, cased=check.cased)
    return KeywordTest(text.matches, text.folded, _texts(check))


def _field_test(field: Field, check: data.FieldCheck) -> FieldTest:  # noqa: PLR0911  # one for each kind
    match check:
        case data.Null():
            return is_absent_or_null(field)
        case data.Exists(wanted):
            return exists(field, wanted=wanted)
        case data.OneOf(texts):
            return equals_one_of(field, texts)
        case data.StartsWith(texts):
            return starts_with_one_of(field, texts)
        case data.EndsWith(texts):
            return ends_with_one_of(field, texts)
        case data.Pattern():
            return FieldTest(field, any_value(_fits_pattern(check)), _texts(check))
        case _:
            return FieldTest(field, any_value(_value_test(check)))


def _value_test(check: data.NotNull | data.Regex | data.Compare | data.InNetwork) -> ValueTest:
    match check:
        case data.NotNull():
            return lambda found: found is not None
        case data.Regex(expression):
            search = _search(expression)
            return lambda found: (text := text_of(found)) is not None and search(text)
        case data.Compare():
            return _compares(check)
        case data.InNetwork(network):
            addresses = ip_network(network)
            return lambda found: (
                isinstance(found, str)
                and (address := parse_address(found)) is not None
                and address in addresses
            )


def _fits_pattern(check: data.Pattern) -> ValueTest:
    pattern = compile_text(check.parts, cased=check.cased)
    matches = pattern.matches
    if pattern.folded:
        return lambda found: (text := text_of(found)) is not None and matches(text.casefold())
    return lambda found: (text := text_of(found)) is not None and matches(text)


def _texts(pattern: data.Pattern) -> tuple[str, ...]:
    """The longest text that every match contains; none with `?`, because it compares case differently."""
    if data.Wildcard.ONE in pattern.parts:
        return ()
    texts = [part for part in pattern.parts if isinstance(part, str)]
    return (max(texts, key=len),) if texts else ()


def _compares(check: data.Compare) -> ValueTest:
    compare, limit = _COMPARISONS[check.operator], check.limit

    def holds(found: object) -> bool:
        if isinstance(found, str) and _NUMBER.fullmatch(found):
            found = float(found) if "." in found else int(found)
        return isinstance(found, int | float) and not isinstance(found, bool) and bool(compare(found, limit))

    return holds


def _search(expression: str) -> Callable[[str], bool]:
    """A search in RE2, which pySigma uses too. Its time is linear in the text for every expression."""
    # Most rules have no regular expression, so RE2 is imported only if one has.
    import re2  # type: ignore[import-untyped]  # noqa: PLC0415

    search = re2.compile(expression).search

    def found(text: str) -> bool:
        try:
            return search(text) is not None
        except UnicodeEncodeError:  # RE2 does not accept half a surrogate pair
            return search(text.encode("utf-8", "replace").decode()) is not None

    return found


def _comparison(fits: Callable[[str, str], bool]) -> Callable[[Values, Values], bool]:
    """A value of one field fits a value of the other.

    At most MAX_REFERENCED different values of the other field are compared, so that the time stays linear.
    """

    def holds(values: Values, others: Values) -> bool:
        texts = {text.casefold() for value in others if (text := text_of(value)) is not None}
        own = (text.casefold() for value in values if (text := text_of(value)) is not None)
        if fits is str.__eq__:
            return not texts.isdisjoint(own)
        compared = list(islice(texts, MAX_REFERENCED))
        return any(fits(text, other) for text in own for other in compared)

    return holds
