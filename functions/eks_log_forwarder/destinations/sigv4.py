"""Signs requests with the function's role: AWS Signature Version 4, computed by botocore.

Source: IAM User Guide, "AWS Signature Version 4 for API requests"; Amazon OpenSearch Service Developer Guide,
"Signing HTTP requests to Amazon OpenSearch Service" and "Ingesting data into … Serverless collections".
botocore comes with Lambda and is imported at the first signature.
"""

import os
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, quote, unquote_to_bytes, urlencode, urlsplit, urlunsplit

from eks_log_forwarder.config.opensearch_endpoint import OpenSearchEndpoint
from eks_log_forwarder.errors import SecretError

if TYPE_CHECKING:
    from botocore.credentials import Credentials


_DEFAULT_PORTS = {"http": 80, "https": 443}


class Signer:
    """Signs for one endpoint; finds the role's credentials at the first request, and renews them."""

    def __init__(self, endpoint: OpenSearchEndpoint) -> None:
        self._endpoint = endpoint
        self._credentials: Credentials | None = None

    def sign(self, url: str, headers: dict[str, str], body: bytes) -> tuple[str, dict[str, str]]:
        """The URL and the headers with which a POST of exactly this body is accepted, for some minutes.

        The URL is written as the signature spells it, so that nobody on the way has a reason to change it.
        Host is signed, too; the length is not, because Serverless forbids that.

        Raises:
            SecretError: there are no credentials or no region to sign with.
        """
        try:
            return self._signed(canonical_url(url), headers, body)
        except SecretError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, the events are not at fault
            msg = f"the request could not be signed with the function's role: {type(error).__name__}"
            raise SecretError(msg) from None

    def _signed(self, url: str, headers: dict[str, str], body: bytes) -> tuple[str, dict[str, str]]:
        from botocore.auth import SigV4Auth  # noqa: PLC0415  # 0.1 s, which only signing needs
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415  # as above

        region = self._endpoint.region or os.environ.get("AWS_REGION", "")
        if not region:
            msg = "AWS_REGION is not set, and DESTINATION_URL names no region to sign for"
            raise SecretError(msg)
        payload = {"X-Amz-Content-SHA256": sha256(body).hexdigest()}  # Serverless requires it
        request = AWSRequest("POST", url, headers | payload, body)
        role = self._role().get_frozen_credentials()
        SigV4Auth(role, self._endpoint.service, region).add_auth(request)
        return url, dict(request.headers.items())

    def _role(self) -> "Credentials":
        if self._credentials is None:
            from botocore.session import get_session  # noqa: PLC0415  # as above

            self._credentials = get_session().get_credentials()
        if self._credentials is None:
            msg = "the option auth is sigv4, and there are no AWS credentials to sign with"
            raise SecretError(msg)
        return self._credentials


def canonical_url(url: str) -> str:
    """The same URL with every character escaped that a signature escapes, and without dot segments.

    The signer of botocore takes a query as it is, and AWS compares with the escaped one. The host is written
    as the header Host names it: in ASCII, without the default port.
    """
    parts = urlsplit(url)
    segments: list[str] = []
    for segment in parts.path.split("/"):
        if segment == "..":
            segments = segments[:-1]
        elif segment not in {"", "."}:
            segments.append(quote(unquote_to_bytes(segment), safe=""))
    path = "/" + "/".join(segments) + ("/" if segments and parts.path.endswith("/") else "")
    query = urlencode(parse_qsl(parts.query, keep_blank_values=True), quote_via=quote, safe="")
    return urlunsplit((parts.scheme, _host_and_port(parts), path, query, ""))


def _host_and_port(parts: SplitResult) -> str:
    host = parts.hostname or ""
    name = f"[{host}]" if ":" in host else host.encode("idna").decode("ascii")
    is_default = parts.port in {None, _DEFAULT_PORTS.get(parts.scheme)}
    return name if is_default else f"{name}:{parts.port}"
