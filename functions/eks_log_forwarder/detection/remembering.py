"""A bounded memory for results that depend on texts which clients choose."""

from collections.abc import Hashable

MAX_CHARACTERS = 256
"""The longest key: one field's values, or the texts that the index looks up, together."""


class Memory[Key: Hashable, Value]:
    """A dictionary whose entries are bounded in number and whose keys are bounded in size.

    When it is full it starts again, because frequent keys soon return.
    """

    __slots__ = ("_most", "entries", "get")

    def __init__(self, most: int) -> None:
        self.entries: dict[Key, Value] = {}
        self.get = self.entries.get
        self._most = most

    def keep(self, key: Key, characters: int, value: Value) -> None:
        """Remember a value, unless the texts of its key have more than MAX_CHARACTERS together."""
        if characters > MAX_CHARACTERS:
            return
        if len(self.entries) >= self._most:
            self.entries.clear()
        self.entries[key] = value
