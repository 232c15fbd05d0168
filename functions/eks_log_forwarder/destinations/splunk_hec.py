"""The HTTP Event Collector (HEC) of Splunk: `POST …/services/collector/event`, JSON objects in sequence.

Source: Splunk, "Format events for HTTP Event Collector" and "About HTTP Event Collector Indexer
Acknowledgment". With acknowledgement, an answer only says that Splunk has received the request; the events
count as delivered when Splunk reports that they are indexed.
"""

import uuid
from collections.abc import Sequence

import msgspec

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.config.destination_options import SplunkHecOptions
from eks_log_forwarder.config.hidden_fields import HiddenFields
from eks_log_forwarder.destinations.answer import outcome_of_answer
from eks_log_forwarder.destinations.base import Pending
from eks_log_forwarder.destinations.fitting import fitted
from eks_log_forwarder.destinations.http_parts import compressed, read_json, with_default_path
from eks_log_forwarder.destinations.outcomes import (
    Delivered,
    Outcome,
    Unreachable,
    outcome_of_status,
)
from eks_log_forwarder.destinations.splunk_hec_replies import (
    NOT_ACKNOWLEDGED,
    outcome_of_reply,
    read_reply,
)
from eks_log_forwarder.encoding import to_strict_json
from eks_log_forwarder.record.formats import Shape
from eks_log_forwarder.record.record import Record
from eks_log_forwarder.transport.exchange import Answer, Request

PATH = "/services/collector/event"
_COLLECTOR = "/services/collector"
MAX_EVENT_BYTES = 1_000_000  # Splunk Cloud accepts about 1 MB in a request


class _Event(msgspec.Struct, omit_defaults=True):
    """The envelope of HEC; `time` is in seconds since 1970, with milliseconds."""

    time: float
    host: str
    source: str
    sourcetype: str
    event: object
    index: str = ""


class _Acks(msgspec.Struct):
    acks: dict[str, bool]


class SplunkHec(HiddenFields, msgspec.Struct, frozen=True):
    """One HEC input; `channel` identifies this container, as acknowledgement requires."""

    hidden = ("url",)

    url: str
    shape: Shape
    options: SplunkHecOptions
    channel: str = msgspec.field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def max_events_per_request(self) -> int | None:
        """Only the settings limit it."""
        return None

    def encode(self, record: Record) -> bytes:
        """One event in an envelope."""
        return fitted(record, self._event, MAX_EVENT_BYTES)

    def _event(self, record: Record) -> bytes:
        return to_strict_json(
            _Event(
                time=record.timestamp / 1000,
                host=record.cluster,
                source=record.logStream,
                sourcetype=self.options.sourcetype.replace("{type}", record.logType),
                event=self.shape(record),
                index=self.options.index,
            )
        )

    def request(self, encoded: Sequence[bytes], credentials: Credentials) -> Request:
        """The events in sequence; the line breaks between them only help a human reader."""
        headers = self._headers(credentials)
        body = compressed(b"\n".join(encoded), headers, self.options.compression)
        return Request(with_default_path(self.url, PATH), headers, body)

    def outcome(self, answer: Answer, events: int) -> Outcome | Pending:
        """The reply code decides; it says more than the status."""
        reply = read_reply(answer.body)
        if reply is None:
            return outcome_of_answer(answer)
        outcome = outcome_of_reply(reply, answer, events)
        if isinstance(outcome, Delivered) and self.options.ack and reply.ack_id is not None:
            return Pending(str(reply.ack_id), self._ask, _acknowledged, NOT_ACKNOWLEDGED)
        return outcome

    def _headers(self, credentials: Credentials) -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        if credentials.token is not None:
            headers["Authorization"] = f"Splunk {credentials.token}"
        if self.options.ack:
            headers["X-Splunk-Request-Channel"] = self.channel
        return headers

    def _ask(self, tickets: Sequence[str], credentials: Credentials) -> Request:
        base, _, _ = with_default_path(self.url, PATH).partition(_COLLECTOR)
        body = msgspec.json.encode({"acks": [int(ticket) for ticket in tickets]})
        return Request(f"{base}{_COLLECTOR}/ack", self._headers(credentials), body)


def _acknowledged(answer: Answer) -> frozenset[str] | Unreachable:
    """The ackIds of indexed requests. After a permanent error, the redrive sends the events again later."""
    try:
        acks = read_json(answer.body, _Acks).acks
    except ValueError:
        outcome = outcome_of_status(answer.status)
        if isinstance(outcome, Unreachable) and outcome.retry:
            return frozenset()
        return Unreachable(NOT_ACKNOWLEDGED, retry=False, detail=f"/ack answered {answer.status}")
    return frozenset(ack_id for ack_id, is_indexed in acks.items() if is_indexed)
