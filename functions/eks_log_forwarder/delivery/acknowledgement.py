"""Batches that the collector has received and whose outcome it reports later.

All batches of an invocation are sent first, and their outcomes are then asked for together: a collector that
needs a second to index a batch costs the invocation one second, not one for each batch.
"""

from collections.abc import Sequence

from eks_log_forwarder.delivery.attempts import Attempts
from eks_log_forwarder.delivery.batch import Batch
from eks_log_forwarder.delivery.circuit_breaker import CircuitBreaker
from eks_log_forwarder.delivery.leftover import Cause, Leftover
from eks_log_forwarder.destinations.base import Pending
from eks_log_forwarder.destinations.outcomes import Unreachable
from eks_log_forwarder.transport.failures import Failure

type Awaiting = tuple[Batch, Pending]

FIRST_PAUSE_SECONDS = 0.1
PAUSE_SECONDS = 0.5  # an indexer needs seconds under load; a question is a few bytes


def confirm(awaiting: Sequence[Awaiting], attempts: Attempts, circuit: CircuitBreaker) -> list[Leftover]:
    """Asks until every batch is acknowledged or the time is up; returns the batches that are not."""
    waiting = list(awaiting)
    pause_seconds, detail = FIRST_PAUSE_SECONDS, ""
    while waiting and not detail and pause_seconds < attempts.deadline.remaining_seconds():
        attempts.sleep(pause_seconds)
        pause_seconds = PAUSE_SECONDS
        answer = attempts.ask([pending for _, pending in waiting])
        if isinstance(answer, Failure):
            continue  # the collector has the batches and may still report their outcome
        acknowledged = waiting[0][1].understand(answer)
        if isinstance(acknowledged, Unreachable):
            detail = acknowledged.detail
            continue
        for batch, pending in waiting:
            if pending.ticket in acknowledged:
                attempts.tally.delivered += len(batch)
                circuit.accept(batch.encoded[0])
        waiting = [(batch, pending) for batch, pending in waiting if pending.ticket not in acknowledged]
    return [Leftover(batch.events, Cause.UNREACHABLE, pending.reason, detail) for batch, pending in waiting]
