"""What was not delivered, and why."""

from enum import StrEnum

import msgspec

from eks_log_forwarder.config.hidden_fields import HiddenFields
from eks_log_forwarder.intake.payload import LogEvent

NOT_ENCODABLE = "not_encodable"  # a stage or the destination's encoder raised on this event
NOT_NARROWED = "not_narrowed"
UNEXPECTED_ERROR = "unexpected_error"  # a bug, on some event of a record of the stream
REFUSED_ALL = "refused_all"  # every event is refused: a wrong setting, not a wrong event


class Cause(StrEnum):
    """Why events were not delivered."""

    REJECTED = "rejected"  # this single event: it will never be delivered
    NOT_NARROWED = "not_narrowed"  # a batch was rejected, and no requests were left to find the event
    REFUSED_ALL = "refused_all"  # a batch was rejected, and so is every event that was tried alone
    UNREACHABLE = "unreachable"  # the destination or the network path to it


class Leftover(HiddenFields, msgspec.Struct, frozen=True):
    """At most one batch of events that were not delivered, as CloudWatch sent them."""

    hidden = ("events",)

    events: list[LogEvent]
    cause: Cause
    reason: str
    detail: str = ""
