"""Collects the faults of a policy file while its values are read."""

from collections.abc import Mapping

type Fields = Mapping[str, object]


class Faults:
    """The faults of one file, each `<place>: <fault>`. Readers note a fault and return an empty value.

    A YAML null counts as absent, as it does for the API server.
    """

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, place: str, fault: str) -> None:
        """Note a fault."""
        self.found.append(f"{place}: {fault}")

    def mapping(self, value: object, place: str, known: frozenset[str]) -> Fields | None:
        """Read a mapping and note every unknown field."""
        if not isinstance(value, dict):
            self.add(place, "must be a mapping")
            return None
        for name in value:
            if name not in known:
                self.add(place, f"unknown field {name!r}; known are {', '.join(sorted(known))}")
        return value

    def sequence(self, value: object, place: str) -> list[object]:
        """Read a list."""
        if value is None:
            return []
        if not isinstance(value, list):
            self.add(place, "must be a list")
            return []
        return value

    def strings(self, value: object, place: str) -> list[str]:
        """Read a list of strings; values that YAML reads as another type, such as yes or 1, need quotes."""
        items = self.sequence(value, place)
        for index, item in enumerate(items):
            if not isinstance(item, str):
                self.add(f"{place}[{index}]", f"must be a string, not {item!r}; put it in quotes")
        return [item for item in items if isinstance(item, str)]

    def string(self, value: object, place: str) -> str:
        """Read a string; "" if it is absent."""
        if value is None or isinstance(value, str):
            return value or ""
        self.add(place, f"must be a string, not {value!r}; put it in quotes")
        return ""

    def boolean(self, value: object, place: str) -> bool | None:
        """Read true or false; None if it is absent."""
        if value is None or isinstance(value, bool):
            return value
        self.add(place, f"must be true or false, not {value!r}")
        return None
