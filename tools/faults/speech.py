"""The protocol of each destination's collector: how it reads a request, takes it and rejects events.

The listener's strict protocols read and take the requests; this module adds how single events are rejected.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import compress

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceResponse,
)

from tools.listener.exchange import Outcome, Protocol, answered, refused
from tools.listener.http_server import Incoming
from tools.listener.protocols import DEMO_DESTINATIONS, Collectors

type Refuse = Callable[[Outcome, Sequence[bool]], Outcome]
"""From the answer that takes all events, and which of them are rejected, to the answer given instead."""


@dataclass(frozen=True, slots=True)
class Speech:
    """The path of `DESTINATION_URL`, the secret that holds a token, and the collector's answers."""

    destination: str
    path: str
    secret: Callable[[str], str]
    receive: Protocol
    refuse: Refuse


def _empty(path: str) -> Protocol:
    """A collector that has nothing stored at each request: what comes twice is counted elsewhere."""

    def receive(request: Incoming, token: str | None) -> Outcome:
        return Collectors().protocols()[path](request, token)

    return receive


def _whole_request(_: Outcome, __: Sequence[bool]) -> Outcome:
    """The collector takes nothing and does not say which event it rejects."""
    return refused(400, "an event is rejected")


def _by_number(_: Outcome, is_refused: Sequence[bool]) -> Outcome:
    """Splunk takes nothing and gives the number of the first event that it rejects."""
    answer = {"text": "Invalid data format", "code": 6, "invalid-event-number": is_refused.index(True)}
    return answered(400, answer)


def _good_half(taking: Outcome, is_refused: Sequence[bool]) -> Outcome:
    """Loki stores the others, although it answers 400 and does not say which entry it rejects."""
    text = "max entry size '262144' bytes exceeded"
    return Outcome(400, text, _others(taking, is_refused), fault=text)


def _item_by_item(taking: Outcome, is_refused: Sequence[bool]) -> Outcome:
    """Elasticsearch takes the others and gives a result for each document."""
    error = {"status": 400, "error": {"type": "document_parsing_exception"}}
    items = [{"create": error if this else {"status": 201}} for this in is_refused]
    return answered(200, {"errors": True, "took": 1, "items": items}, _others(taking, is_refused))


def _by_count(taking: Outcome, is_refused: Sequence[bool]) -> Outcome:
    """An OpenTelemetry collector takes the others and says how many it rejected."""
    partial = ExportLogsPartialSuccess(rejected_log_records=sum(is_refused), error_message="refused")
    answer = ExportLogsServiceResponse(partial_success=partial).SerializeToString().decode()
    return Outcome(200, answer, _others(taking, is_refused), content_type="application/x-protobuf")


def _others(taking: Outcome, is_refused: Sequence[bool]) -> tuple[dict[str, object], ...]:
    return tuple(compress(taking.records, (not this for this in is_refused)))


_REFUSALS: dict[str, Refuse] = {
    "splunk_hec": _by_number,
    "elasticsearch": _item_by_item,
    "loki": _good_half,
    "otlp": _by_count,
}

SPEECHES = {
    name: Speech(name, demo.path, demo.secret, _empty(demo.path), _REFUSALS.get(name, _whole_request))
    for name, demo in DEMO_DESTINATIONS.items()
}
