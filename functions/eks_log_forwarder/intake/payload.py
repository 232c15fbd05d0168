"""The payload of a CloudWatch Logs subscription: `awslogs.data`.

Source: CloudWatch Logs user guide, "Log group-level subscription filters", AWS Lambda.
"""

import json
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Annotated, Any

import msgspec

from eks_log_forwarder.encoding import to_json
from eks_log_forwarder.errors import PayloadError
from eks_log_forwarder.intake.compression import expanded, packed
from eks_log_forwarder.intake.lenient import (
    MAX_TIMESTAMP_MS,
    MIN_TIMESTAMP_MS,
    integer_of,
    text_of,
    timestamp_of,
    without_deep_values,
)

# Marks, in `subscriptionFilters`, a replay of events that were reported before. The name of a subscription
# filter has no colon (API reference, PutSubscriptionFilter), so CloudWatch never sends it.
SEEN_BEFORE = "replay:seen"

NOTHING = msgspec.Raw(b"null")


def unread(value: object) -> msgspec.Raw:
    """Return a value as JSON, as fields that nobody reads are kept."""
    return NOTHING if value is None else msgspec.Raw(to_json(value))


type Timestamp = Annotated[int, msgspec.Meta(ge=MIN_TIMESTAMP_MS, le=MAX_TIMESTAMP_MS)]


class LogEvent(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One log event of a subscription payload; `timestamp` in ms since 1970.

    `id` is unique to the event and does not change when the event is delivered again. `extractedFields`
    can have any type and size, so it stays JSON; `extracted_text` reads it.
    """

    id: str
    timestamp: Timestamp
    message: str
    extractedFields: msgspec.Raw = NOTHING  # noqa: N815  # CloudWatch's name

    def extracted_text(self, name: str) -> str:
        """Return an extracted field if it is a string, otherwise an empty string."""
        try:
            value = _decode_fields(self.extractedFields).get(name, NOTHING)
            return msgspec.json.decode(value, type=str)
        except _NOT_DECODED:
            return ""


class SubscriptionPayload(msgspec.Struct, frozen=True, omit_defaults=True):
    """The content of `awslogs.data` (CloudWatch Logs user guide, "Subscription filters with AWS Lambda").

    Fields that this package does not use may be of any type and size, so they stay JSON.
    """

    messageType: str  # noqa: N815  # CloudWatch's names, here and below
    owner: str
    logGroup: str  # noqa: N815
    logStream: str  # noqa: N815
    subscriptionFilters: msgspec.Raw  # noqa: N815
    logEvents: list[LogEvent]  # noqa: N815
    policyLevel: msgspec.Raw = NOTHING  # noqa: N815  # set by account-level subscriptions


_decode = msgspec.json.Decoder(SubscriptionPayload).decode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_any = msgspec.json.Decoder().decode
_NOT_DECODED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def decode_payload(event: Mapping[str, Any], clock: Callable[[], float] = time.time) -> SubscriptionPayload:
    """Decode the subscription payload of a Lambda event.

    Values of unexpected types are read leniently, and no event is lost: one without a message has its JSON as
    the message, one without a timestamp has that of its neighbour (or the time of `clock`, in seconds, if
    there is none), and one without an id has an id that depends only on its stream, position and message.

    Raises:
        PayloadError: `awslogs.data` is missing, is not base64 of gzip of a JSON object with a list of log
            events, or is too large. The message names the fault, never the content.
    """
    try:
        data = event["awslogs"]["data"]
    except (KeyError, TypeError):
        msg = "the event has no awslogs.data: it is not a CloudWatch Logs subscription event"
        raise PayloadError(msg) from None
    if not isinstance(data, str):
        msg = f"awslogs.data is not a string but {type(data).__name__}"
        raise PayloadError(msg)
    return _from_json(expanded(data), clock)


def encode_payload(payload: SubscriptionPayload, events: list[LogEvent], *, smallest: bool = False) -> str:
    """Encode some of a payload's events as `awslogs.data`; `smallest` takes more time to save bytes."""
    text = to_json(msgspec.structs.replace(payload, logEvents=events))
    return packed(text, smallest=smallest)


def is_control_message(payload: SubscriptionPayload) -> bool:
    """Whether this is CloudWatch's reachability probe, which carries no logs."""
    return payload.messageType == "CONTROL_MESSAGE"


def was_seen_before(payload: SubscriptionPayload) -> bool:
    """Whether a replay sends events whose detections and requests were published before.

    The mark stays in the payload when events are parked. To set it, one must be allowed to invoke the
    function or to send to its queue.
    """
    return SEEN_BEFORE in filter_names(payload)


def filter_names(payload: SubscriptionPayload) -> list[str]:
    """Return the names of the payload's subscription filters; none if they are not a list of texts."""
    try:
        return msgspec.json.decode(payload.subscriptionFilters, type=list[str])
    except _NOT_DECODED:
        return []


def _from_json(text: bytes, clock: Callable[[], float]) -> SubscriptionPayload:
    try:
        return _decode(text)
    except _NOT_DECODED:
        pass
    try:
        return _lenient_payload(_builtins(without_deep_values(text)), clock)
    except (ValueError, RecursionError):
        msg = f"awslogs.data ({len(text)} bytes expanded) is not JSON"
        raise PayloadError(msg) from None


def _builtins(text: bytes) -> object:
    """Decode JSON, also with bytes that are not UTF-8, lone surrogates and numbers out of range.

    Such bytes become U+FFFD, because JSON cannot represent them; lone surrogates stay.
    """
    try:
        return _decode_any(text)
    except _NOT_DECODED:
        return json.loads(text.decode("utf-8", errors="replace"), parse_int=integer_of)


def _lenient_payload(loaded: object, clock: Callable[[], float]) -> SubscriptionPayload:
    fields = loaded if isinstance(loaded, dict) else {}
    entries = fields.get("logEvents")
    if not isinstance(entries, list):
        msg = "awslogs.data does not have the shape of a subscription payload: it has no list logEvents"
        raise PayloadError(msg)
    log_group, log_stream = text_of(fields.get("logGroup")), text_of(fields.get("logStream"))
    times = [timestamp_of(entry.get("timestamp")) if isinstance(entry, dict) else None for entry in entries]
    latest = next((ms for ms in times if ms is not None), None)
    if latest is None:
        latest = int(clock() * 1000)
    events = []
    for number, (entry, ms) in enumerate(zip(entries, times, strict=True)):
        latest = latest if ms is None else ms
        events.append(_lenient_event(entry, latest, f"{log_group}\n{log_stream}\n{number}"))
    return SubscriptionPayload(
        messageType=text_of(fields.get("messageType")),
        owner=text_of(fields.get("owner")),
        logGroup=log_group,
        logStream=log_stream,
        subscriptionFilters=unread(fields.get("subscriptionFilters")),
        logEvents=events,
        policyLevel=unread(fields.get("policyLevel")),
    )


def _lenient_event(entry: object, timestamp: int, position: str) -> LogEvent:
    fields = entry if isinstance(entry, dict) else {}
    event_id, message = fields.get("id"), fields.get("message")
    text = text_of(entry if message is None else message)
    if event_id is None:
        event_id = sha256(f"{position}\n{text}".encode(errors="surrogatepass")).hexdigest()
    return LogEvent(text_of(event_id), timestamp, text, unread(fields.get("extractedFields")))
