"""Sends batches to the destination, retries, and narrows a rejection down to the events at fault."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from eks_log_forwarder.config.credentials import ReadSecret
from eks_log_forwarder.delivery.attempts import Attempts
from eks_log_forwarder.delivery.backoff import Backoff
from eks_log_forwarder.delivery.batch import Batch
from eks_log_forwarder.delivery.deadline import Deadline
from eks_log_forwarder.destinations.base import Destination
from eks_log_forwarder.destinations.outcomes import (
    Delivered,
    EventOutcome,
    NotTaken,
    PartlyDelivered,
    PerEvent,
    Rejected,
    Unreachable,
)
from eks_log_forwarder.intake.payload import LogEvent
from eks_log_forwarder.telemetry.tally import Tally
from eks_log_forwarder.transport.client import Transport

# Finding one bad event in a batch of a thousand takes about 20 requests; this is enough for several.
MAX_REQUESTS_PER_BATCH = 100
NOT_NARROWED = "not_narrowed"


class Cause(StrEnum):
    """Why events were not delivered."""

    REJECTED = "rejected"  # this single event: it will never be delivered
    NOT_NARROWED = "not_narrowed"  # a batch was rejected, and no requests were left to find the event
    UNREACHABLE = "unreachable"  # the destination or the network path to it


@dataclass(frozen=True, slots=True)
class Leftover:
    """At most one batch of events that were not delivered, as CloudWatch sent them."""

    events: list[LogEvent] = field(repr=False)
    cause: Cause
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One destination, with its HTTP session, its secret and its limits."""

    destination: Destination
    transport: Transport
    read_secret: ReadSecret
    retry_budget_seconds: float
    max_requests_per_batch: int = MAX_REQUESTS_PER_BATCH
    backoff: Backoff = field(default_factory=Backoff)
    sleep: Callable[[float], None] = time.sleep

    def send(self, batch: Batch, deadline: Deadline, tally: Tally) -> list[Leftover]:
        """Delivers a batch in order and returns the leftovers in order.

        A rejected batch is halved until only the events at fault are rejected. A leftover with the cause
        UNREACHABLE comes last: the retry budget is used up, and the next batch is not tried.
        """
        attempts = Attempts(self.destination, self.transport, self.read_secret, self.sleep, deadline, tally)
        return _Sending(self, deadline, tally, attempts).send(batch)


@dataclass(slots=True)
class _Sending:
    """The delivery of one batch and of the parts into which it is split."""

    delivery: Delivery
    deadline: Deadline
    tally: Tally
    attempts: Attempts
    leftovers: list[Leftover] = field(default_factory=list)

    def send(self, batch: Batch) -> list[Leftover]:
        parts = deque([batch])
        while parts:
            part, outcome = self._settle(parts.popleft())
            match outcome:
                case Unreachable(reason=reason, detail=detail):
                    unsent = [event for rest in (part, *parts) for event in rest.events]
                    self.leftovers.append(Leftover(unsent, Cause.UNREACHABLE, reason, detail))
                    break
                case Rejected(reason) if len(part) == 1:
                    self.leftovers.append(Leftover(part.events, Cause.REJECTED, reason))
                case Rejected(reason) if self.attempts.made >= self.delivery.max_requests_per_batch:
                    self.leftovers.append(Leftover(part.events, Cause.NOT_NARROWED, reason))
                case Rejected():
                    parts.extendleft(reversed(part.halves()))
                case _:
                    pass
        return self.leftovers

    def _settle(self, part: Batch) -> tuple[Batch, Delivered | Rejected | Unreachable]:
        """Sends a part, with retries; returns the rest of it and its outcome."""
        budget = self.deadline.within(self.delivery.retry_budget_seconds)
        attempt = 0
        while True:
            answer = self.attempts.post(part.encoded, budget)
            outcome: EventOutcome | NotTaken | PartlyDelivered
            if isinstance(answer, PerEvent):
                part, outcome = self._sort(part, answer)
            else:
                outcome = answer
            match outcome:
                case Delivered():
                    self.tally.delivered += len(part)
                    return part, outcome
                case PartlyDelivered(refused, reason):
                    self._give_up(refused, reason)
                    self.tally.delivered += len(part) - refused
                    return part, Delivered()
                case NotTaken() if self.attempts.made < self.delivery.max_requests_per_batch:
                    continue
                case NotTaken():
                    return part, Rejected(NOT_NARROWED)
                case Unreachable(retry=True):
                    pause_seconds = self.delivery.backoff.pause_seconds(attempt, outcome.retry_after_seconds)
                    if pause_seconds >= budget.remaining_seconds():
                        return part, outcome
                    self.delivery.sleep(pause_seconds)
                    if (
                        not budget.remaining_seconds()
                    ):  # it slept longer than asked; the collector's answer is the better reason
                        return part, outcome
                    attempt += 1
                case _:
                    return part, outcome

    def _give_up(self, events: int, reason: str) -> None:
        """Counts events that the collector rejected without naming them; they cannot be parked or resent."""
        self.tally.rejected_unidentified += events
        self.tally.rejected += events
        self.tally.give_reason(reason, events)

    def _sort(self, part: Batch, answer: PerEvent) -> tuple[Batch, Delivered | NotTaken | Unreachable]:
        """Settles each event by its individual outcome; returns the events to send again and the reason."""
        again: list[int] = []
        reason: Delivered | NotTaken | Unreachable = Delivered()
        for position, outcome in enumerate(answer.outcomes):
            match outcome:
                case Delivered():
                    self.tally.delivered += 1
                case Rejected(why):
                    self.leftovers.append(Leftover([part.events[position]], Cause.REJECTED, why))
                case NotTaken() | Unreachable():
                    again.append(position)
                    reason = outcome
        return part.only(again), reason
