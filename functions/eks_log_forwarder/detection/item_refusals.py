"""Finds what the selections of a rule or filter must not contain, before pySigma parses them.

pySigma reads an empty list as null, and its errors show Python objects instead of the reason.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date

type Fault = tuple[str, str]

_UNSUPPORTED = {
    "expand": "placeholders are not supported; write the values",
    **dict.fromkeys(("wide", "utf16", "utf16le", "utf16be"), "the logs hold no UTF-16"),
    **dict.fromkeys(
        ("minute", "hour", "day", "week", "month", "year"), "parts of a timestamp are not supported"
    ),
}
_RE_FLAGS = frozenset({"i", "ignorecase", "m", "multiline", "s", "dotall"})
_COMPARISONS = ("lt", "lte", "gt", "gte")
_ANYWHERE = (
    frozenset({"all", "neq", "contains", "cased", "re", "base64", "base64offset", "windash"}) | _RE_FLAGS
)
_FIELDS_ALONE = frozenset({"startswith", "endswith", "cidr", "exists", "fieldref", *_COMPARISONS})
_BESIDE_RE = _RE_FLAGS | {"re", "all", "neq"}
_LOSES_CASED = frozenset({"base64", "base64offset", "fieldref"})


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TEXTS = ("contains", "startswith", "endswith", "cased", "base64", "base64offset", "windash", "fieldref")
# What the values of a modifier must be: a test, and its name.
_VALUES_OF: dict[str, tuple[Callable[[object], bool], str]] = {
    **dict.fromkeys(_TEXTS, (_is_text, "a text; put it in quotes")),
    **dict.fromkeys(_COMPARISONS, (_is_number, "a number, without quotes")),
    "exists": (lambda value: isinstance(value, bool), "true or false"),
    "cidr": (_is_text, "a network such as 10.0.0.0/8"),
}


def faults_in_selection(place: str, definition: object) -> Iterator[Fault]:
    """Every (place, reason) that makes a selection unusable."""
    if isinstance(definition, Mapping):
        if not definition:
            yield place, "is empty"
        for key, value in definition.items():
            yield from _in_item(f"{place}.{key}", key, value)
    elif isinstance(definition, list):
        if not definition:
            yield place, "is empty"
        for part in definition:
            yield from faults_in_selection(place, part)
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
    yield from _in_values(place, modifiers, value if isinstance(value, list) else [value])


def _in_values(place: str, modifiers: list[str], values: list[object]) -> Iterator[Fault]:
    if not values:
        yield place, "has no values"
    elif any(isinstance(each, list | dict) for each in values):
        yield place, "a value must be a text, a number, true, false or null"
    elif any(isinstance(each, date) for each in values):
        yield place, "a date must be a text; put it in quotes"
    elif "re" in modifiers:
        if not all(map(_is_text, values)):
            yield place, "a regular expression must be a text"
    else:
        for modifier in modifiers:
            fits, what = _VALUES_OF.get(modifier, (None, ""))
            if fits is not None and not all(map(fits, values)):
                yield place, f"the modifier {modifier!r} needs {what}"


def _in_combination(place: str, modifiers: list[str]) -> Iterator[Fault]:
    if "re" in modifiers and (others := [modifier for modifier in modifiers if modifier not in _BESIDE_RE]):
        yield place, f"the modifier {others[0]!r} cannot be combined with 're'; write ^ or $ instead"
    elif "re" not in modifiers and (flags := _RE_FLAGS & set(modifiers)):
        yield place, f"the modifier {min(flags)!r} needs 're' before it"
    if "cased" in modifiers:
        after = _LOSES_CASED.intersection(modifiers[modifiers.index("cased") :])
        if after:
            yield place, f"the modifier 'cased' has no effect before {min(after)!r}"
