"""Narrows the rejection of a batch down to the events at fault."""

from collections import deque

import msgspec

from eks_log_forwarder.delivery.batch import Batch
from eks_log_forwarder.delivery.leftover import REFUSED_ALL, Cause, Leftover
from eks_log_forwarder.delivery.sending import Sending, Settled, Unsent
from eks_log_forwarder.destinations.outcomes import Delivered, Rejected, Unreachable, Unreadable


class Narrowing(msgspec.Struct, frozen=True):
    """Halves a rejected batch until only the events at fault are rejected.

    If everything is refused and this container has not seen the destination accept an event, three events are
    tried alone before the batch is halved. If all three are refused too, a setting is wrong (the path, the
    protocol, the index), and the batch waits.
    """

    sending: Sending

    def send(self, batch: Batch) -> Unsent | None:
        """Delivers or rejects every event, in order; returns the rest if the destination is unreachable."""
        parts = deque([batch])
        leftovers = self.sending.leftovers
        while parts:
            part, outcome = self.sending.settle(parts.popleft())
            if isinstance(outcome, Rejected | Unreachable) and self.sending.may_be_a_setting(part, outcome):
                part, outcome = self._try_three(part)
                if isinstance(outcome, Delivered):
                    parts.appendleft(part)
                    continue
            match outcome:
                case Unreachable():
                    return Batch.of((part, *parts)), outcome
                case Rejected(reason) if reason == REFUSED_ALL:
                    leftovers.append(Leftover(part.events, Cause.REFUSED_ALL, reason))
                case Rejected(reason) if len(part) == 1:
                    leftovers.append(Leftover(part.events, Cause.REJECTED, reason))
                case Rejected(reason) if not self.sending.requests_left:
                    leftovers.append(Leftover(part.events, Cause.NOT_NARROWED, reason))
                case Rejected() | Unreadable():
                    parts.extendleft(reversed(part.halves()))
                case _:
                    pass
        return None

    def _try_three(self, batch: Batch) -> tuple[Batch, Settled]:
        """Sends the first, middle and last event alone, until one is accepted; returns the unsent events.

        Delivered means that one was accepted, so the other events can be narrowed down.
        """
        for position, outcome in self.sending.three_alone(batch):
            if isinstance(outcome, Delivered):
                return batch.without(position), outcome
            if isinstance(outcome, Unreachable) and not self.sending.has_status(outcome.reason, 404):
                return batch, outcome
        self.sending.circuit.refuses_all = True
        return batch, Rejected(REFUSED_ALL)
