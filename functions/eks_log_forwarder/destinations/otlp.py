"""OpenTelemetry collectors: OTLP over HTTP, `POST …/v1/logs`, as protobuf or as JSON.

Source: OTLP specification 1.x, sections "OTLP/HTTP" and "Partial Success". Only 429, 502, 503 and 504 may
be retried. A partial success must not be sent again: refused records are counted, and stay in CloudWatch.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import msgspec

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.config.destination_options import TOKEN_PLACEHOLDER, OtlpOptions
from eks_log_forwarder.config.headers import effective
from eks_log_forwarder.config.hidden_fields import HiddenFields
from eks_log_forwarder.destinations.answer import outcome_of_answer
from eks_log_forwarder.destinations.fitting import fitted
from eks_log_forwarder.destinations.grouping import framed, grouped
from eks_log_forwarder.destinations.http_parts import authorization, compressed, with_default_path
from eks_log_forwarder.destinations.otlp_answer import rejected_log_records
from eks_log_forwarder.destinations.otlp_records import (
    LogRecord,
    Source,
    Value,
    log_record_of,
    resource_of,
    source_of,
)
from eks_log_forwarder.destinations.outcomes import (
    Delivered,
    Outcome,
    PartlyDelivered,
    PerEvent,
    Rejected,
    Unreachable,
)
from eks_log_forwarder.errors import SecretError
from eks_log_forwarder.record.formats import Shape
from eks_log_forwarder.record.record import Record
from eks_log_forwarder.transport.exchange import Answer, Request

PATH = "/v1/logs"
MAX_EVENT_BYTES = 4 * 1024 * 1024 - 4096  # a receiver's smallest default, 4 MiB, less the resource around it
_RETRYABLE = frozenset({429, 502, 503, 504})
_PARTIAL = "otlp_partial_success"


class Encoding(Protocol):
    """One of the two encodings of OTLP."""

    content_type: str

    def __hash__(self) -> int:
        """Its resources are remembered."""

    def log_record(self, record: LogRecord) -> bytes:
        """One LogRecord."""

    def resource(self, attributes: dict[str, Value]) -> bytes:
        """One Resource."""

    def request(self, groups: dict[bytes, list[bytes]]) -> bytes:
        """An ExportLogsServiceRequest; `groups` maps each Resource to its LogRecords."""


# An invocation's events have one source, or a few from a stream of payloads.
@lru_cache(maxsize=16)
def _resource(encoding: Encoding, source: Source) -> bytes:
    return encoding.resource(resource_of(source))


class Otlp(HiddenFields, msgspec.Struct, frozen=True):
    """An OpenTelemetry collector, or the OTLP endpoint of a vendor."""

    hidden = ("url",)

    url: str
    shape: Shape
    options: OtlpOptions
    encoding: Encoding

    @property
    def max_events_per_request(self) -> int | None:
        """Only the settings limit it."""
        return None

    def encode(self, record: Record) -> bytes:
        """One LogRecord, framed with its Resource."""
        log_record = fitted(record, self._log_record, MAX_EVENT_BYTES)
        return framed(_resource(self.encoding, source_of(record)), log_record)

    def _log_record(self, record: Record) -> bytes:
        return self.encoding.log_record(log_record_of(record, self.shape))

    def request(self, encoded: Sequence[bytes], credentials: Credentials) -> Request:
        """An export request; a token is a bearer token, unless a header of the options contains `{token}`."""
        headers = self._own(credentials) | {"Content-Type": self.encoding.content_type}
        body = compressed(self.encoding.request(grouped(encoded)), headers, self.options.compression)
        return Request(with_default_path(self.url, PATH), headers, body)

    def outcome(self, answer: Answer, events: int) -> Outcome:
        """The status decides, and for a success the partial success in the body."""
        outcome = outcome_of_answer(answer)
        if isinstance(outcome, Unreachable) and answer.status not in _RETRYABLE:
            return Unreachable(outcome.reason, retry=False)
        if not isinstance(outcome, Delivered):
            return outcome
        refused = rejected_log_records(answer.body)
        if refused >= events:
            return PerEvent((Rejected(_PARTIAL),) * events)
        return PartlyDelivered(refused, _PARTIAL) if refused > 0 else Delivered()

    def _own(self, credentials: Credentials) -> dict[str, str]:
        own = effective(self.options.headers)
        if not any(TOKEN_PLACEHOLDER in value for value in own.values()):
            return authorization(credentials, "Bearer") | own
        if credentials.token is None or credentials.username is not None or credentials.password is not None:
            msg = (
                "the option headers contains {token}: the destination's secret needs a token, and no password"
            )
            raise SecretError(msg)
        return {name: value.replace(TOKEN_PLACEHOLDER, credentials.token) for name, value in own.items()}
