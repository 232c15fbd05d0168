"""Grafana Loki: `POST …/loki/api/v1/push` as JSON.

Source: Loki HTTP API, "Ingest logs"; limits_config. The labels of a stream are cluster, log type and the
service name, which Loki would otherwise make up, so that there are few streams; the other fields of a record
are structured metadata, whose values are strings.
Loki refuses lines over 256 KB: a longer one is sent in pieces that their metadata number.

Loki refuses an entry that is more than an hour behind the newest of its stream (max_chunk_age / 2). Redriven
events are older than live ones and come in any order, so they have one more label, `redriven`, the hour in
which they happened: a stream of one hour accepts them in any order.
"""

from collections.abc import Sequence

import msgspec

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.config.destination_options import LokiOptions
from eks_log_forwarder.config.hidden_fields import HiddenFields
from eks_log_forwarder.destinations.grouping import framed, grouped
from eks_log_forwarder.destinations.http_parts import authorization, compressed, with_default_path
from eks_log_forwarder.destinations.line import line_of, service_name
from eks_log_forwarder.destinations.loki_answer import outcome_of_push
from eks_log_forwarder.destinations.loki_entries import (
    findings_of,
    hour_of,
    metadata_of,
    nanoseconds_of,
    pieces_of,
)
from eks_log_forwarder.destinations.outcomes import Outcome
from eks_log_forwarder.encoding import to_strict_json
from eks_log_forwarder.record.formats import Shape
from eks_log_forwarder.record.record import Record
from eks_log_forwarder.transport.exchange import Answer, Request

PATH = "/loki/api/v1/push"


class Loki(HiddenFields, msgspec.Struct, frozen=True):
    """One tenant of Loki; `redriven` is set in the redrive."""

    hidden = ("url",)

    url: str
    shape: Shape
    options: LokiOptions
    redriven: bool = False

    @property
    def max_events_per_request(self) -> int | None:
        """Only the settings limit it."""
        return None

    def encode(self, record: Record) -> bytes:
        """The entries of one event, one per line, framed with the labels of their stream."""
        labels = {
            "cluster": record.cluster,
            "log_type": record.logType.value,
            "service_name": service_name(record),
        }
        if self.redriven:
            labels["redriven"] = hour_of(record.timestamp)
        line = line_of(record, self.shape)
        metadata = metadata_of(line.rest, None if line.is_plain else findings_of(record))
        start_ns = nanoseconds_of(record)
        entries = [
            to_strict_json((str(start_ns + n), piece, metadata | numbers))
            for n, (piece, numbers) in enumerate(pieces_of(line.text, metadata))
        ]
        return framed(to_strict_json(labels), b"\n".join(entries))

    def request(self, encoded: Sequence[bytes], credentials: Credentials) -> Request:
        """The entries of each stream, sorted by time."""
        streams: list[bytes] = []
        split_events = 0
        for labels, events in grouped(encoded).items():
            split_events += sum(b"\n" in event for event in events)
            entries = sorted((entry for event in events for entry in event.split(b"\n")), key=_nanoseconds)
            streams.append(b'{"stream":%b,"values":[%b]}' % (labels, b",".join(entries)))
        headers = {"Content-Type": "application/json", **authorization(credentials, "Bearer")}
        if self.options.tenant:
            headers["X-Scope-OrgID"] = self.options.tenant
        body = compressed(b'{"streams":[%b]}' % b",".join(streams), headers, self.options.compression)
        return Request(with_default_path(self.url, PATH), headers, body, split_events=split_events)

    def outcome(self, answer: Answer, events: int) -> Outcome:  # noqa: ARG002  # one answer for all
        """See loki_answer.py."""
        return outcome_of_push(answer)


def _nanoseconds(entry: bytes) -> int:
    start = len(b'["')
    return int(entry[start : entry.index(b'"', start)])
