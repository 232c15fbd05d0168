"""Grafana Loki: `POST …/loki/api/v1/push` as JSON.

Source: Loki HTTP API, "Ingest logs"; Loki's limits_config. A stream is a cluster and a log type and nothing
else, so that their number stays small; what else a record says is structured metadata, whose values are
strings. Loki takes no line over 256 KB: a longer one goes as several, numbered in their metadata.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.config.destination_options import LokiOptions
from eks_log_forwarder.config.settings import Compression
from eks_log_forwarder.destinations.grouping import framed, grouped
from eks_log_forwarder.destinations.http_parts import authorization, compressed, with_default_path
from eks_log_forwarder.destinations.line import line_of
from eks_log_forwarder.destinations.loki_entries import Moments, metadata_of, pieces_of
from eks_log_forwarder.destinations.outcomes import Delivered, Outcome, outcome_of_failure, outcome_of_status
from eks_log_forwarder.encoding import to_strict_json
from eks_log_forwarder.record.formats import Shape
from eks_log_forwarder.record.record import Record
from eks_log_forwarder.transport.exchange import Answer, Request
from eks_log_forwarder.transport.failures import Failure

PATH = "/loki/api/v1/push"
_NO_CONTENT = 204


@dataclass(frozen=True, slots=True)
class Loki:
    """One tenant of a Loki."""

    url: str = field(repr=False)
    compression: Compression
    shape: Shape
    options: LokiOptions
    moments: Moments = field(default_factory=Moments, repr=False)

    @property
    def max_events_per_request(self) -> int | None:
        """No bound but the settings'."""
        return None

    def encode(self, record: Record) -> bytes:
        """The entries of one event, a line each, under its stream's labels."""
        labels = to_strict_json({"cluster": record.cluster, "log_type": record.logType})
        line = line_of(record, self.shape)
        metadata = metadata_of(line.rest)
        start_ns = self.moments.nanoseconds(record)
        entries = [
            to_strict_json((str(start_ns + n), piece, metadata | numbers))
            for n, (piece, numbers) in enumerate(pieces_of(line.text, metadata))
        ]
        return framed(labels, b"\n".join(entries))

    def request(self, encoded: Sequence[bytes], credentials: Credentials) -> Request:
        """The entries by stream, in the order of time."""
        streams: list[bytes] = []
        split_events = 0
        for labels, events in grouped(encoded).items():
            split_events += sum(b"\n" in event for event in events)
            entries = sorted((entry for event in events for entry in event.split(b"\n")), key=_nanoseconds)
            streams.append(b'{"stream":%b,"values":[%b]}' % (labels, b",".join(entries)))
        headers = {"Content-Type": "application/json", **authorization(credentials, "Bearer")}
        if self.options.tenant:
            headers["X-Scope-OrgID"] = self.options.tenant
        body = compressed(b'{"streams":[%b]}' % b",".join(streams), headers, self.compression)
        return Request(with_default_path(self.url, PATH), headers, body, split_events=split_events)

    def outcome(self, answer: Answer, events: int) -> Outcome:  # noqa: ARG002  # one answer for all
        """204 alone is a success: another 2xx is not Loki's."""
        outcome = outcome_of_status(answer.status, retry_after_seconds=answer.retry_after_seconds)
        if isinstance(outcome, Delivered) and answer.status != _NO_CONTENT:
            return outcome_of_failure(Failure.ANSWER_UNREADABLE)
        return outcome


def _nanoseconds(entry: bytes) -> int:
    start = len(b'["')
    return int(entry[start : entry.index(b'"', start)])
