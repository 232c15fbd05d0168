"""Any collector that takes JSON records over HTTP, with an optional bearer token (RFC 6750)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from eks_log_forwarder.destinations.base import Answer, Request
from eks_log_forwarder.destinations.http_parts import outcome_unless_page
from eks_log_forwarder.destinations.json_body import JsonBody
from eks_log_forwarder.log_record import Record
from eks_log_forwarder.outcomes import Outcome
from eks_log_forwarder.secrets import Credentials
from eks_log_forwarder.settings import BodyFormat


@dataclass(frozen=True, slots=True)
class Http:
    """A collector that is known by its URL alone; any 2xx but a web page is a success."""

    url: str = field(repr=False)
    json_body: JsonBody

    @property
    def max_events_per_request(self) -> int | None:
        """As the body format says."""
        return self.json_body.max_events_per_request

    def encode(self, record: Record) -> bytes:
        """One JSON object."""
        return self.json_body.encode(record)

    def request(self, encoded: Sequence[bytes], credentials: Credentials) -> Request:
        """A POST with `Authorization: Bearer` where there is a token."""
        lines = self.json_body.body_format is BodyFormat.NDJSON
        headers = {"Content-Type": "application/x-ndjson" if lines else "application/json"}
        if credentials.token is not None:
            headers["Authorization"] = f"Bearer {credentials.token}"
        return Request(self.url, headers, self.json_body.build(encoded, headers))

    def outcome(self, answer: Answer, events: int) -> Outcome:  # noqa: ARG002  # one answer for all
        """By status, and a page is no success."""
        return outcome_unless_page(answer)
