"""The hours that are compared: whole, in UTC, and complete in CloudWatch's metrics."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tools.moments import MomentError, parse_moment

HOUR = timedelta(hours=1)
# CloudWatch shows the metrics of a minute a few minutes later.
_SETTLING = timedelta(minutes=10)
# How long CloudWatch keeps sums of this period (CloudWatch user guide, "Metrics retention").
_KEPT = (
    (timedelta(minutes=1), timedelta(days=15)),
    (timedelta(minutes=5), timedelta(days=63)),
    (HOUR, timedelta(days=455)),
)
# An event reaches the function within seconds. Sums of an hour are too coarse to see that.
_IN_FLIGHT = {timedelta(minutes=1): timedelta(minutes=2), timedelta(minutes=5): timedelta(minutes=5)}


@dataclass(frozen=True, slots=True)
class Span:
    """Whole hours from `start` to before `end`, and the shortest period in which CloudWatch has them all.

    `now` is the current minute: parked events are followed until then. `notes` say what was rounded.
    """

    start: datetime
    end: datetime
    period: timedelta
    now: datetime
    notes: tuple[str, ...] = ()

    @property
    def in_flight(self) -> timedelta:
        """How long before `end` an event can be taken in and received only after it; 0 if unknown."""
        return _IN_FLIGHT.get(self.period, timedelta())

    @property
    def hours(self) -> list[datetime]:
        """The start of each hour."""
        return [self.start + HOUR * number for number in range((self.end - self.start) // HOUR)]


def parse_span(start_text: str | None, end_text: str | None, now: datetime) -> Span:
    """The hours that FROM and TO touch; without them the last 24 complete hours.

    Raises:
        MomentError: a text is not a time, or no complete hour lies between the two.
    """
    newest = _floor(now - _SETTLING)
    end = parse_moment("TO", end_text) if end_text else newest
    start = parse_moment("FROM", start_text) if start_text else min(_ceiling(end), newest) - 24 * HOUR
    notes = []
    if _ceiling(end) > newest:
        notes.append(f"The last complete hour ends at {newest:%Y-%m-%dT%H:%M}: TO is set to it.")
    elif _ceiling(end) != end or _floor(start) != start:
        notes.append("FROM and TO are widened to whole hours.")
    start, end = _floor(start), min(_ceiling(end), newest)
    if start >= end:
        msg = (
            f"no complete hour lies between FROM={start:%Y-%m-%dT%H:%M} and TO={end:%Y-%m-%dT%H:%M}"
            f" (the last one ends at {newest:%Y-%m-%dT%H:%M} UTC)"
        )
        raise MomentError(msg)
    for period, kept in _KEPT:
        if now - start < kept:
            return Span(start, end, period, now.replace(second=0, microsecond=0), tuple(notes))
    msg = (
        f"FROM={start:%Y-%m-%dT%H:%M} is too long ago: CloudWatch keeps metrics for {_KEPT[-1][1].days} days"
    )
    raise MomentError(msg)


def _floor(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _ceiling(moment: datetime) -> datetime:
    floor = _floor(moment)
    return floor if floor == moment else floor + HOUR
