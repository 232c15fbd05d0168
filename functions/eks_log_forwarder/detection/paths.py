"""Reads dotted field names from nested objects and lists."""

from collections.abc import Callable, Container

from eks_log_forwarder.detection.nodes import Fields

# The maps of Kubernetes whose keys users choose, so that a key may contain dots: text maps, selectors and
# quantities (limits: requests.cpu). Elsewhere a key with dots is not a field that the API server reads.
MAPS_WITH_DOTTED_KEYS = frozenset(
    {
        *("annotations", "labels", "matchLabels", "matchLabelKeys", "nodeSelector", "selector", "extra"),
        *("data", "binaryData", "stringData", "parameters", "volumeAttributes", "options"),
        *("limits", "requests", "hard", "used", "capacity", "allocatable", "overhead"),
        *("default", "defaultRequest", "max", "min", "maxLimitRequestRatio"),
    }
)


class _Everywhere:
    def __contains__(self, _: object) -> bool:
        return True


EVERYWHERE: Container[str] = _Everywhere()
"""For lines of `key=value` pairs, whose keys may all contain dots."""


def path_reader(
    name: str, dotted_keys_in: Container[str] = MAPS_WITH_DOTTED_KEYS
) -> Callable[[Fields], list[object]]:
    """A function that returns every value at a dotted path.

    It goes through lists on the way and at the end, so one path may have many values. An empty list is a
    value itself. In the maps named by `dotted_keys_in`, the path may continue with a key that contains dots.
    Such a key comes before its shorter prefixes, which are tried if it leads to no value.
    """
    steps = name.split(".")
    end = len(steps)
    choices = tuple(
        tuple((".".join(steps[at:to]), to) for to in range(_furthest(steps, at, dotted_keys_in), at, -1))
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


def _furthest(steps: list[str], at: int, dotted_keys_in: Container[str]) -> int:
    """How many steps of a path the key at one step may take up."""
    may_hold_dots = (steps[at - 1] if at else "") in dotted_keys_in
    return len(steps) if may_hold_dots else at + 1


def _elements(value: object) -> list[object]:
    """The value itself, or the elements of a list and of lists within it, without recursion."""
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
