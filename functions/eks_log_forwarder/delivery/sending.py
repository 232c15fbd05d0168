"""Sends one part of a batch, with retries, and counts the events that this settles."""

from collections.abc import Iterator

import msgspec

from eks_log_forwarder.delivery.acknowledgement import Awaiting
from eks_log_forwarder.delivery.attempts import Attempts
from eks_log_forwarder.delivery.backoff import Backoff
from eks_log_forwarder.delivery.batch import Batch
from eks_log_forwarder.delivery.circuit_breaker import CircuitBreaker
from eks_log_forwarder.delivery.deadline import Deadline
from eks_log_forwarder.delivery.leftover import NOT_NARROWED, Cause, Leftover
from eks_log_forwarder.destinations.base import Pending
from eks_log_forwarder.destinations.outcomes import (
    AllButOld,
    Delivered,
    EventOutcome,
    NotTaken,
    PartlyDelivered,
    PerEvent,
    Rejected,
    Unreachable,
    Unreadable,
)

type Settled = Delivered | Rejected | Unreachable | Unreadable
type Unsent = tuple[Batch, Unreachable]
"""Events that were not sent because the destination is unreachable, and why."""

UNREADABLE_ALONE = 3
MIN_EVENTS_OF_A_SETTING = 4  # a smaller batch can consist of events at fault


class Sending(msgspec.Struct):
    """The requests of one batch; `leftovers` holds the events that the collector rejected one by one.

    `awaiting` holds the parts whose outcome the collector reports later. `unreadable_alone` counts the single
    events with an unreadable answer, until an answer is readable (None).
    Without `retries`, each part is sent once.
    """

    attempts: Attempts
    circuit: CircuitBreaker
    backoff: Backoff
    retry_budget_seconds: float
    max_requests: int
    awaiting: list[Awaiting]
    suspects_settings: bool = True
    retries: bool = True
    leftovers: list[Leftover] = msgspec.field(default_factory=list)
    unreadable_alone: int | None = 0

    @property
    def requests_left(self) -> bool:
        """Whether another request may be made to narrow down a rejection."""
        return self.attempts.made < self.max_requests

    def settle(self, part: Batch, within_seconds: float | None = None) -> tuple[Batch, Settled]:
        """Sends a part; returns the rest of it and the outcome of that rest."""
        budget = self.attempts.deadline.within(within_seconds or self.retry_budget_seconds)
        attempt = 0
        while True:
            answer = self._post(part, budget)
            if isinstance(answer, Pending):
                self.awaiting.append((part, answer))
                return part, Delivered()
            outcome: EventOutcome | NotTaken | PartlyDelivered | Unreadable
            if isinstance(answer, PerEvent):
                part, outcome = self._sort(part, answer)
            else:
                outcome = answer
            match outcome:
                case Delivered():
                    self._accept(part, len(part))
                    return part, outcome
                case PartlyDelivered(refused, reason):
                    self._give_up(refused, reason)
                    self._accept(part, len(part) - refused)
                    return part, Delivered()
                case NotTaken() if self.requests_left:
                    continue
                case NotTaken():
                    return part, Rejected(NOT_NARROWED)
                case Unreachable(retry=True) if self.retries and self._pause(attempt, outcome, budget):
                    attempt += 1
                case _:
                    return part, outcome

    def _pause(self, attempt: int, outcome: Unreachable, budget: Deadline) -> bool:
        """Waits before the next attempt; returns whether there is time for it."""
        pause_seconds = self.backoff.pause_seconds(attempt, outcome.retry_after_seconds)
        if pause_seconds >= budget.remaining_seconds():
            return False
        self.attempts.sleep(pause_seconds)
        return budget.remaining_seconds() > 0  # it can have slept longer than asked

    def _post(
        self, part: Batch, budget: Deadline
    ) -> EventOutcome | PerEvent | PartlyDelivered | Unreadable | Pending:
        answer = self.attempts.post(part.encoded, budget)
        match answer:
            case AllButOld():
                return answer.per_event(event.timestamp for event in part.events)
            case Unreadable():
                return self._unreadable(part, answer)
            case Delivered() | PerEvent():
                self.unreadable_alone = None
        return answer

    def _unreadable(self, part: Batch, answer: Unreadable) -> Delivered | Unreachable | Unreadable:
        """Delivered for a single event: it was answered with 2xx, and a repeat could store it twice.

        If no request got a readable answer, three single events included, the collector, or a proxy in front
        of it, never sends one: then everything that it answers with 2xx is delivered.
        """
        never_readable = self.unreadable_alone is not None and self.unreadable_alone >= UNREADABLE_ALONE
        if len(part) == 1 and self.unreadable_alone is not None:
            self.unreadable_alone += 1
        if len(part) == 1 or never_readable:
            return Delivered()
        return answer if self.requests_left else Unreachable(answer.reason, retry=False)

    def three_alone(self, batch: Batch, within_seconds: float | None = None) -> Iterator[tuple[int, Settled]]:
        """Sends the first, middle and last event alone; yields the position and outcome of each."""
        for position in sorted({0, len(batch) // 2, len(batch) - 1}):
            yield position, self.settle(batch.only([position]), within_seconds)[1]

    def _accept(self, part: Batch, events: int) -> None:
        self.attempts.tally.delivered += events
        if events:
            self.circuit.accept(part.encoded[0])

    def _give_up(self, events: int, reason: str) -> None:
        """Counts events that the collector rejected without naming them; they cannot be parked or resent."""
        tally = self.attempts.tally
        tally.rejected_unidentified += events
        tally.rejected += events
        tally.give_reason(reason, events)

    def _sort(
        self, part: Batch, answer: PerEvent
    ) -> tuple[Batch, Delivered | Rejected | NotTaken | Unreachable]:
        """Settles each event by its individual outcome; returns the events to send again and the reason."""
        refusals = [outcome for outcome in answer.outcomes if isinstance(outcome, Rejected)]
        may_be_a_setting = (
            answer.may_be_a_setting and bool(refusals) and self.may_be_a_setting(part, refusals[0])
        )
        if len(refusals) == len(part) and (len(part) == 1 or may_be_a_setting):
            return part, refusals[0]
        again: list[int] = []
        reason: Delivered | NotTaken | Unreachable = Delivered()
        for position, outcome in enumerate(answer.outcomes):
            match outcome:
                case Delivered():
                    self._accept(part.only([position]), 1)
                case Rejected(why):
                    self.leftovers.append(Leftover([part.events[position]], Cause.REJECTED, why))
                case NotTaken() | Unreachable():
                    again.append(position)
                    reason = outcome
        return part.only(again), reason

    def may_be_a_setting(self, part: Batch, refusal: Rejected | Unreachable) -> bool:
        """Whether a wrong setting may be why the whole part is refused with 400 or 404.

        Not once this container has seen the destination accept an event: then only some events are at fault.
        """
        return (
            self.suspects_settings
            and self.circuit.last_accepted is None
            and self.requests_left
            and (len(part) >= MIN_EVENTS_OF_A_SETTING or self.circuit.refuses_all)
            and self.has_status(refusal.reason, 400, 404)
        )

    def has_status(self, reason: str, *statuses: int) -> bool:
        """Whether the last answer has one of these statuses, as its own or for its events (`bulk_429`)."""
        return self.attempts.last_status in statuses or has_status(reason, *statuses)


def has_status(reason: str, *statuses: int) -> bool:
    """Whether a reason names one of these statuses, as `http_400` and `bulk_429` do."""
    return any(str(status) in reason.split("_") for status in statuses)
