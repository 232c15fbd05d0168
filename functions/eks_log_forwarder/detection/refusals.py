"""Finds what the document of a rule or filter must not contain, before pySigma parses it.

pySigma converts rules for other products, so it accepts more than one event can answer: a `timeframe`.
"""

import re
from collections.abc import Collection, Iterator, Mapping

from eks_log_forwarder.detection.item_refusals import Fault, faults_in_selection
from eks_log_forwarder.detection.log_sources import CATEGORIES, log_type_of_source

_KINDS = {
    "correlation": "correlations need more than one event; they are not supported",
    "action": "rule collections are not supported; write one rule per file",
}
_LOG_SOURCES = (
    "is not supported; use product kubernetes, service audit; or product aws, service eks, "
    f"category {', '.join(sorted(CATEGORIES.values())[:-1])} or {max(CATEGORIES.values())}"
)
_WORDS = frozenset({"and", "or", "not", "of"})
# What pyparsing says of a condition that it cannot read.
_UNREADABLE = re.compile(
    r"(?:Expected|Unbalanced).*?(?:found (?P<found>'.*'|end of text) +)?\(at char (?P<at>\d+)\)"
)

ANY_RULE = "any"


def faults_in_rule(document: Mapping[str, object]) -> Iterator[Fault]:
    """Every (field, reason) that makes a rule's document unusable, found before parsing."""
    yield from _in_head(document)
    detection = document.get("detection")
    if isinstance(detection, Mapping):
        yield from _in_detection("detection", detection)


def faults_in_filter(document: Mapping[str, object], rules: Collection[str]) -> Iterator[Fault]:
    """The same for a Sigma filter. `rules` are the names and ids that it may refer to."""
    yield from _in_head(document)
    if "detection" in document:
        yield "filter", "a file is a rule with 'detection' or a filter with 'filter', not both"
    content = document.get("filter")
    if not isinstance(content, Mapping):
        yield "filter", "is not a mapping with rules, selections and a condition"
        return
    yield from _in_references(content.get("rules"), rules)
    selections = {name: definition for name, definition in content.items() if name != "rules"}
    if isinstance(selections.get("condition"), list):
        yield "filter.condition", "a filter has one condition, which is a text"
    yield from _in_detection("filter", selections)


def readable(reason: str) -> str:
    """A reason by pySigma, without the names of its grammar."""
    unreadable = _UNREADABLE.match(reason)
    if unreadable is None:
        return reason
    at = int(unreadable["at"]) + 1
    if unreadable["found"] in {None, "end of text"}:
        return "ends too early: a name or a closing bracket is missing"
    return f"cannot be read at {unreadable['found']} (character {at})"


def _in_head(document: Mapping[str, object]) -> Iterator[Fault]:
    for kind, reason in _KINDS.items():
        if kind in document:
            yield kind, reason
    log_source = document.get("logsource")
    if isinstance(log_source, Mapping) and log_type_of_source(log_source) is None:
        yield "logsource", _LOG_SOURCES


def _in_detection(place: str, detection: Mapping[object, object]) -> Iterator[Fault]:
    for name, definition in detection.items():
        if name == "timeframe":
            yield f"{place}.timeframe", "counting over time is not supported"
        elif name != "condition":
            yield from faults_in_selection(f"{place}.{name}", definition)
    yield from _in_condition(f"{place}.condition", detection)


def _in_condition(place: str, detection: Mapping[object, object]) -> Iterator[Fault]:
    given = detection.get("condition")
    conditions = given if isinstance(given, list) else [given]
    if "condition" not in detection or not conditions:
        yield place, "is missing"
    for condition in conditions if "condition" in detection else ():
        if not isinstance(condition, str) or not condition.strip():
            yield place, "must be a text such as 'selection and not 1 of filter_*'"
        elif "|" in condition:
            yield place, "counting with '|' is not supported"
        else:
            for word in re.findall(r"[^\s()]+", condition):
                if word.lower() in _WORDS and word not in _WORDS and word not in detection:
                    yield place, f"write {word.lower()!r} instead of {word!r}"


def _in_references(given: object, rules: Collection[str]) -> Iterator[Fault]:
    place = "filter.rules"
    if given is None:
        yield place, f"is missing; name the rules, or write '{ANY_RULE}'"
        return
    names = given if isinstance(given, list) else [given]
    if not names:
        yield place, f"is empty; name the rules, or write '{ANY_RULE}' for all rules of the log source"
    for name in names:
        if not isinstance(name, str):
            yield place, "must be names of rules: texts"
        elif name not in rules and not (name.lower() == ANY_RULE and not isinstance(given, list)):
            yield place, f"no rule has the file name or id {name!r}"
