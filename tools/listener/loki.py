"""Loki's push endpoint, as strict as Loki with default limits: `POST /loki/api/v1/push` in JSON."""

import re
from itertools import pairwise

import msgspec

from tools.listener.bodies import BodyError, Record, require
from tools.listener.exchange import Outcome, content_type_of, opens, plain_body, refused
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


def receive(request: Incoming, token: str | None) -> Outcome:
    """Takes all entries of a request, or none."""
    if not opens(request, ("bearer",), token):
        return refused(401, "the token or the password in Authorization is missing or wrong")
    if content_type_of(request) != "application/json":
        return refused(415, "the Content-Type is not application/json")
    try:
        return Outcome(204, "", tuple(_joined(_decode(plain_body(request)))))
    except BodyError as error:
        return refused(error.status, str(error))


def _decode(body: bytes) -> list[Record]:
    try:
        push = msgspec.json.decode(body, type=_Push)
    except (msgspec.DecodeError, UnicodeDecodeError):
        message = "the body is not a push request in JSON"
        raise BodyError(message) from None
    has_entries = any(stream.values for stream in push.streams)
    require(has_entries, "error at least one valid stream is required for ingestion")
    return [record for stream in push.streams for record in _records(stream)]


def _records(stream: _Stream) -> list[Record]:
    require(0 < len(stream.stream) <= _MAX_LABELS, f"a stream has no label, or more than {_MAX_LABELS}")
    require(all(map(_LABEL.fullmatch, stream.stream)), "the name of a label is invalid")
    records = [_record(stream.stream, entry) for entry in stream.values]
    times = (int(str(entry[0])) for entry in stream.values)
    require(all(earlier <= later for earlier, later in pairwise(times)), "entry out of order")
    return records


def _record(labels: dict[str, str], entry: list[str | dict[str, str]]) -> Record:
    match entry:
        case [str(time), str(line)]:
            metadata: dict[str, str] = {}
        case [str(time), str(line), dict(metadata)]:
            pass
        case _:
            message = "an entry is not [time, line] or [time, line, metadata]"
            raise BodyError(message)
    require(time.isdecimal(), "a time is not a number of nanoseconds")
    require(len(line.encode()) <= MAX_LINE_BYTES, f"Max entry size '{MAX_LINE_BYTES}' bytes exceeded")
    size = sum(len(name) + len(value.encode()) for name, value in metadata.items())
    fits = len(metadata) <= _MAX_METADATA and size <= _MAX_METADATA_BYTES
    require(fits, "an entry has too much structured metadata")
    return {
        **metadata,
        "timestamp": int(time) // 1_000_000,
        "cluster": labels.get("cluster", ""),
        "logType": labels.get("log_type", ""),
        "message": line,
    }


def _joined(records: list[Record]) -> list[Record]:
    """The records, with the parts of split lines put together again."""
    joined: list[Record] = []
    for record in records:
        if record.get("part", "1") == "1":
            joined.append(record)
        else:
            joined[-1]["message"] = str(joined[-1]["message"]) + str(record["message"])
    return joined
