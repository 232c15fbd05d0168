"""Dotted field names, read through nested objects and lists."""

from collections.abc import Callable

from eks_log_forwarder.detection.nodes import Fields


def path_reader(name: str, *, keys_may_hold_dots: bool = True) -> Callable[[Fields], list[object]]:
    """A function that gives every value found under a dotted path.

    Lists on the way and at the end are gone through, so one path may have many values; a list without
    elements stands for itself. A key that holds dots (annotations, labels) matches before its shorter
    beginnings, which are tried where it leads to no value.
    """
    steps = name.split(".")
    end = len(steps)
    longest = end if keys_may_hold_dots else 1
    choices = tuple(
        tuple((".".join(steps[at:to]), to) for to in range(min(end, at + longest), at, -1))
        for at in range(end)
    )

    def collect(value: object, at: int) -> list[object]:
        if at == end:
            return _elements(value)
        found: list[object] = []
        for element in _elements(value):
            if isinstance(element, dict):
                for key, to in choices[at]:
                    if key in element and (values := collect(element[key], to)):
                        found += values
                        break
        return found

    return lambda fields: collect(fields, 0)


def _elements(value: object) -> list[object]:
    """The value itself, or the elements of a list, of lists in lists too, without recursion."""
    if not isinstance(value, list) or not value:
        return [value]
    found: list[object] = []
    pending = value[::-1]
    while pending:
        element = pending.pop()
        if isinstance(element, list) and element:
            pending.extend(reversed(element))
        else:
            found.append(element)
    return found
