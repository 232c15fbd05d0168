"""The reply codes of the HTTP Event Collector, and what each means for a batch.

Source: Splunk, "Troubleshoot HTTP Event Collector", possible error codes. A code about the token, the index
or the channel rejects nothing: the events wait until somebody corrects the settings.
"""

import msgspec

from eks_log_forwarder.destinations.http_parts import read_json
from eks_log_forwarder.destinations.outcomes import (
    Delivered,
    NotTaken,
    Outcome,
    PerEvent,
    Rejected,
    Unreachable,
    outcome_of_status,
)
from eks_log_forwarder.transport.exchange import Answer

NOT_ACKNOWLEDGED = "hec_not_acknowledged"


class Reply(msgspec.Struct, frozen=True, rename={"invalid_event": "invalid-event-number", "ack_id": "ackId"}):
    """The body of an answer; `invalid_event` counts from 0."""

    code: int
    invalid_event: int | None = None
    ack_id: int | None = None


# 24 and 25 warn that a queue is nearly full; the events were accepted
_TAKEN = frozenset({0, 24, 25})
_BUSY = frozenset({8, 9, 18, 19, 20, 23, 26, 27})
_OF_AN_EVENT = frozenset({5, 6, 12, 13, 15})
_SETTINGS = {
    1: "the token is disabled in Splunk",
    2: "Splunk requires a token: set DestinationSecretArn to a secret that has one",
    3: "Splunk cannot read the Authorization header: check that the secret holds only the token",
    4: "Splunk does not know the token",
    7: "the index does not exist, or the token may not write to it: check the option index",
    10: "the token requires acknowledgement: set the option ack to true",
    11: "Splunk does not accept the channel",
    14: "the token has acknowledgement disabled: set the option ack to false",
    16: "Splunk accepts no token in the URL: remove it from DestinationUrl",
    17: "the URL is the health check of Splunk: correct DestinationUrl",
    21: "Splunk does not know the token",
    22: "the token is disabled in Splunk",
    28: "the token requires acknowledgement: set the option ack to true",
}


def read_reply(body: bytes) -> Reply | None:
    """The reply, or None if the answer is not a reply of HEC."""
    try:
        return read_json(body, Reply)
    except ValueError:
        return None


def outcome_of_reply(reply: Reply, answer: Answer, events: int) -> Outcome:
    """What a reply means; for an unknown code the status decides."""
    reason = f"hec_{reply.code}"
    if reply.code in _TAKEN and answer.status < 300:  # noqa: PLR2004  # RFC 9110, section 15.3
        return Delivered()
    if reply.code in _BUSY:
        busy = Unreachable(reason, retry_after_seconds=answer.retry_after_seconds)
        return _behind_the_accepted(reply, busy, events)
    if reply.code in _SETTINGS:
        return Unreachable(reason, retry=False, detail=_SETTINGS[reply.code])
    if reply.code in _OF_AN_EVENT:
        return _without_the_invalid(reply, reason, events)
    return outcome_of_status(answer.status, retry_after_seconds=answer.retry_after_seconds)


def _behind_the_accepted(reply: Reply, busy: Unreachable, events: int) -> Outcome:
    """Splunk stopped at the event that it names, and has accepted the events before it."""
    accepted = reply.invalid_event
    if accepted is None or not 0 < accepted < events:
        return busy
    return PerEvent((Delivered(),) * accepted + (busy,) * (events - accepted))


def _without_the_invalid(reply: Reply, reason: str, events: int) -> Outcome:
    """Rejects the event that Splunk names. Whether the events before it were accepted is not documented."""
    invalid = reply.invalid_event
    if invalid is None or not 0 <= invalid < events:
        return Rejected(reason)
    return PerEvent(tuple(Rejected(reason) if n == invalid else NotTaken() for n in range(events)))
