"""The balances: per cluster and hour, per stack, and of the parked events. No AWS here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tools.metric_reading import Sums
from tools.reconcile.span import HOUR, Span


@dataclass(frozen=True, slots=True)
class Hour:
    """The events of one hour: taken in by CloudWatch Logs, and received by the function."""

    start: datetime
    taken_in: int
    received: int

    @property
    def difference(self) -> int:
        """Positive: fewer were received than taken in."""
        return self.taken_in - self.received


@dataclass(frozen=True, slots=True)
class ClusterBalance:
    """The hours of one cluster; `in_flight` events may have been received after the span only.

    `missing` is positive if more events than that are missing at the end of the span, `since` the first hour
    of them.
    """

    cluster: str
    log_groups: tuple[str, ...]
    patterns: tuple[str, ...]
    hours: tuple[Hour, ...]
    in_flight: int
    missing: int
    since: datetime | None

    @property
    def taken_in(self) -> int:
        """All events that CloudWatch Logs took in; with a filter pattern those that it forwarded."""
        return sum(hour.taken_in for hour in self.hours)

    @property
    def received(self) -> int:
        """All events that the function received, repeated ones included."""
        return sum(hour.received for hour in self.hours)


@dataclass(frozen=True, slots=True)
class StackBalance:
    """The sums of a stack's counts and of its function's invocations, over the span."""

    counts: Mapping[str, int]
    invocations: Mapping[str, int]

    @property
    def difference(self) -> int:
        """Received events that are in no other count."""
        counts = self.counts
        settled = ("EventsDelivered", "EventsFiltered", "EventsParked", "EventsKept")
        return counts["EventsReceived"] - sum(counts[name] for name in settled)

    @property
    def lost_payloads(self) -> int:
        """Payloads that Lambda could not even put on the queue."""
        return self.invocations["DestinationDeliveryFailures"]

    @property
    def missing(self) -> bool:
        """Whether events are lost."""
        return self.difference > 0 or self.lost_payloads > 0


@dataclass(frozen=True, slots=True)
class ParkedBalance:
    """The parked events since the span's start, until now, and the messages that the queues hold now.

    `held_at_start` messages were in the queue when the span began; their events count as redriven only.
    `is_recent` says that something was parked or waited a moment ago, so that its redrive may not be in the
    metrics yet.
    """

    parked: int
    redriven: int
    waiting_messages: int
    dead_letter_messages: int
    held_at_start: int
    is_recent: bool

    @property
    def outstanding(self) -> int:
        """Parked events that were not redriven."""
        return max(self.parked - self.redriven, 0)

    @property
    def missing(self) -> int:
        """Outstanding events that no queue can hold, since both have been empty for a while."""
        may_wait = self.waiting_messages or self.dead_letter_messages or self.is_recent
        return 0 if may_wait else self.outstanding


def cluster_balance(
    cluster: str,
    log_groups: tuple[str, ...],
    patterns: tuple[str, ...],
    sums: tuple[Sequence[Sums], Sequence[Sums]],
    span: Span,
) -> ClusterBalance:
    """The balance of a cluster from the sums of what was taken in and of what was received.

    A later hour can make up for a deficit, since retries take up to six hours. A surplus never makes up for a
    later deficit, so an event that was received twice hides no later loss.
    """
    taken_in, received = sums
    hours = tuple(
        Hour(at, _total(taken_in, at, at + HOUR), _total(received, at, at + HOUR)) for at in span.hours
    )
    open_events, since = 0, None
    for hour in hours:
        if not open_events:
            since = hour.start
        open_events = max(open_events + hour.difference, 0)
    # Not more than this: what came in just before the end, and what was received just after it.
    in_flight = min(
        _total(taken_in, span.end - span.in_flight, span.end),
        _total(received, span.end, span.end + span.in_flight),
    )
    is_missing = open_events > in_flight
    return ClusterBalance(
        cluster=cluster,
        log_groups=log_groups,
        patterns=patterns,
        hours=hours,
        in_flight=in_flight,
        missing=open_events if is_missing else 0,
        since=since if is_missing else None,
    )


def total(sums: Sums) -> int:
    """The sum of all periods."""
    return round(sum(sums.values()))


def _total(many: Sequence[Sums], start: datetime, end: datetime) -> int:
    return round(sum(value for sums in many for at, value in sums.items() if start <= at < end))
