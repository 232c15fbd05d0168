"""Amazon OpenSearch Service and OpenSearch Serverless: `_bulk` requests that the function's role signs."""

from collections.abc import Sequence
from copy import replace

import msgspec

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.config.destination_options import ElasticsearchOptions
from eks_log_forwarder.config.hidden_fields import HiddenFields
from eks_log_forwarder.config.opensearch_endpoint import endpoint_of
from eks_log_forwarder.destinations.elasticsearch import Elasticsearch
from eks_log_forwarder.destinations.outcomes import Outcome
from eks_log_forwarder.destinations.serverless_ids import DocumentIds
from eks_log_forwarder.destinations.sigv4 import Signer
from eks_log_forwarder.errors import SecretError
from eks_log_forwarder.record.formats import Shape
from eks_log_forwarder.record.record import Record
from eks_log_forwarder.transport.exchange import Answer, Request


class AmazonOpenSearch(HiddenFields, msgspec.Struct, frozen=True):
    """A collector whose requests are signed; `ids` is there for a collection of OpenSearch Serverless."""

    hidden = ("signer",)

    collector: Elasticsearch
    signer: Signer
    ids: DocumentIds | None = None

    @property
    def max_events_per_request(self) -> int | None:
        """Only the settings limit it."""
        return self.collector.max_events_per_request

    def encode(self, record: Record) -> bytes:
        """The two lines of one event."""
        return self.collector.encode(record)

    def request(self, encoded: Sequence[bytes], credentials: Credentials) -> Request:
        """The request, signed as it is sent: after compression, with every header that we set.

        Raises:
            SecretError: the secret holds a login, too, or there is nothing to sign with.
        """
        if (credentials.token, credentials.username, credentials.password) != (None, None, None):
            msg = (
                "the option auth is sigv4, so the function's role signs the requests: remove token, username "
                "and password from the destination's secret, or the option"
            )
            raise SecretError(msg)
        request = self.collector.request(
            encoded if self.ids is None else self.ids.apply(encoded), credentials
        )
        url, headers = self.signer.sign(request.url, request.headers, request.body)
        return replace(request, url=url, headers=headers)

    def outcome(self, answer: Answer, events: int) -> Outcome:
        """A successful request has an outcome for each event."""
        outcome = self.collector.outcome(answer, events)
        return outcome if self.ids is None else self.ids.learn(outcome, events)


def signed_elasticsearch(url: str, shape: Shape, options: ElasticsearchOptions) -> AmazonOpenSearch:
    """The collector behind an endpoint of AWS."""
    endpoint = endpoint_of(url)
    ids = DocumentIds() if endpoint.is_serverless else None
    return AmazonOpenSearch(Elasticsearch(url, shape, options), Signer(endpoint), ids)
