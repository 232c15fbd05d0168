"""What the collectors of plain JSON records share: everything except the request itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from eks_log_forwarder.config.settings import BodyFormat, Compression
from eks_log_forwarder.destinations.http_parts import compressed
from eks_log_forwarder.destinations.outcomes import Delivered, Outcome, outcome_of_failure, outcome_of_status
from eks_log_forwarder.encoding import to_json
from eks_log_forwarder.record.formats import Shape
from eks_log_forwarder.record.record import Record
from eks_log_forwarder.transport.exchange import Answer
from eks_log_forwarder.transport.failures import Failure


def _lines(encoded: Sequence[bytes]) -> bytes:
    return b"\n".join((*encoded, b""))


def _array(encoded: Sequence[bytes]) -> bytes:
    return b"[" + b",".join(encoded) + b"]"


def _single(encoded: Sequence[bytes]) -> bytes:
    (only,) = encoded
    return only


_JOIN: dict[BodyFormat, Callable[[Sequence[bytes]], bytes]] = {
    BodyFormat.NDJSON: _lines,
    BodyFormat.ARRAY: _array,
    BodyFormat.SINGLE: _single,
}


@dataclass(frozen=True, slots=True)
class JsonBody:
    """Turns records into the body of a request."""

    body_format: BodyFormat
    compression: Compression
    shape: Shape

    @property
    def max_events_per_request(self) -> int | None:
        """One for `single`; otherwise only the settings limit it."""
        return 1 if self.body_format is BodyFormat.SINGLE else None

    def encode(self, record: Record) -> bytes:
        """One record as JSON, in the configured format."""
        return to_json(self.shape(record))

    def build(self, encoded: Sequence[bytes], headers: dict[str, str]) -> bytes:
        """The body with these records; adds the headers that describe it."""
        return compressed(_JOIN[self.body_format](encoded), headers, self.compression)


@dataclass(frozen=True, slots=True)
class JsonDestination:
    """A URL, and how records become the body of a request."""

    url: str = field(repr=False)
    json_body: JsonBody

    @property
    def max_events_per_request(self) -> int | None:
        """The body format decides."""
        return self.json_body.max_events_per_request

    def encode(self, record: Record) -> bytes:
        """One JSON object."""
        return self.json_body.encode(record)

    def outcome(self, answer: Answer, events: int) -> Outcome:  # noqa: ARG002  # one answer for all
        """By status; but a success with a web page comes from something else, such as a sign-in."""
        outcome = outcome_of_status(answer.status, retry_after_seconds=answer.retry_after_seconds)
        # Not by Content-Type: a JSP that sets none says text/html of everything, a success included.
        start = answer.body[:1024].lower()
        if isinstance(outcome, Delivered) and (b"<html" in start or b"<!doctype html" in start):
            return outcome_of_failure(Failure.HTML_ANSWER)
        return outcome
