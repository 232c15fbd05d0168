"""VictoriaLogs behind the endpoints that it has in common with others, as VictoriaLogs behaves.

It drops entries that are older than its retention, and lines over 256 KB, with a success. OTLP is protobuf
only. Its Loki endpoint takes a line in JSON apart unless `disable_message_parsing=1` is in the URL. Its
`_bulk` stops at a long line in a request that is not compressed: the answer is then empty, with status 200.
"""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import takewhile

from tools.listener import elasticsearch_bulk, loki, otlp
from tools.listener.bodies import BodyError, Record
from tools.listener.exchange import Outcome, answered, content_type_of, opens, plain_body, refused
from tools.listener.http_server import Incoming

LOKI_PATH = "/insert/loki/api/v1/push"
OTLP_PATH = "/insert/opentelemetry/v1/logs"
BULK_PATH = "/insert/elasticsearch/_bulk"
MAX_LINE_BYTES = 256 * 1024
_MS_PER_DAY = 86_400_000
_NS_PER_MS = 1_000_000
_SCHEMES = ("bearer", "apikey")


@dataclass(frozen=True, slots=True)
class VictoriaLogs:
    """One server; `retention_days` is 7 where it was left as it is, and None keeps everything."""

    retention_days: float | None = None
    now: Callable[[], float] = time.time

    def loki(self, request: Incoming, token: str | None) -> Outcome:
        """A push in Loki's JSON."""
        if not opens(request, _SCHEMES, token):
            return _closed()
        try:
            entries = list(loki.entries_in(request))
        except BodyError as error:
            return refused(error.status, str(error))
        records = loki.joined([one for one in entries if self._keeps(one.time_ns // _NS_PER_MS, one.line)])
        if request.query.get("disable_message_parsing") != "1":
            records = [_apart(record) for record in records]
        return Outcome(204, "", tuple(records))

    def otlp(self, request: Incoming, token: str | None) -> Outcome:
        """An export in protobuf."""
        if content_type_of(request) == "application/json":
            return refused(400, "json encoding isn't supported for opentelemetry format: use protobuf")
        outcome = otlp.receive(request, token)
        return Outcome(outcome.status, outcome.body, self._kept(outcome.records), fault=outcome.fault)

    def bulk(self, request: Incoming, token: str | None) -> Outcome:
        """Documents; each has an item in the answer, whether it is kept or not."""
        if not opens(request, _SCHEMES, token):
            return _closed()
        try:
            pairs = list(elasticsearch_bulk.pairs_in(plain_body(request)))
        except BodyError as error:
            return refused(error.status, str(error))
        sources = [source for _, source in pairs]
        if "content-encoding" not in request.headers and any(map(_is_long, sources)):
            stored = takewhile(lambda source: not _is_long(source), sources)
            return Outcome(200, "", self._kept(map(_record_in, stored)))
        items = [{"create": {"status": 201}}] * len(sources)
        kept = self._kept(_record_in(source) for source in sources if not _is_long(source))
        return answered(200, {"took": 1, "errors": False, "items": items}, kept)

    def _kept(self, records: Iterable[Record]) -> tuple[Record, ...]:
        return tuple(
            record
            for record in records
            if self._keeps(int(str(record["timestamp"])), str(record.get("message", "")))
        )

    def _keeps(self, time_ms: int, line: str) -> bool:
        """Whether an event is stored, which is not in the answer."""
        is_old = (
            self.retention_days is not None
            and time_ms < self.now() * 1000 - self.retention_days * _MS_PER_DAY
        )
        return not is_old and len(line.encode()) <= MAX_LINE_BYTES


def _apart(record: Record) -> Record:
    """The record with the fields of a line in JSON, in the line's place."""
    try:
        fields = json.loads(str(record["message"]))
    except ValueError:
        return record
    if not isinstance(fields, dict):
        return record
    return {name: value for name, value in record.items() if name != "message"} | fields


def _is_long(source: bytes) -> bool:
    return len(source) > MAX_LINE_BYTES


def _record_in(source: bytes) -> Record:
    document = elasticsearch_bulk.document_in(source)
    time_ms = elasticsearch_bulk.milliseconds(document["@timestamp"])
    return {"timestamp": time_ms} | elasticsearch_bulk.record_of(document)


def _closed() -> Outcome:
    return refused(401, "the token or the password in Authorization is missing or wrong")
