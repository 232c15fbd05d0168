"""Loki's push endpoint, as strict as Loki: `POST /loki/api/v1/push` in JSON.

Loki stores the good entries of a request that it answers with 400, and entries that come again once more:
with stream sharding, which is the default, it does not look for equal ones.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec

from tools.listener.bodies import BodyError, Record, require
from tools.listener.exchange import Outcome, content_type_of, opens, plain_body, refused
from tools.listener.http_server import Incoming
from tools.listener.loki_limits import LokiLimits

PATH = "/loki/api/v1/push"
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_NS_PER_MS = 1_000_000


class _Stream(msgspec.Struct):
    stream: dict[str, str]
    values: list[list[str | dict[str, str]]]


class _Push(msgspec.Struct):
    streams: list[_Stream]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a push; `labels` are those of its stream."""

    labels: dict[str, str]
    time_ns: int
    line: str
    metadata: dict[str, str]

    def record(self) -> Record:
        """The forwarder's record, with what Loki adds."""
        level = self.metadata.get("detected_level") or self.metadata.get("level") or "unknown"
        return {
            **self.metadata,
            "service_name": self.labels.get("service_name", "unknown_service"),
            "detected_level": level,
            "timestamp": self.time_ns // _NS_PER_MS,
            "cluster": self.labels.get("cluster", ""),
            "logType": self.labels.get("log_type", ""),
            "message": self.line,
        }


@dataclass(slots=True)
class Loki:
    """One Loki: its limits, its clock (seconds since 1970), and the newest time of each stream."""

    limits: LokiLimits = field(default_factory=LokiLimits)
    now: Callable[[], float] = time.time
    _newest_ns: dict[str, int] = field(default_factory=dict)

    def receive(self, request: Incoming, token: str | None) -> Outcome:
        """Takes the good entries of a request."""
        if not opens(request, ("bearer",), token):
            return refused(401, "the token or the password in Authorization is missing or wrong")
        if self.limits.multi_tenant and not request.headers.get("x-scope-orgid"):
            return refused(401, "no org id")
        try:
            entries = list(entries_in(request))
        except BodyError as error:
            return refused(error.status, str(error))
        faults = [self._fault(entry) for entry in entries]
        taken = [entry for entry, fault in zip(entries, faults, strict=True) if not fault]
        records = tuple(joined(taken))
        if not any(faults):
            return Outcome(204, "", records)
        fault = f"{len(entries) - len(taken)} of {len(entries)} entries are refused"
        return Outcome(400, "\n".join(filter(None, faults)), records, fault=fault)

    def _fault(self, entry: Entry) -> str:
        """What is wrong with an entry; without a fault, the entry is in its stream from now on."""
        if not 0 < len(entry.labels) <= self.limits.max_labels:
            return f"a stream has no label, or more than {self.limits.max_labels}"
        if not all(map(_LABEL.fullmatch, entry.labels)):
            return "the name of a label is invalid"
        shown = ", ".join(f'{name}="{value}"' for name, value in sorted(entry.labels.items()))
        stream = f"{{{shown}}}"
        newest_ns = self._newest_ns.get(stream, entry.time_ns)
        fault = self.limits.fault_of_line(stream, entry.line, entry.metadata) or self.limits.fault_of_time(
            stream, entry.time_ns, newest_ns, int(self.now() * 1_000_000_000)
        )
        if not fault:
            self._newest_ns[stream] = max(newest_ns, entry.time_ns)
        return fault


def entries_in(request: Incoming) -> Iterator[Entry]:
    """The entries of a push in JSON.

    Raises:
        BodyError: it is not one.
    """
    require(content_type_of(request) == "application/json", "the Content-Type is not application/json", 415)
    try:
        push = msgspec.json.decode(plain_body(request), type=_Push)
    except (msgspec.DecodeError, UnicodeDecodeError):
        message = "the body is not a push request in JSON"
        raise BodyError(message) from None
    has_entries = any(stream.values for stream in push.streams)
    require(has_entries, "error at least one valid stream is required for ingestion")
    for stream in push.streams:
        for values in stream.values:
            yield _entry(stream.stream, values)


def joined(entries: list[Entry]) -> list[Record]:
    """The records, with the parts of split lines put together again."""
    records: list[Record] = []
    for entry in entries:
        record = entry.record()
        if entry.metadata.get("part", "1") == "1" or not records or records[-1].get("id") != record.get("id"):
            records.append(record)
        else:
            records[-1]["message"] = f"{records[-1]['message']}{entry.line}"
    return records


def _entry(labels: dict[str, str], values: list[str | dict[str, str]]) -> Entry:
    match values:
        case [str(time_ns), str(line)]:
            metadata: dict[str, str] = {}
        case [str(time_ns), str(line), dict(metadata)]:
            pass
        case _:
            message = "an entry is not [time, line] or [time, line, metadata]"
            raise BodyError(message)
    require(time_ns.isdecimal(), "a time is not a number of nanoseconds")
    return Entry(labels, int(time_ns), line, metadata)
