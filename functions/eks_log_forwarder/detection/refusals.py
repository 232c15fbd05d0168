"""Finds what a rule must not contain, before pySigma parses the document.

pySigma converts rules for other products, so it accepts more than one event can answer. It reads an empty
list as null and a `timeframe` as a keyword, and its errors name no field.
"""

from collections.abc import Iterator, Mapping

from eks_log_forwarder.detection.log_sources import log_type_of_source

type Fault = tuple[str, str]

_KINDS = {
    "correlation": "correlations need more than one event; they are not supported",
    "filter": "Sigma filters are not supported; write the exception into the rule",
    "action": "rule collections are not supported; write one rule per file",
}
_LOG_SOURCES = (
    "is not supported; use product kubernetes, service audit; or product aws, service eks, "
    "category authenticator, scheduler, api or controller-manager"
)
_UNSUPPORTED = {
    "expand": "placeholders are not supported; write the values",
    **dict.fromkeys(("wide", "utf16", "utf16le", "utf16be"), "the logs hold no UTF-16"),
    **dict.fromkeys(
        ("minute", "hour", "day", "week", "month", "year"), "parts of a timestamp are not supported"
    ),
}
_RE_FLAGS = frozenset({"i", "ignorecase", "m", "multiline", "s", "dotall"})
_ANYWHERE = (
    frozenset({"all", "neq", "contains", "cased", "re", "base64", "base64offset", "windash"}) | _RE_FLAGS
)
_FIELDS_ALONE = frozenset({"startswith", "endswith", "cidr", "exists", "lt", "lte", "gt", "gte", "fieldref"})
_BESIDE_RE = _RE_FLAGS | {"re", "all", "neq"}
_LOSES_CASED = frozenset({"base64", "base64offset", "fieldref"})


def faults_in(document: Mapping[object, object]) -> Iterator[Fault]:
    """Every (field, reason) that makes a rule's document unusable, found before parsing."""
    for kind, reason in _KINDS.items():
        if kind in document:
            yield kind, reason
    log_source = document.get("logsource")
    if isinstance(log_source, Mapping) and log_type_of_source(log_source) is None:
        yield "logsource", _LOG_SOURCES
    detection = document.get("detection")
    if isinstance(detection, Mapping):
        for name, definition in detection.items():
            if name == "timeframe":
                yield "detection.timeframe", "counting over time is not supported"
            elif name != "condition":
                yield from _in_definition(f"detection.{name}", definition)


def _in_definition(place: str, definition: object) -> Iterator[Fault]:
    if isinstance(definition, Mapping):
        if not definition:
            yield place, "is empty"
        for key, value in definition.items():
            yield from _in_item(f"{place}.{key}", key, value)
    elif isinstance(definition, list):
        if not definition:
            yield place, "is empty"
        for part in definition:
            yield from _in_definition(place, part)
    elif definition is None or definition == "":
        yield place, "a keyword must be a text of at least one character"


def _in_item(place: str, key: object, value: object) -> Iterator[Fault]:
    if not isinstance(key, str):
        yield place, "a field name must be a text"
        return
    field, *modifiers = key.split("|")
    for modifier in modifiers:
        if modifier in _UNSUPPORTED:
            yield place, f"the modifier {modifier!r}: {_UNSUPPORTED[modifier]}"
        elif modifier not in _ANYWHERE | _FIELDS_ALONE:
            yield place, f"the modifier {modifier!r} is unknown"
        elif modifier in _FIELDS_ALONE and not field:
            yield place, f"the modifier {modifier!r} needs a field"
    yield from _in_combination(place, modifiers)
    values = value if isinstance(value, list) else [value]
    if not values:
        yield place, "has no values"
    if any(isinstance(each, list | dict) for each in values):
        yield place, "a value must be a text, a number, true, false or null"
    elif "re" in modifiers and not all(isinstance(each, str) for each in values):
        yield place, "a regular expression must be a text"


def _in_combination(place: str, modifiers: list[str]) -> Iterator[Fault]:
    if "re" in modifiers and (others := [modifier for modifier in modifiers if modifier not in _BESIDE_RE]):
        yield place, f"the modifier {others[0]!r} cannot be combined with 're'; write ^ or $ instead"
    elif "re" not in modifiers and (flags := _RE_FLAGS & set(modifiers)):
        yield place, f"the modifier {min(flags)!r} needs 're' before it"
    if "cased" in modifiers:
        after = _LOSES_CASED.intersection(modifiers[modifiers.index("cased") :])
        if after:
            yield place, f"the modifier 'cased' has no effect before {min(after)!r}"
