"""A rule as a tree: tests of fields and of the raw text, under `all`, `any` and `not`."""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from eks_log_forwarder.control_plane.audit import AuditHeader

type Fields = dict[str, object]
type Values = Sequence[object]
type HeaderValues = tuple[str | int, ...]


class Field(msgspec.Struct, frozen=True):
    """A field that rules may name, and how to read its values.

    `read` returns every value of the field in a decoded event: no value if the field is absent, `None` for
    null. `from_header` returns the same from an audit event's header. It returns None if the header cannot
    tell absent, null and empty apart; `read` then returns one of `when_header_is_empty`. `key` is a key that
    an event must have for the field to have a value; "" if none is known. `of_pods` reads the values in the
    pod specs of the event in the place of `read`.
    """

    name: str
    read: Callable[[Fields], Values]
    from_header: Callable[[AuditHeader], HeaderValues | None] | None = None
    when_header_is_empty: tuple[Values, ...] = ()
    key: str = ""
    of_pods: Callable[[Sequence[Fields]], Values] | None = None


class FieldTest(msgspec.Struct, frozen=True):
    """One test of all values of a field.

    With `texts`, the test holds only if a value contains one of them, in any case.
    """

    field: Field
    holds: Callable[[Values], bool]
    texts: tuple[str, ...] = ()


class FieldComparison(msgspec.Struct, frozen=True):
    """A comparison of the values of two fields of the same event."""

    field: Field
    other: Field
    holds: Callable[[Values, Values], bool]


class KeywordTest(msgspec.Struct, frozen=True):
    """A test of the raw text; of the case-folded text if `folded`. `texts` as for FieldTest."""

    holds: Callable[[str], bool]
    folded: bool
    texts: tuple[str, ...] = ()


class All(msgspec.Struct, frozen=True):
    """All parts hold."""

    parts: "tuple[Node, ...]"


class AnyOf(msgspec.Struct, frozen=True):
    """At least one part holds."""

    parts: "tuple[Node, ...]"


class Not(msgspec.Struct, frozen=True):
    """The part does not hold."""

    part: "Node"


type Node = FieldTest | FieldComparison | KeywordTest | All | AnyOf | Not


def fields_in(node: Node) -> Iterator[Field]:
    """Every field that a tree names, once for each occurrence."""
    match node:
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from fields_in(part)
        case Not(part):
            yield from fields_in(part)
        case FieldTest(field):
            yield field
        case FieldComparison(field, other):
            yield from (field, other)
