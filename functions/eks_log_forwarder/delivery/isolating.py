"""Finds the event that makes a batch fail although the destination is up.

A firewall or a proxy in front of a collector can refuse one event by its text: with a 403, a reset or no
answer. Without this module, that event would keep its message, with the healthy events in it, in the queue
until SQS deletes them.
"""

import msgspec

from eks_log_forwarder.delivery.batch import Batch
from eks_log_forwarder.delivery.leftover import Cause, Leftover
from eks_log_forwarder.delivery.sending import Sending, Settled, Unsent
from eks_log_forwarder.destinations.base import Pending
from eks_log_forwarder.destinations.outcomes import Delivered, Rejected, Unreachable, Unreadable
from eks_log_forwarder.transport.failures import Failure

# A healthy collector answers sooner. A part that takes longer is halved; a single event may take longer.
PART_SECONDS = 5.0

# A single event is at fault after one failure more than there are pauses.
_PAUSES_SECONDS = (0.2, 1.0)

_OF_THE_TOKEN_OR_THE_RATE = (401, 429)
# Failures that come before the collector, or a firewall, can read an event.
_NOT_OF_AN_EVENT = frozenset(
    {
        Failure.CONNECTION_REFUSED,
        Failure.CONNECTION_TIMEOUT,
        Failure.NAME_NOT_RESOLVED,
        Failure.NO_TIME_LEFT,
        Failure.REQUEST_INVALID,
        Failure.SECRET_UNREADABLE,
        Failure.TLS,
    }
)


class Isolating(msgspec.Struct, frozen=True):
    """Sends halves, and halves again what failed, for as long as the destination is known to be up.

    It is known to be up if in each round at least one part is accepted. After a round without any, an event
    that this container has delivered before is sent once more; without such an event, three events are tried
    alone. If that fails too, the destination is down, and no event is at fault.
    """

    sending: Sending

    def send(self, batch: Batch, why: Unreachable) -> Unsent | None:
        """Delivers or rejects every event of a batch that failed; returns the rest of it if all fails.

        `why` is the outcome of sending the whole batch.
        """
        if not self._may_be_of_an_event(why):
            return batch, why
        is_known_to_be_up = False
        parts = list(batch.halves()) if len(batch) > 1 else [batch]
        while parts:
            accepted = False
            failed: list[tuple[Batch, Rejected | Unreachable | Unreadable]] = []
            for number, sent in enumerate(parts, start=1):
                part, outcome = self._settle(sent, is_known_to_be_up=is_known_to_be_up)
                if isinstance(outcome, Delivered):
                    accepted = True
                    continue
                failed.append((part, outcome))
                if isinstance(outcome, Unreachable) and not self._may_be_of_an_event(outcome):
                    return Batch.of((*(part for part, _ in failed), *parts[number:])), outcome
            if failed and not accepted:
                rest, is_up = self._test(Batch.of(part for part, _ in failed))
                if not is_up:
                    return rest, why
                if len(rest) < sum(len(part) for part, _ in failed):
                    failed = [(rest, why)]
            # Only a failure after the first proof counts against a single event.
            parts = self._narrow(failed, is_known_to_be_up=is_known_to_be_up)
            is_known_to_be_up = True
        return None

    def _settle(self, part: Batch, *, is_known_to_be_up: bool) -> tuple[Batch, Settled]:
        """Sends a part; a single event several times, because a collector may also fail at random."""
        if not self.sending.requests_left:
            return part, Unreachable(Failure.NO_TIME_LEFT, retry=False)
        if len(part) > 1:
            return self.sending.settle(part, PART_SECONDS)
        for pause_seconds in (*_PAUSES_SECONDS, None):
            rest, outcome = self.sending.settle(part)
            is_settled = not (isinstance(outcome, Unreachable) and self._may_be_of_an_event(outcome))
            if is_settled or not is_known_to_be_up or pause_seconds is None:
                break
            self.sending.attempts.sleep(pause_seconds)
        return rest, outcome

    def _may_be_of_an_event(self, outcome: Unreachable) -> bool:
        return outcome.reason not in _NOT_OF_AN_EVENT and not self.sending.has_status(
            outcome.reason, *_OF_THE_TOKEN_OR_THE_RATE
        )

    def _test(self, unsent: Batch) -> tuple[Batch, bool]:
        """Whether the destination accepts any event now; returns the events that are still unsent, too."""
        control = self.sending.circuit.last_accepted
        if control is not None:
            attempts = self.sending.attempts
            budget = attempts.deadline.within(PART_SECONDS)
            return unsent, isinstance(attempts.post([control], budget), Delivered | Pending)
        if len(unsent) > 1:
            for position, outcome in self.sending.three_alone(unsent, PART_SECONDS):
                if isinstance(outcome, Delivered):
                    return unsent.without(position), True
        return unsent, False

    def _narrow(
        self, failed: list[tuple[Batch, Rejected | Unreachable | Unreadable]], *, is_known_to_be_up: bool
    ) -> list[Batch]:
        parts: list[Batch] = []
        for part, outcome in failed:
            if len(part) > 1:
                parts += part.halves()
            elif is_known_to_be_up or isinstance(outcome, Rejected):
                self.sending.leftovers.append(Leftover(part.events, Cause.REJECTED, outcome.reason))
            else:
                parts.append(part)
        return parts
