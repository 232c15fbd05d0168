"""Loki's push endpoint, as strict as Loki with its default limits: `POST /loki/api/v1/push` in JSON."""

import re
from itertools import pairwise

import msgspec

from tools.listener.bodies import BodyError, Record
from tools.listener.exchange import Outcome, opens, plain_body, refused
from tools.listener.http_server import Incoming

PATH = "/loki/api/v1/push"
MAX_LINE_BYTES = 256 * 1024
_MAX_LABELS = 15
_MAX_METADATA = 128
_MAX_METADATA_BYTES = 64 * 1024
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class _Stream(msgspec.Struct):
    stream: dict[str, str]
    values: list[list[str | dict[str, str]]]


class _Push(msgspec.Struct):
    streams: list[_Stream]


class _RefusedError(Exception):
    """An entry or a stream that Loki would not take."""


def receive(request: Incoming, token: str | None) -> Outcome:
    """Takes all entries of a request, or none."""
    if not opens(request, ("bearer",), token):
        return refused(401, "the token or the password in Authorization is missing or wrong")
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        return refused(415, "the Content-Type is not application/json")
    try:
        records = _decode(plain_body(request))
    except BodyError as error:
        return refused(error.status, str(error))
    except _RefusedError as error:
        return refused(400, str(error))
    return Outcome(204, "", tuple(_joined(records)))


def _decode(body: bytes) -> list[Record]:
    try:
        push = msgspec.json.decode(body, type=_Push)
    except (msgspec.DecodeError, UnicodeDecodeError):
        message = "the body is not a push request in JSON"
        raise _RefusedError(message) from None
    if not any(stream.values for stream in push.streams):
        message = "error at least one valid stream is required for ingestion"
        raise _RefusedError(message)
    return [record for stream in push.streams for record in _records(stream)]


def _records(stream: _Stream) -> list[Record]:
    if not stream.stream or len(stream.stream) > _MAX_LABELS:
        message = "a stream has no label, or more than 15"
        raise _RefusedError(message)
    if not all(map(_LABEL.fullmatch, stream.stream)):
        message = "a label's name is none"
        raise _RefusedError(message)
    records = [_record(stream.stream, entry) for entry in stream.values]
    times = [int(str(entry[0])) for entry in stream.values]
    if any(earlier > later for earlier, later in pairwise(times)):
        message = "entry out of order"
        raise _RefusedError(message)
    return records


def _record(labels: dict[str, str], entry: list[str | dict[str, str]]) -> Record:
    match entry:
        case [str(time), str(line)]:
            metadata: dict[str, str] = {}
        case [str(time), str(line), dict(metadata)]:
            pass
        case _:
            message = "an entry is not [time, line] or [time, line, metadata]"
            raise _RefusedError(message)
    if not time.isdecimal():
        message = "a time is not a number of nanoseconds"
        raise _RefusedError(message)
    if len(line.encode()) > MAX_LINE_BYTES:
        message = f"Max entry size '{MAX_LINE_BYTES}' bytes exceeded"
        raise _RefusedError(message)
    size = sum(len(name) + len(value.encode()) for name, value in metadata.items())
    if len(metadata) > _MAX_METADATA or size > _MAX_METADATA_BYTES:
        message = "an entry has too much structured metadata"
        raise _RefusedError(message)
    return {
        **metadata,
        "timestamp": int(time) // 1_000_000,
        "cluster": labels.get("cluster", ""),
        "logType": labels.get("log_type", ""),
        "message": line,
    }


def _joined(records: list[Record]) -> list[Record]:
    """Records again, of lines that came in pieces."""
    joined: list[Record] = []
    for record in records:
        if record.get("part", "1") == "1":
            joined.append(record)
        else:
            joined[-1]["message"] = str(joined[-1]["message"]) + str(record["message"])
    return joined
