"""The endpoints of Amazon OpenSearch Service and OpenSearch Serverless, told apart by their host names.

Source: Amazon OpenSearch Service Developer Guide, "Creating and managing domains" and "Collection endpoints".

    NAME.REGION.es.amazonaws.com          a domain
    NAME.aos.REGION.on.aws                a domain, dual-stack
    NAME.REGION.aoss.amazonaws.com        a collection; with FIPS aoss-fips
    NAME.aoss.REGION.on.aws               a collection of the newer generation

In China the names end in .cn. Any other host is a custom endpoint, which only domains have.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec

_HOSTS = (
    (
        r"(?P<name>[^.]+)\.(?P<region>[a-z]+(?:-[a-z]+)+-\d+)\.(?P<service>es|aoss)(?:-fips)?"
        r"\.amazonaws\.com(?:\.cn)?\.?"
    ),
    (
        r"(?P<name>[^.]+)\.(?P<service>aos|aoss)(?:-fips)?\.(?P<region>[a-z]+(?:-[a-z]+)+-\d+)"
        r"\.on\.(?:aws|amazonwebservices\.com\.cn)\.?"
    ),
)
_SIGNING_NAMES = {"es": "es", "aos": "es", "aoss": "aoss"}
_ACCOUNT = r"\d{12}"


class OpenSearchEndpoint(msgspec.Struct, frozen=True):
    """What a signature names: the service, and the region; empty: the function's own region."""

    service: str
    region: str
    name: str = ""

    @property
    def is_serverless(self) -> bool:
        """Whether it is a collection of OpenSearch Serverless."""
        return self.service == "aoss"


def endpoint_of(url: str) -> OpenSearchEndpoint:
    """The endpoint behind a URL; any host that is not AWS's is a domain's custom endpoint."""
    host = urlsplit(url).hostname or ""
    for pattern in _HOSTS:
        if found := re.fullmatch(pattern, host):
            return OpenSearchEndpoint(_SIGNING_NAMES[found["service"]], found["region"], found["name"])
    return OpenSearchEndpoint("es", "")


def endpoint_faults(url: str, *, signed: bool) -> Iterator[str]:
    """Why requests to this URL cannot succeed."""
    try:
        endpoint = endpoint_of(url)
    except ValueError:  # not a URL, which is another fault
        return
    if not endpoint.is_serverless:
        return
    if not signed:
        yield (
            "DESTINATION_URL is a collection of OpenSearch Serverless, which takes signed requests only: "
            "set the option auth to sigv4"
        )
    if re.fullmatch(_ACCOUNT, endpoint.name):
        yield (
            "DESTINATION_URL is the endpoint of all collections of an account: "
            "give the endpoint of one collection, as its page in the console shows it"
        )
