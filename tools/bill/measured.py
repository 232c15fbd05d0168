"""What was measured for the bill, as docs/performance/measured.json keeps it."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from tools import ROOT

FILE = ROOT / "docs" / "performance" / "measured.json"


class Invocation(msgspec.Struct, frozen=True):
    """One kind of invocation: means over many warm ones, each billed in whole milliseconds.

    `events` is the number of log events in all its payloads or messages, `log_bytes` what it prints.
    """

    events: int
    billed_ms: float
    whole_cpu_ms: float
    log_bytes: float


class Payload(msgspec.Struct, frozen=True):
    """A mean event of the measured payloads, in bytes: as logged, sent with gzip, and sent plain.

    `parked_bytes` are in SQS, `streamed_bytes` in Kinesis, `stored_bytes` compressed in CloudWatch Logs.
    """

    message_bytes: float
    sent_bytes: float
    plain_bytes: float
    parked_bytes: float
    streamed_bytes: float
    stored_bytes: float


class Soaked(msgspec.Struct, frozen=True):
    """The redrive after a soak: messages and events delivered, and the seconds that its handler took."""

    date: str
    messages: int
    events: int
    seconds: float


class Measured(msgspec.Struct, frozen=True):
    """Everything measured, with the machine and the day.

    The lists are in order of events. `redriving` and `keeping` are invocations with `redrive_messages`
    messages; `soaked` is one that delivers as many payloads of the soak's, without the added delay.
    """

    date: str
    machine: str
    lines: str
    memory_mb: int
    delay_ms: float
    redrive_messages: int
    forwarding: tuple[Invocation, ...]
    parking: tuple[Invocation, ...]
    redriving: tuple[Invocation, ...]
    keeping: tuple[Invocation, ...]
    payload: Payload
    metrics: int
    further_metrics: int
    soaked: Invocation
    soak: Soaked | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A figure that grows with the events: so much for an invocation, and so much for each event."""

    base: float
    each: float

    def at(self, events: float) -> float:
        """The figure for so many events."""
        return self.base + self.each * events


def line(invocations: tuple[Invocation, ...], figure: str = "billed_ms") -> Line:
    """The line through the smallest and the largest invocation of a list."""
    first, last = invocations[0], invocations[-1]
    each = (getattr(last, figure) - getattr(first, figure)) / (last.events - first.events)
    return Line(getattr(first, figure) - each * first.events, each)


def load(path: Path = FILE) -> Measured:
    """The measured figures that the pages are made from.

    Raises:
        OSError: there is no such file.
        msgspec.ValidationError: it is not a file of figures; the message names the place.
    """
    return msgspec.json.decode(path.read_bytes(), type=Measured)


def save(measured: Measured, path: Path = FILE) -> None:
    """Writes the file, one figure a line, so that a change can be read."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(measured), indent=1) + b"\n")
