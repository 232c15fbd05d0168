"""Sends one part of a batch, with retries, and counts the events that this settles."""

from dataclasses import dataclass, field

from eks_log_forwarder.delivery.attempts import Attempts
from eks_log_forwarder.delivery.backoff import Backoff
from eks_log_forwarder.delivery.batch import Batch
from eks_log_forwarder.delivery.circuit_breaker import CircuitBreaker
from eks_log_forwarder.delivery.leftover import NOT_NARROWED, Cause, Leftover
from eks_log_forwarder.destinations.outcomes import (
    Delivered,
    EventOutcome,
    NotTaken,
    PartlyDelivered,
    PerEvent,
    Rejected,
    Unreachable,
)

type Settled = Delivered | Rejected | Unreachable
type Unsent = tuple[Batch, Unreachable]
"""Events that were not sent because the destination is unreachable, and why."""

MIN_EVENTS_OF_A_SETTING = 4  # a smaller batch can consist of events at fault


@dataclass(slots=True)
class Sending:
    """The requests of one batch; `leftovers` holds the events that the collector rejected one by one.

    Without `retries`, each part is sent once.
    """

    attempts: Attempts
    circuit: CircuitBreaker
    backoff: Backoff
    retry_budget_seconds: float
    max_requests: int
    retries: bool = True
    leftovers: list[Leftover] = field(default_factory=list)

    @property
    def requests_left(self) -> bool:
        """Whether another request may be made to narrow down a rejection."""
        return self.attempts.made < self.max_requests

    def settle(self, part: Batch, within_seconds: float | None = None) -> tuple[Batch, Settled]:
        """Sends a part; returns the rest of it and the outcome of that rest."""
        budget = self.attempts.deadline.within(within_seconds or self.retry_budget_seconds)
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
                case Unreachable(retry=True) if self.retries:
                    pause_seconds = self.backoff.pause_seconds(attempt, outcome.retry_after_seconds)
                    if pause_seconds >= budget.remaining_seconds():
                        return part, outcome
                    self.attempts.sleep(pause_seconds)
                    if not budget.remaining_seconds():
                        # It slept longer than asked; the collector's answer is the better reason.
                        return part, outcome
                    attempt += 1
                case _:
                    return part, outcome

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
        if len(refusals) == len(part) and (len(part) == 1 or self.may_be_a_setting(part, refusals[0])):
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

    def may_be_a_setting(self, part: Batch, refusal: Rejected) -> bool:
        """Whether a wrong setting may be why the whole part is refused with 400 or 404.

        Not once this container has seen the destination accept an event: then only some events are at fault.
        """
        return (
            self.circuit.last_accepted is None
            and self.requests_left
            and len(part) >= MIN_EVENTS_OF_A_SETTING
            and self.has_status(refusal.reason, 400, 404)
        )

    def has_status(self, reason: str, *statuses: int) -> bool:
        """Whether the last answer has one of these statuses, as its own or for its events (`bulk_429`)."""
        return self.attempts.last_status in statuses or any(str(one) in reason.split("_") for one in statuses)
