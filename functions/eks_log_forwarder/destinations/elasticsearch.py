"""Elasticsearch and OpenSearch: `POST …/_bulk`, with an action line and a document line for each event.

Source: Elasticsearch API reference, "Bulk index or delete documents". Every action is `create`,
because a data stream takes nothing else. `_id` is CloudWatch's event id, so an event that is sent twice is
stored once (409).
"""

from collections.abc import Sequence
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.config.destination_options import ElasticsearchOptions
from eks_log_forwarder.config.hidden_fields import HiddenFields
from eks_log_forwarder.destinations.answer import outcome_of_answer
from eks_log_forwarder.destinations.elasticsearch_answer import BYTES_PER_ITEM, outcome_of_items
from eks_log_forwarder.destinations.elasticsearch_bodies import fits
from eks_log_forwarder.destinations.elasticsearch_document import DATASETS, ecs_document, iso_time
from eks_log_forwarder.destinations.elasticsearch_values import mappable
from eks_log_forwarder.destinations.http_parts import authorization, compressed, with_default_path
from eks_log_forwarder.destinations.outcomes import Delivered, Outcome
from eks_log_forwarder.encoding import to_strict_json
from eks_log_forwarder.record.formats import Shape
from eks_log_forwarder.record.record import ParsedRecord, Record
from eks_log_forwarder.transport.exchange import Answer, Request

PATH = "/_bulk"
# The only fields we read. Without the filter the answer repeats the index and id of each document.
_FILTER = {"filter_path": "errors,items.*.status,items.*.error.type"}


class _Create(msgspec.Struct):
    _index: str
    _id: str


class _Action(msgspec.Struct):
    create: _Create


class Elasticsearch(HiddenFields, msgspec.Struct, frozen=True):
    """One data stream for each log type, or one index."""

    hidden = ("url",)

    url: str
    shape: Shape
    options: ElasticsearchOptions

    @property
    def max_events_per_request(self) -> int | None:
        """Only the settings limit it."""
        return None

    def encode(self, record: Record) -> bytes:
        """The two lines of one event, each with a line break."""
        action = to_strict_json(_Action(_Create(self._index_of(record), record.id)))
        return b"%b\n%b\n" % (action, self._document(record))

    def request(self, encoded: Sequence[bytes], credentials: Credentials) -> Request:
        """The lines of all events; the secret's `token` is an API key in its encoded form."""
        headers = {"Content-Type": "application/x-ndjson", "Accept": "application/json"}
        headers |= authorization(credentials, "ApiKey")
        body = compressed(b"".join(encoded), headers, self.options.compression)
        return Request(self._url(), headers, body, max_answer_bytes=1024 + BYTES_PER_ITEM * len(encoded))

    def outcome(self, answer: Answer, events: int) -> Outcome:
        """A successful request has an outcome for each event."""
        outcome = outcome_of_answer(answer)
        return outcome_of_items(answer.body, events) if isinstance(outcome, Delivered) else outcome

    def _index_of(self, record: Record) -> str:
        if self.options.index:
            return self.options.index
        name = self.options.data_stream.replace("{type}", DATASETS[record.logType])
        return name.replace("{namespace}", self.options.namespace)

    def _document(self, record: Record) -> bytes:
        record = mappable(record, templates=self.options.templates)
        if self.options.ecs:
            return to_strict_json(ecs_document(record))
        shaped = self.shape(record)
        if isinstance(shaped, ParsedRecord) and not fits(shaped):
            shaped = record  # its message has the bodies
        document = to_strict_json(shaped)
        return b'{"@timestamp":%b,%b' % (to_strict_json(iso_time(record.timestamp)), document[1:])

    def _url(self) -> str:
        parts = urlsplit(with_default_path(self.url, PATH))
        query = "&".join(filter(None, (parts.query, urlencode(_FILTER, safe=",*"))))
        return urlunsplit(parts._replace(query=query))
