"""Rules as plain data: what pySigma's trees are translated into, and what `sam build` writes to a file.

Nothing here depends on a setting of the run. `binding` turns the data into functions.
"""

from enum import IntEnum
from typing import Literal

import msgspec

from eks_log_forwarder.intake.log_type import LogType


class Wildcard(IntEnum):
    """The two wildcards of Sigma: `?` for one character, `*` for any number of characters."""

    ONE = 1
    MANY = 2


class _Data(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="is", tag=True):
    """A part of a rule; its class is the value of the key `is` in the file."""


class Null(_Data, frozen=True):
    """The field is absent, or one of its values is null."""


class Exists(_Data, frozen=True):
    """The field is present, even if empty or null. If not `wanted`, the field is absent."""

    wanted: bool


class NotNull(_Data, frozen=True):
    """A value of the field is not null; objects and lists count."""


class OneOf(_Data, frozen=True):
    """A value of the field is one of the texts, in any case."""

    texts: tuple[str, ...]


class StartsWith(_Data, frozen=True):
    """A value of the field starts with one of the texts, in any case."""

    texts: tuple[str, ...]


class EndsWith(_Data, frozen=True):
    """A value of the field ends with one of the texts, in any case."""

    texts: tuple[str, ...]


class Pattern(_Data, frozen=True):
    """A text with wildcards that matches a whole value; for keywords, the whole raw text."""

    parts: tuple[str | Wildcard, ...]
    cased: bool = False


class Regex(_Data, frozen=True):
    """A regular expression in RE2's syntax, flags included, that is found in a value."""

    expression: str


class Compare(_Data, frozen=True):
    """A value of the field is a number that compares so with the limit."""

    operator: Literal["lt", "lte", "gt", "gte"]
    limit: int | float


class InNetwork(_Data, frozen=True):
    """A value of the field is an address in the network."""

    network: str


type FieldCheck = (
    Null | Exists | NotNull | OneOf | StartsWith | EndsWith | Pattern | Regex | Compare | InNetwork
)


class OnField(_Data, frozen=True):
    """A check of the values of one field; `field` is the name that the rule uses."""

    field: str
    check: FieldCheck


class OnFields(_Data, frozen=True):
    """A value of `field` equals, starts with, ends with or contains a value of `other`, in any case."""

    field: str
    other: str
    fit: Literal["equals", "startswith", "endswith", "contains"]


class OnText(_Data, frozen=True):
    """A check of the raw text of the event."""

    check: Pattern | Regex


class Every(_Data, frozen=True):
    """All parts hold."""

    parts: "tuple[Condition, ...]"


class Some(_Data, frozen=True):
    """At least one part holds."""

    parts: "tuple[Condition, ...]"


class No(_Data, frozen=True):
    """The part does not hold."""

    part: "Condition"


type Condition = OnField | OnFields | OnText | Every | Some | No


class RuleData(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rule. `file` is what messages call it; a rule without an id has the stem of its file as id.

    `level_without_trusted_networks` replaces the level while the setting TRUSTED_CIDRS is empty.
    """

    file: str
    id: str
    title: str
    level: str
    log_type: LogType
    condition: Condition
    tags: tuple[str, ...] = ()
    level_without_trusted_networks: str | None = None
