"""The pipeline: what happens to the events of one payload, from end to end."""

from collections.abc import Iterator

from eks_log_forwarder.batching import batched
from eks_log_forwarder.deadline import Deadline
from eks_log_forwarder.delivery import Delivery
from eks_log_forwarder.errors import UndeliveredError
from eks_log_forwarder.outcomes import Delivered
from eks_log_forwarder.records import LogEvent, SubscriptionPayload
from eks_log_forwarder.stream import LogStream
from eks_log_forwarder.tally import Tally


class Forwarder:
    """Carries payloads to one destination."""

    def __init__(self, delivery: Delivery, *, max_batch_bytes: int, max_batch_events: int) -> None:
        self._delivery = delivery
        self._destination = delivery.destination
        self._max_batch_bytes = max_batch_bytes
        self._max_batch_events = min(
            max_batch_events, self._destination.max_events_per_request or max_batch_events
        )

    def forward(
        self, payload: SubscriptionPayload, stream: LogStream, deadline: Deadline, tally: Tally
    ) -> None:
        """Delivers every event, in order, and counts what became of each.

        Raises:
            UndeliveredError: a batch was not delivered; it and those behind it are left to Lambda.
        """
        tally.received += len(payload.logEvents)
        for batch in batched(
            self._encoded(payload, stream), max_bytes=self._max_batch_bytes, max_events=self._max_batch_events
        ):
            outcome = self._delivery.send(batch, deadline, tally)
            if not isinstance(outcome, Delivered):
                raise UndeliveredError(
                    undelivered=tally.received - tally.delivered,
                    received=tally.received,
                    reason=outcome.reason,
                )
            tally.delivered += len(batch)

    def _encoded(self, payload: SubscriptionPayload, stream: LogStream) -> Iterator[tuple[LogEvent, bytes]]:
        for event in payload.logEvents:
            yield event, self._destination.encode(stream.record(event))
