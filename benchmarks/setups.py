"""What is compared: the contenders with their settings, and the cells of the table."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from benchmarks.payloads import CONTROLLER, USER
from eks_log_forwarder.config.settings import DestinationName

SMALL_EVENTS = 10
EVENTS = (SMALL_EVENTS, 50, 500, 2000)
LARGEST = 0  # means as many events as fit into a payload
DELAYS_MS = (0, 5, 20)
MAIN_EVENTS = 2000
MAIN_DESTINATION = DestinationName.HTTP

_FORWARDERS = ("ours", "stream")  # the contenders that read the forwarder's settings
# The baseline sends one request per event; fewer events give the same figures in less time.
_BASELINE_EVENTS = {0: 500, 5: 100, 20: 50}


@dataclass(frozen=True, slots=True)
class Setup:
    """One contender and its settings; the destination only matters for ours.

    `contender` is one of CONTENDERS, or a peer's `path/to/handler.py:function`. In the environment, `{url}`
    stands for the URL of the collector.
    """

    name: str
    contender: str
    environ: dict[str, str] = field(default_factory=dict, hash=False)
    destination: DestinationName = MAIN_DESTINATION

    def environment(self) -> dict[str, str]:
        """The environment of the contender's process."""
        if self.contender not in _FORWARDERS:
            return self.environ
        options = '{"compression":"gzip"}'
        ours = {"DESTINATION": self.destination, "DESTINATION_OPTIONS": options, "REDACT": "on"}
        return ours | self.environ


@dataclass(frozen=True, slots=True)
class Cell:
    """One setup with one payload, whose bodies one user wrote, and one delay of the answers."""

    setup: Setup
    events: int
    delay_ms: int
    writer: str = CONTROLLER

    def measured_events(self, largest: int) -> int:
        """The number of events in the measured payload; `largest` is how many fit into one."""
        events = self.events or largest
        if self.setup.contender != "baseline":
            return events
        return min(events, _BASELINE_EVENTS[self.delay_ms])


WITHOUT_DETECTIONS = "ours, detections off"
WITH_DETECTIONS = "ours, detections on"
QUIET = "ours, policy quiet"
OF_A_STREAM = "ours, from a stream, detections on"
BASELINE = "baseline"
LIMIT = "limit"
LIMIT_BY_REQUESTS = "limit, by requests"

_OURS = {
    WITHOUT_DETECTIONS: {"DETECTIONS": "off"},
    WITH_DETECTIONS: {"DETECTIONS": "on"},
    QUIET: {"DETECTIONS": "on", "AUDIT_POLICY": "quiet"},
}
_OTHERS = (BASELINE, LIMIT, LIMIT_BY_REQUESTS)


def setups(destination: DestinationName = MAIN_DESTINATION) -> list[Setup]:
    """The forwarder's three setups with a destination; other contenders only with the main one."""
    ours = [Setup(name, "ours", environ, destination) for name, environ in _OURS.items()]
    if destination is not MAIN_DESTINATION:
        return ours
    of_a_stream = Setup(OF_A_STREAM, "stream", {"DETECTIONS": "on"})
    return [*ours, of_a_stream, *(Setup(name, name) for name in _OTHERS)]


def cells(peers: Iterable[Setup] = ()) -> Iterator[Cell]:
    """What is measured: each figure is one that a bound, a plot or a reader's question needs."""
    for setup in [*setups(), *peers]:
        if setup.name == LIMIT_BY_REQUESTS:
            yield Cell(setup, SMALL_EVENTS, 0)
        elif setup.name in (QUIET, OF_A_STREAM):
            yield Cell(setup, MAIN_EVENTS, 0)
        else:
            yield from (Cell(setup, events, 0) for events in (*EVENTS, LARGEST))
            yield from (Cell(setup, MAIN_EVENTS, delay_ms) for delay_ms in DELAYS_MS if delay_ms)
        if setup.name in (WITH_DETECTIONS, LIMIT):
            # a user whom no rule excepts wrote all bodies: rules have to look at them
            yield Cell(setup, MAIN_EVENTS, 0, USER)
    for destination in DestinationName:
        if destination is not MAIN_DESTINATION:
            (setup,) = (setup for setup in setups(destination) if setup.name == WITH_DETECTIONS)
            yield Cell(setup, MAIN_EVENTS, 0)
