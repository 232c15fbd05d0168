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


class InText(_Data, frozen=True):
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


type Condition = OnField | OnFields | InText | Every | Some | No


class RuleData(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rule as its file has it: before stages, dry runs and filters are considered.

    `name` is the file's name without its ending, which filters and switches use; messages call it `file`. A
    rule without an id has its name as id.
    """

    name: str
    file: str
    id: str
    title: str
    level: str
    log_type: LogType
    condition: Condition
    tags: tuple[str, ...] = ()
    needs_trusted_networks: bool = False


class FilterData(msgspec.Struct, frozen=True, omit_defaults=True):
    """A Sigma filter: `condition` must hold in addition for the rules that it names; None means every rule.

    `name` is the file's name without its ending.
    """

    name: str
    log_type: LogType
    condition: Condition
    rules: frozenset[str] | None = None

    def applies_to(self, rule: RuleData) -> bool:
        """Whether the filter names the rule by its file name or id, or any rule of its log source."""
        if self.rules is None:
            return self.log_type is rule.log_type
        return not self.rules.isdisjoint((rule.name, rule.id))


class RulesData(msgspec.Struct, frozen=True):
    """The rules of some folders in the order of their files, and the filters."""

    rules: tuple[RuleData, ...] = ()
    filters: tuple[FilterData, ...] = ()
