"""How much work an event is: counted in calls, which do not depend on the machine as time does."""

from copy import replace
from itertools import cycle, islice
from typing import Any, override

import pytest

from eks_log_forwarder.config.settings import Settings
from eks_log_forwarder.delivery.deadline import Deadline
from eks_log_forwarder.intake.log_stream import LogStream
from eks_log_forwarder.intake.payload import decode_payload
from eks_log_forwarder.telemetry.tally import Tally
from eks_log_forwarder.transport.client import Transport
from eks_log_forwarder.transport.exchange import Answer, Request
from eks_log_forwarder.wiring import build_forwarder
from tests.cost import calls_of
from tests.payloads import event_of, payload_of
from tools.make_event import EVENTS, read_lines

EVENTS_PER_PAYLOAD = 500

# Calls of Python and C functions for each event, with decoding and delivery, by what the settings switch on.
# They are upper bounds, 10% above what was counted. A change that needs more raises them here and says why.
CALLS_PER_EVENT = {
    "bare": 36.3,  # eight of them for ApiLatency and ApiThrottled
    "by default": 212,  # 69 rules instead of 32
    "with a policy": 224,
}
SETTINGS = {
    "bare": {"DETECTIONS": "off", "REDACT": "off"},
    "by default": {},
    "with a policy": {"AUDIT_POLICY": "security"},
}


class Taking(Transport):
    """A collector that takes everything at once."""

    @override
    def post(self, request: Request, *, within_seconds: float) -> Answer:
        return Answer(200, b"OK")


@pytest.mark.parametrize("pipeline", CALLS_PER_EVENT)
def test_an_event_takes_no_more_calls_than_its_budget(pipeline: str) -> None:
    """500 audit events, from payload to delivery: each takes at most the calls written here."""
    environ = {"DESTINATION_URL": "https://xplg.example.internal/"} | SETTINGS[pipeline]
    forwarder = build_forwarder(Settings.from_environ(environ))
    transport = Taking(connect_timeout_seconds=1, read_timeout_seconds=1)
    forwarder = replace(forwarder, delivery=replace(forwarder.delivery, transport=transport))
    lines = islice(cycle(read_lines(EVENTS / "lines" / "audit.log")), EVENTS_PER_PAYLOAD)
    event: dict[str, Any] = event_of(payload_of(*lines))
    tallies: list[Tally] = []

    def work() -> None:
        payload = decode_payload(event)
        stream = LogStream.of(payload)
        tallies.append(Tally(stream.cluster, stream.log_type))
        forwarder.forward(payload, stream, Deadline.after(60), tallies[-1])

    work()  # without what is done once a container
    counts = [calls_of(work) for _ in range(2)]

    assert [tally.delivered + tally.filtered for tally in tallies] == [EVENTS_PER_PAYLOAD] * 3
    assert counts[0] == counts[1], "the count depends on something other than the code"
    assert counts[0] / EVENTS_PER_PAYLOAD <= CALLS_PER_EVENT[pipeline]
