"""What the collectors of plain JSON records share: everything except the request itself."""

from collections.abc import Callable, Sequence

import msgspec

from eks_log_forwarder.config.destination_options import BodyFormat, Compression
from eks_log_forwarder.config.hidden_fields import HiddenFields
from eks_log_forwarder.destinations.answer import outcome_of_answer
from eks_log_forwarder.destinations.http_parts import compressed
from eks_log_forwarder.destinations.outcomes import Outcome
from eks_log_forwarder.encoding import to_json
from eks_log_forwarder.record.formats import Shape
from eks_log_forwarder.record.record import Record
from eks_log_forwarder.transport.exchange import Answer


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


class JsonBody(msgspec.Struct, frozen=True):
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


class JsonDestination(HiddenFields, msgspec.Struct, frozen=True):
    """A URL, and how records become the body of a request."""

    hidden = ("url",)

    url: str
    json_body: JsonBody

    @property
    def max_events_per_request(self) -> int | None:
        """The body format decides."""
        return self.json_body.max_events_per_request

    def encode(self, record: Record) -> bytes:
        """One JSON object."""
        return self.json_body.encode(record)

    def outcome(self, answer: Answer, events: int) -> Outcome:  # noqa: ARG002  # one answer for all
        """The status decides: what these collectors put in a body is not documented."""
        return outcome_of_answer(answer)
