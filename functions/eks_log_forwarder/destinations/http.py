"""Any collector that accepts JSON records over HTTP, with an optional bearer token (RFC 6750)."""

from collections.abc import Sequence
from dataclasses import dataclass

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.config.destination_options import BodyFormat
from eks_log_forwarder.destinations.json_destination import JsonDestination
from eks_log_forwarder.transport.exchange import Request


@dataclass(frozen=True, slots=True)
class Http(JsonDestination):
    """A collector of which only the URL is known."""

    def request(self, encoded: Sequence[bytes], credentials: Credentials) -> Request:
        """A POST, with `Authorization: Bearer` if the secret has a token."""
        lines = self.json_body.body_format is BodyFormat.NDJSON
        headers = {"Content-Type": "application/x-ndjson" if lines else "application/json"}
        if credentials.token is not None:
            headers["Authorization"] = f"Bearer {credentials.token}"
        return Request(self.url, headers, self.json_body.build(encoded, headers))
