"""What a rule says, as a tree: tests of fields and of the raw text under `all`, `any` and `not`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from eks_log_forwarder.control_plane.audit import AuditHeader

type Fields = dict[str, object]
type Values = Sequence[object]
type HeaderValues = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A field that rules may name, and where its values are found.

    `read` gives every value of the field in a decoded event: none where the field is absent, a `None` for
    a null. `from_header` gives the same from an audit event's header, and None where the header cannot tell
    absent, null and empty apart; `read` then gives one of `when_header_is_empty`.
    """

    name: str
    read: Callable[[Fields], Values]
    from_header: Callable[[AuditHeader], HeaderValues | None] | None = None
    when_header_is_empty: tuple[Values, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldTest:
    """One test of all the values of a field."""

    field: Field
    holds: Callable[[Values], bool]


@dataclass(frozen=True, slots=True)
class FieldComparison:
    """The values of two fields of the same event, compared pair by pair."""

    field: Field
    other: Field
    holds: Callable[[Values, Values], bool]


@dataclass(frozen=True, slots=True)
class KeywordTest:
    """A test of the raw text; case-folded beforehand where `folded`."""

    holds: Callable[[str], bool]
    folded: bool


@dataclass(frozen=True, slots=True)
class All:
    """Every one of the parts holds."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of the parts holds."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Node"


type Node = FieldTest | FieldComparison | KeywordTest | All | AnyOf | Not


def fields_in(node: Node) -> Iterator[Field]:
    """Every field that a tree names, as often as it names it."""
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
