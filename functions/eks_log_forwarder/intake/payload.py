"""The payload of a CloudWatch Logs subscription: `awslogs.data`.

Source: CloudWatch Logs user guide, "Log group-level subscription filters", AWS Lambda.
"""

import base64
import binascii
import gzip
import json
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from isal import igzip, isal_zlib

from eks_log_forwarder.encoding import to_json
from eks_log_forwarder.errors import PayloadError

# An asynchronous invocation carries at most 1 MB of base64. Real audit logs expand to 5 to 15 MB.
# More than four times that is a fault or an attack. The limit fits into the function's memory.
MAX_PAYLOAD_BYTES = 64 * 1024 * 1024

_GZIP_WINDOW_BITS = 31  # zlib's code for "gzip header and trailer only"
_GZIP_LEVEL = 2  # isal's best ratio at a speed many times that of zlib

# CloudWatch's type Timestamp is a Long; collectors and metrics do not accept larger values
type Timestamp = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class LogEvent(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One log event of a subscription payload; `timestamp` in ms since 1970.

    `id` is unique to the event and does not change when the event is delivered again.
    """

    id: str
    timestamp: Timestamp
    message: str
    extractedFields: dict[str, str] | None = None  # noqa: N815  # CloudWatch's name


class SubscriptionPayload(msgspec.Struct, frozen=True, omit_defaults=True):
    """The content of `awslogs.data` (CloudWatch Logs user guide, "Subscription filters with AWS Lambda")."""

    messageType: str  # noqa: N815  # CloudWatch's names, here and below
    owner: str
    logGroup: str  # noqa: N815
    logStream: str  # noqa: N815
    subscriptionFilters: list[str]  # noqa: N815
    logEvents: list[LogEvent]  # noqa: N815
    policyLevel: str | None = None  # noqa: N815  # set by account-level subscriptions


_decoder = msgspec.json.Decoder(SubscriptionPayload)


def decode_payload(event: Mapping[str, Any]) -> SubscriptionPayload:
    """Decode the subscription payload of a Lambda event.

    Raises:
        PayloadError: `awslogs.data` is missing, is not base64 of gzip of JSON of the expected shape, or
            expands to more than `MAX_PAYLOAD_BYTES`. The message names the fault, never the content.
    """
    try:
        data = event["awslogs"]["data"]
    except (KeyError, TypeError):
        msg = "the event has no awslogs.data: it is not a CloudWatch Logs subscription event"
        raise PayloadError(msg) from None
    if not isinstance(data, str):
        msg = f"awslogs.data is not a string but {type(data).__name__}"
        raise PayloadError(msg)
    return _from_json(_inflate(_from_base64(data)))


def encode_payload(payload: SubscriptionPayload, events: list[LogEvent], *, smallest: bool = False) -> str:
    """Encode some of a payload's events as `awslogs.data`; `smallest` takes more time to save bytes."""
    text = to_json(msgspec.structs.replace(payload, logEvents=events))
    packed = gzip.compress(text, 9, mtime=0) if smallest else igzip.compress(text, _GZIP_LEVEL, mtime=0)
    return base64.b64encode(packed).decode("ascii")


def is_control_message(payload: SubscriptionPayload) -> bool:
    """Whether this is CloudWatch's reachability probe, which carries no logs."""
    return payload.messageType == "CONTROL_MESSAGE"


def _from_base64(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        msg = f"awslogs.data ({len(data)} characters) is not base64"
        raise PayloadError(msg) from None


def _inflate(compressed: bytes) -> bytes:
    """Expand all gzip members; stop when the limit is exceeded."""
    pieces: list[bytes] = []
    size_bytes = 0
    rest = compressed
    while rest or not pieces:
        inflater = isal_zlib.decompressobj(wbits=_GZIP_WINDOW_BITS)
        try:
            piece = inflater.decompress(rest, max_length=MAX_PAYLOAD_BYTES - size_bytes + 1)
        except isal_zlib.error:  # type: ignore[misc]  # the stub calls the class an instance
            msg = f"awslogs.data ({len(compressed)} bytes) is not gzip or is damaged"
            raise PayloadError(msg) from None
        pieces.append(piece)
        size_bytes += len(piece)
        if size_bytes > MAX_PAYLOAD_BYTES:
            msg = f"awslogs.data ({len(compressed)} bytes of gzip) expands to over {MAX_PAYLOAD_BYTES} bytes"
            raise PayloadError(msg)
        if not inflater.eof:
            msg = f"awslogs.data ({len(compressed)} bytes of gzip) ends too early"
            raise PayloadError(msg)
        rest = inflater.unused_data
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _from_json(text: bytes) -> SubscriptionPayload:
    try:
        return _decoder.decode(text)
    except msgspec.ValidationError as error:
        raise _shape_fault(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _from_odd_json(text)


def _from_odd_json(text: bytes) -> SubscriptionPayload:
    """JSON that msgspec refuses: bytes that are not UTF-8, and halves of surrogate pairs.

    Such bytes become U+FFFD, since no JSON can carry them on; half a pair stays what it is.
    """
    try:
        loaded = json.loads(text.decode("utf-8", errors="replace"))
    except (ValueError, RecursionError):
        msg = f"awslogs.data ({len(text)} bytes expanded) is not JSON"
        raise PayloadError(msg) from None
    try:
        return msgspec.convert(loaded, SubscriptionPayload)
    except msgspec.ValidationError as error:
        raise _shape_fault(error) from None


def _shape_fault(error: msgspec.ValidationError) -> PayloadError:
    # msgspec names types and paths, never values
    return PayloadError(f"awslogs.data does not have the shape of a subscription payload: {error}")
