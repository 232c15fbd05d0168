"""Parked messages: ordinary subscription payloads, small enough for the queue.

The body of a parked message is `{"awslogs": {"data": …}}`. The record that Lambda sends after its last retry
holds the same under `requestPayload`, so one decoder reads both.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping
from copy import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import msgspec

from eks_log_forwarder.config.hidden_fields import HiddenFields
from eks_log_forwarder.delivery.leftover import Cause, Leftover
from eks_log_forwarder.encoding import to_json
from eks_log_forwarder.errors import PayloadError
from eks_log_forwarder.intake.payload import LogEvent, SubscriptionPayload, decode_payload, encode_payload

# A message is at most 1 MiB, including its attributes (SQS developer guide, "Message quotas").
MAX_MESSAGE_BYTES = 1024 * 1024
MAX_REJECTED_ALONE = 100
_ATTRIBUTES_BYTES = 512  # an upper bound for the three attributes
_CUT_BYTES = len(',"cut":true')

PAYLOAD_INVALID = "payload_invalid"  # the reason of what is not a subscription payload


class Message(HiddenFields, msgspec.Struct, frozen=True):
    """One message for a queue; `events` is the number of log events in it."""

    hidden = ("body",)

    body: str
    reason: str
    events: int
    time: str = msgspec.field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    @property
    def size_bytes(self) -> int:
        """The bytes that count against the queue's limit."""
        return len(self.body.encode()) + _ATTRIBUTES_BYTES


def gathered(leftovers: Iterable[Leftover], *, most_events: int) -> list[Leftover]:
    """The same leftovers, but single events with the same cause and reason together, up to `most_events`.

    Each message takes one call of SendMessage, and a collector that accepts one event per request leaves
    thousands of single events when it is down. The order of the events within a message is kept. The first
    hundred rejected events have one message each; where more are rejected, it is not for their content.
    """
    together: list[Leftover] = []
    rejected_alone = 0
    growing: dict[tuple[Cause, str], Leftover] = {}
    for leftover in leftovers:
        alone = leftover.cause is Cause.REJECTED and rejected_alone < MAX_REJECTED_ALONE
        rejected_alone += alone
        kind = (leftover.cause, leftover.reason)
        target = growing.get(kind)
        joins = len(leftover.events) == 1 and not alone
        if target is not None and joins and len(target.events) < most_events:
            target.events.extend(leftover.events)
            continue
        together.append(replace(leftover, events=list(leftover.events)))
        if not alone:
            growing[kind] = together[-1]
    return together


def messages_of(payload: SubscriptionPayload, leftovers: Iterable[Leftover]) -> Iterator[Message]:
    """The messages that hold the leftovers of a payload, at least one message per leftover."""
    for leftover in leftovers:
        yield from _fitting(payload, leftover.events, leftover.reason)


def _fitting(payload: SubscriptionPayload, events: list[LogEvent], reason: str) -> Iterator[Message]:
    message = _message(encode_payload(payload, events), reason, len(events))
    if message.size_bytes <= MAX_MESSAGE_BYTES:
        yield message
    elif len(events) == 1:
        # It arrived in an invocation of at most 1 MB, so it fits when compressed as tightly; if not, the
        # queue refuses it and Lambda keeps it.
        yield _message(encode_payload(payload, events, smallest=True), reason, 1)
    else:
        middle = len(events) // 2
        yield from _fitting(payload, events[:middle], reason)
        yield from _fitting(payload, events[middle:], reason)


def _message(data: str, reason: str, events: int) -> Message:
    return Message(f'{{"awslogs":{{"data":"{data}"}}}}', reason, events)


def message_of_record(data: str, sequence_number: str, reason: str) -> Message:
    """The message that holds a record of the stream as it came; `data` is base64, and counts as one event.

    The body is that of every parked message, and says beside it where the record is in the stream and what
    its whole content was: its SHA-256 and size in bytes before base64. Data that is too long for a message is
    cut, which `cut` says.
    """
    content = _content(data)
    record: dict[str, object] = {
        "sequenceNumber": sequence_number,
        "sha256": sha256(content).hexdigest(),
        "bytes": len(content),
    }
    message = Message(_body_of_record(data, record), reason, 1)
    if message.size_bytes <= MAX_MESSAGE_BYTES:
        return message
    too_long = message.size_bytes + _CUT_BYTES - MAX_MESSAGE_BYTES
    kept = data.encode()[:-too_long].decode(errors="ignore")
    return Message(_body_of_record(kept[: len(kept) // 4 * 4], record | {"cut": True}), reason, 1)


def _content(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except ValueError:  # of a record that Lambda did not encode
        return data.encode(errors="surrogatepass")


def _body_of_record(data: str, record: Mapping[str, object]) -> str:
    return to_json({"awslogs": {"data": data}, "kinesis": record}).decode()


def payload_of(body: str) -> SubscriptionPayload:
    """The subscription payload of a message, ours or Lambda's.

    Raises:
        PayloadError: the message is neither; the text names the fault and shows no content.
    """
    try:
        event = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        msg = f"the message ({len(body)} characters) is not a JSON object"
        raise PayloadError(msg) from None
    request = event.get("requestPayload", event)
    if not isinstance(request, Mapping):
        msg = f"the message's requestPayload is not an object but {type(request).__name__}"
        raise PayloadError(msg)
    return decode_payload(request)
