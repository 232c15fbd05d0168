"""What a month of such lines costs: one busy cluster with one stack, while the collector answers."""

from datetime import datetime

from tools.bill.bill import EVENTS_PER_PAYLOAD, Kind, Load, month, total
from tools.bill.measured import load
from tools.bill.prices import prices

MIN_SECONDS = 600.0  # less is no base for a month
_HOUR_SECONDS = 3600
_MAX_HOURS = 100_000  # eleven years


class Covered:
    """The time that lines cover, in any order. A cluster always logs: an hour without a line is a gap."""

    def __init__(self) -> None:
        self._hours: dict[int, tuple[float, float]] = {}

    def add(self, moment: datetime) -> None:
        """Counts the time of a line."""
        second = moment.timestamp()
        hour = int(second // _HOUR_SECONDS)
        if hour in self._hours or len(self._hours) < _MAX_HOURS:
            first, last = self._hours.get(hour, (second, second))
            self._hours[hour] = min(first, second), max(last, second)

    @property
    def seconds(self) -> float:
        """From the first to the last line of each run of hours; a line far from all others covers nothing."""
        total, before, end = 0.0, None, 0.0
        for hour, (first, last) in sorted(self._hours.items()):
            total += last - (end if before == hour - 1 else first)
            before, end = hour, last
        return total


def cost(events: int, size_bytes: int, seconds: float) -> dict[str, object] | None:
    """The bill for a month at this rate, part by part, in dollars; None where the span is too short.

    The parts of the kind `optional` are in no sum.
    """
    if seconds < MIN_SECONDS or not events:
        return None
    volume = Load(clusters=1, events_per_second=events / seconds, message_bytes=size_bytes / events)
    parts = month(volume, load())
    return {
        "region": prices().region,
        "hours": round(seconds / 3600, 2),
        "events_per_second": round(volume.events_per_second, 2),
        "events_per_payload": EVENTS_PER_PAYLOAD,
        "gb_a_month": round(volume.gb, 3),
        "sums": {
            "cloudwatch": round(total(parts, Kind.CLOUDWATCH), 2),
            "forwarder": round(total(parts, Kind.FIXED, Kind.VARIABLE), 2),
            "forwarder_fixed": round(total(parts, Kind.FIXED), 2),
            "forwarder_variable": round(total(parts, Kind.VARIABLE), 2),
        },
        "parts": [
            {
                "kind": str(part.kind),
                "part": part.name,
                "dollars": round(part.dollars, 2),
                "depends_on": part.depends_on,
                "to_pay_less": part.less,
            }
            for part in parts
        ],
    }
