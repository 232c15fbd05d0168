"""The pipeline: carries the events of one payload through stages, delivery and parking."""

from collections.abc import Iterator
from time import time

import msgspec

from eks_log_forwarder.delivery.batch import Batch, batched
from eks_log_forwarder.delivery.deadline import Deadline
from eks_log_forwarder.delivery.delivery import Delivery
from eks_log_forwarder.delivery.leftover import Cause, Leftover
from eks_log_forwarder.destinations.outcomes import explain
from eks_log_forwarder.errors import ParkingError, UndeliveredError
from eks_log_forwarder.intake.log_stream import LogStream
from eks_log_forwarder.intake.payload import LogEvent, SubscriptionPayload, was_seen_before
from eks_log_forwarder.parking.messages import gathered, messages_of
from eks_log_forwarder.parking.queue import Queue
from eks_log_forwarder.stages import Encoding, Stages
from eks_log_forwarder.telemetry.tally import Tally
from eks_log_forwarder.transport.failures import Failure


class Forwarder(msgspec.Struct, frozen=True):
    """Carries payloads to one destination; `undelivered` is None if no queue is configured."""

    stages: Stages
    delivery: Delivery
    undelivered: Queue | None
    max_batch_bytes: int
    max_batch_events: int

    def forward(
        self, payload: SubscriptionPayload, stream: LogStream, deadline: Deadline, tally: Tally
    ) -> None:
        """Delivers every event in order, or parks it, and counts the outcome of each.

        Raises:
            UndeliveredError: some events could not be parked either, so Lambda must keep the payload.
            TallyError: an event was not counted.
        """
        leftovers = self.deliver(payload, stream, deadline, tally)
        try:
            if leftovers:
                self.park(payload, leftovers, tally)
        finally:
            tally.check()

    def deliver(
        self,
        payload: SubscriptionPayload,
        stream: LogStream,
        deadline: Deadline,
        tally: Tally,
        *,
        has_history: bool = False,
    ) -> list[Leftover]:
        """Delivers the events in order; returns the leftovers, each at most one batch, UNREACHABLE last.

        `has_history` says that delivering them has failed several times (see `Delivery.send`).
        """
        tally.received += len(payload.logEvents)
        if not self.stages.selects(stream.log_type):
            tally.filtered += len(payload.logEvents)
            return []
        encoding = Encoding(self.stages, self.delivery.destination, stream, deadline, tally)
        batches = self._batches(encoding.encode(payload.logEvents))
        leftovers = self.delivery.send(batches, deadline, tally, has_history=has_history)
        leftovers = [*encoding.unencodable, *leftovers, *self._untried(encoding.untried)]
        if tally.delivered:
            tally.oldest_event_ms = max(time() * 1000 - payload.logEvents[0].timestamp, 0.0)
        for leftover in leftovers:
            tally.give_reason(leftover.reason, len(leftover.events))
        if was_seen_before(payload):
            tally.forget_findings()
        tally.details = sorted({*tally.details, *(leftover.detail for leftover in leftovers)} - {""})
        return leftovers

    def _batches(self, encoded: Iterator[tuple[LogEvent, bytes]]) -> Iterator[Batch]:
        of_the_destination = self.delivery.destination.max_events_per_request or self.max_batch_events
        max_events = min(self.max_batch_events, of_the_destination)
        return batched(encoded, max_bytes=self.max_batch_bytes, max_events=max_events)

    def _untried(self, events: list[LogEvent]) -> Iterator[Leftover]:
        for start in range(0, len(events), self.max_batch_events):
            some = events[start : start + self.max_batch_events]
            yield Leftover(some, Cause.UNREACHABLE, Failure.NO_TIME_LEFT)

    def park(self, payload: SubscriptionPayload, leftovers: list[Leftover], tally: Tally) -> None:
        """Sends leftovers to the queue of undelivered events, and counts them.

        Raises:
            UndeliveredError: some were not parked.
        """
        left = sum(len(leftover.events) for leftover in leftovers)
        unparked, fault = left, "no queue for undelivered events is configured"
        if self.undelivered is not None:
            try:
                together = gathered(leftovers, most_events=self.max_batch_events)
                unparked -= self.undelivered.send(messages_of(payload, together))
            except ParkingError as error:
                unparked, fault = error.unsent, str(error)
        tally.parked += left - unparked
        tally.kept += unparked
        if not unparked:
            tally.rejected += sum(len(left.events) for left in leftovers if left.cause is Cause.REJECTED)
            return
        why = "; ".join(f"{reason} ({explain(reason)})" for reason in tally.reasons)
        raise UndeliveredError(undelivered=unparked, received=tally.received, why=f"{why}; {fault}")
