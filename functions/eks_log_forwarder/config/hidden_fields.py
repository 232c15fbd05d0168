"""Values with fields that must not appear in a repr, and so in no trace and no log line."""

from typing import ClassVar


class HiddenFields:
    """A base to name before `msgspec.Struct`: the repr leaves out the fields named in `hidden`; None: all."""

    __slots__ = ()
    __struct_fields__: ClassVar[tuple[str, ...]]

    hidden: ClassVar[tuple[str, ...] | None] = None

    def __repr__(self) -> str:
        """The type and the fields that may be seen, in the form of any other repr of a struct."""
        hidden = self.__struct_fields__ if self.hidden is None else self.hidden
        seen = (f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name not in hidden)
        return f"{type(self).__name__}({', '.join(seen)})"
