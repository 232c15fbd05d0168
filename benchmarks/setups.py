"""What is compared: the contenders with their settings, and the cells of the table."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.payloads import CONTROLLER, USER
from eks_log_forwarder.config.settings import DestinationName

EVENTS = (50, 500, 2000)
LARGEST = 0  # means as many events as fit into a payload
DELAYS_MS = (0, 5, 20)
MAIN_EVENTS = 2000
MAIN_DESTINATION = DestinationName.HTTP

# The baseline sends one request per event; fewer events give the same figures in less time.
_BASELINE_EVENTS = {0: 2000, 5: 200, 20: 100}


@dataclass(frozen=True, slots=True)
class Setup:
    """One contender and its settings; the destination only matters for ours."""

    name: str
    contender: str
    environ: dict[str, str] = field(default_factory=dict, hash=False)
    destination: DestinationName = MAIN_DESTINATION

    def environment(self) -> dict[str, str]:
        """The environment of the contender's process."""
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
BASELINE = "baseline"
LIMIT = "limit"
BARE_LIMIT = "bare limit"

_OURS = {
    WITHOUT_DETECTIONS: {"DETECTIONS": "off"},
    WITH_DETECTIONS: {"DETECTIONS": "on"},
    QUIET: {"DETECTIONS": "on", "AUDIT_POLICY": "quiet"},
}
_OTHERS = {BASELINE: "baseline", LIMIT: "limit", BARE_LIMIT: "bare limit"}


def setups(destination: DestinationName = MAIN_DESTINATION) -> list[Setup]:
    """The forwarder's three setups with a destination; other contenders only with the main one."""
    ours = [Setup(name, "ours", environ, destination) for name, environ in _OURS.items()]
    if destination is not MAIN_DESTINATION:
        return ours
    return ours + [Setup(name, contender) for name, contender in _OTHERS.items()]


def cells(*, everything: bool) -> Iterator[Cell]:
    """The whole table, or the part that the ratios and one figure per destination need."""
    for destination in DestinationName:
        for setup in setups(destination):
            for delay_ms in DELAYS_MS:
                for events in (*EVENTS, LARGEST):
                    cell = Cell(setup, events, delay_ms)
                    if everything or _is_essential(cell):
                        yield cell


def _is_essential(cell: Cell) -> bool:
    if cell.setup.destination is not MAIN_DESTINATION:
        return (cell.setup.name, cell.events, cell.delay_ms) == (WITH_DETECTIONS, MAIN_EVENTS, 0)
    return cell.events == MAIN_EVENTS or cell.delay_ms == 0


def cells_of_users() -> list[Cell]:
    """The main payload, where a user whom no rule excepts wrote all bodies: rules have to look at them."""
    return [
        Cell(setup, MAIN_EVENTS, 0, USER)
        for setup in setups()
        if setup.name in (WITHOUT_DETECTIONS, WITH_DETECTIONS, LIMIT)
    ]
