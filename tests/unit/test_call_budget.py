"""How much work an event is: counted in calls, which do not depend on the machine as time does."""

import gc
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle, islice
from types import FrameType
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
from tests.payloads import event_of, payload_of
from tools.make_event import EVENTS, read_lines

EVENTS_PER_PAYLOAD = 500

# Calls of Python and of C functions for each event, with decoding and delivery, by what the settings switch
# on. A change that needs more of them says so here; one that needs fewer lowers the number, so that it stays
# a bound.
CALLS_PER_EVENT = {
    "bare": 25.0,
    "by default": 158.3,
    "with a policy": 163.8,
}
SETTINGS = {
    "bare": {"DETECTIONS": "off", "REDACT": "off"},
    "by default": {},
    "with a policy": {"AUDIT_POLICY": "security"},
}
HEADROOM = 0.1


class Taking(Transport):
    """A collector that takes everything at once."""

    @override
    def post(self, request: Request, *, within_seconds: float) -> Answer:
        return Answer(200, b"OK")


def calls_of(work: Callable[[], object]) -> int:
    """How many calls some work makes, resumed generators included."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    before = sys.getprofile()
    gc.disable()  # a collection in between would call what other tests' libraries have hooked to it
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
        gc.enable()
    return calls


@pytest.mark.parametrize("pipeline", CALLS_PER_EVENT)
def test_an_event_takes_no_more_calls_than_its_budget(pipeline: str) -> None:
    """500 audit events, from payload to delivery: the calls for each are those written here."""
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

    work()  # what is done once a container is no part of it
    counts = [calls_of(work) for _ in range(2)]

    assert [tally.delivered + tally.filtered for tally in tallies] == [EVENTS_PER_PAYLOAD] * 3
    assert counts[0] == counts[1]
    budget = CALLS_PER_EVENT[pipeline]
    per_event = counts[0] / EVENTS_PER_PAYLOAD
    assert per_event <= budget * (1 + HEADROOM), "an event costs more calls than it did"
    assert per_event >= budget * (1 - HEADROOM), "an event costs fewer calls: lower the number"
