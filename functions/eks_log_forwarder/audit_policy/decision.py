"""The decision of a policy about one audit event."""

from enum import StrEnum

import msgspec


class Level(StrEnum):
    """How much of a request is kept (audit.k8s.io/v1 Level), in ascending order."""

    NONE = "None"
    METADATA = "Metadata"
    REQUEST = "Request"
    REQUEST_RESPONSE = "RequestResponse"


class Action(StrEnum):
    """What to do with an event."""

    KEEP = "keep"
    TRIM = "trim"
    DROP = "drop"


class Decision(msgspec.Struct, frozen=True, gc=False):
    """What to do with an audit event.

    `level` is the level to write into the event; None keeps its level. `strip` names the body fields to
    remove. `rule` is the index of the rule that decided, from 0. It is None if no rule matched, if the
    policy omits the stage, or if the event is protected.
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
    """Decide about an event logged at `event_level` when the matching rule has `rule_level`."""
    if rule_level is Level.NONE:
        return Decision(Action.DROP, rule=rule)
    strip = _STRIPPED[rule_level]
    level = rule_level if _RANK[rule_level] < _RANK[event_level] else None
    if not strip and not omit_managed_fields:
        return Decision(Action.KEEP, rule=rule)
    return Decision(Action.TRIM, level, strip, omit_managed_fields, rule)
