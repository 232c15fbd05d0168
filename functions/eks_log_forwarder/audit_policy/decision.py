"""What a policy says about one audit event."""

from enum import StrEnum

import msgspec


class Level(StrEnum):
    """How much of a request is kept (audit.k8s.io/v1 Level), from the least to the most."""

    NONE = "None"
    METADATA = "Metadata"
    REQUEST = "Request"
    REQUEST_RESPONSE = "RequestResponse"


class Action(StrEnum):
    """The three ways on from a policy."""

    KEEP = "keep"
    TRIM = "trim"
    DROP = "drop"


class Decision(msgspec.Struct, frozen=True, gc=False):
    """What becomes of an audit event.

    `level` is the level to write into the event, None where the event's own stands. `strip` names the body
    fields to take out. `rule` is the index of the rule that decided, from 0; None where none did: no rule
    matched, the stage is omitted by the whole policy, or the event is protected.
    """

    action: Action
    level: Level | None = None
    strip: tuple[str, ...] = ()
    omit_managed_fields: bool = False
    rule: int | None = None


_RANK = {level: rank for rank, level in enumerate(Level)}
_STRIPPED = {
    Level.METADATA: ("requestObject", "responseObject"),
    Level.REQUEST: ("responseObject",),
    Level.REQUEST_RESPONSE: (),
}


def decide_by_level(
    rule_level: Level, event_level: Level, *, omit_managed_fields: bool, rule: int
) -> Decision:
    """Decide for an event recorded at `event_level` that a rule wants at `rule_level`."""
    if rule_level is Level.NONE:
        return Decision(Action.DROP, rule=rule)
    strip = _STRIPPED[rule_level]
    level = rule_level if _RANK[rule_level] < _RANK[event_level] else None
    if not strip and not omit_managed_fields:
        return Decision(Action.KEEP, rule=rule)
    return Decision(Action.TRIM, level, strip, omit_managed_fields, rule)
