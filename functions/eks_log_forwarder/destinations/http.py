"""Any collector that accepts JSON records over HTTP, with the credentials and headers that it wants."""

from collections.abc import Sequence

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.config.destination_options import BodyFormat, HttpOptions
from eks_log_forwarder.config.headers import effective
from eks_log_forwarder.destinations.http_parts import basic_authorization
from eks_log_forwarder.destinations.json_destination import JsonDestination
from eks_log_forwarder.errors import SecretError
from eks_log_forwarder.transport.exchange import Request

_AUTHORIZATION = "Authorization"
_BEARER = "Bearer"  # RFC 6750, section 2.1
_JOINED = (" ", "=", ":")  # a prefix that ends with one of these needs no space before the token


class Http(JsonDestination, frozen=True):
    """A collector of which only the URL and its options are known."""

    options: HttpOptions

    def request(self, encoded: Sequence[bytes], credentials: Credentials) -> Request:
        """A POST with the option's headers, the token in its header, and Basic for a user name.

        Raises:
            SecretError: token and user name belong into the same header, or one of user name and password is
                missing.
        """
        lines = self.json_body.body_format is BodyFormat.NDJSON
        headers = {
            **effective(self.options.headers),
            "Content-Type": "application/x-ndjson" if lines else "application/json",
            **self._authentication(credentials),
        }
        return Request(self.url, headers, self.json_body.build(encoded, headers))

    def _authentication(self, credentials: Credentials) -> dict[str, str]:
        login = basic_authorization(credentials)
        if credentials.token is None:
            return login
        name = self.options.token_header
        if login and name.lower() == _AUTHORIZATION.lower():
            msg = (
                "the destination's secret needs either token, or username and password together; "
                "for both, name another header for the token in the option token_header"
            )
            raise SecretError(msg)
        return login | {name: self._prefix() + credentials.token}

    def _prefix(self) -> str:
        prefix = self.options.token_prefix
        if prefix is None:
            prefix = _BEARER if self.options.token_header.lower() == _AUTHORIZATION.lower() else ""
        return prefix if not prefix or prefix.endswith(_JOINED) else f"{prefix} "
