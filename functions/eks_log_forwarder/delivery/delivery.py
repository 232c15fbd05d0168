"""Sends batches to one destination and returns what could not be delivered."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from eks_log_forwarder.config.credentials import ReadSecret
from eks_log_forwarder.delivery.attempts import Attempts
from eks_log_forwarder.delivery.backoff import Backoff
from eks_log_forwarder.delivery.batch import Batch
from eks_log_forwarder.delivery.circuit_breaker import (
    CIRCUIT_OPEN,
    PROBE_CONNECT_TIMEOUT_SECONDS,
    CircuitBreaker,
    Gate,
)
from eks_log_forwarder.delivery.deadline import Deadline
from eks_log_forwarder.delivery.isolating import Isolating
from eks_log_forwarder.delivery.leftover import Cause, Leftover
from eks_log_forwarder.delivery.narrowing import Narrowing
from eks_log_forwarder.delivery.sending import Sending
from eks_log_forwarder.destinations.base import Destination
from eks_log_forwarder.telemetry.tally import Tally
from eks_log_forwarder.transport.client import Transport

# Finding one bad event in a batch of a thousand takes about 20 requests; this is enough for several.
MAX_REQUESTS_PER_BATCH = 100


@dataclass(frozen=True, slots=True)
class Delivery:
    """One destination, with its HTTP session, its secret, its limits and the container's circuit breaker."""

    destination: Destination
    transport: Transport
    read_secret: ReadSecret
    retry_budget_seconds: float
    max_requests_per_batch: int = MAX_REQUESTS_PER_BATCH
    backoff: Backoff = field(default_factory=Backoff)
    circuit: CircuitBreaker = field(default_factory=CircuitBreaker)
    sleep: Callable[[float], None] = time.sleep

    def send(
        self, batch: Batch, deadline: Deadline, tally: Tally, *, has_history: bool = False
    ) -> list[Leftover]:
        """Delivers a batch in order and returns the leftovers in order.

        A rejected batch is halved until only the events at fault are rejected. `has_history` says that these
        events have failed at several times: they are sent without retries, and halved even if the destination
        seems unreachable, because one event may be the reason. A leftover with the cause UNREACHABLE comes
        last: the retry budget is used up, and the next batch is not tried.
        """
        gate = self.circuit.gate()
        if gate is Gate.OPEN:
            return [Leftover(batch.events, Cause.UNREACHABLE, CIRCUIT_OPEN)]
        attempts = Attempts(self.destination, self.transport, self.read_secret, self.sleep, deadline, tally)
        if gate is Gate.PROBE:
            attempts.connect_timeout_seconds = PROBE_CONNECT_TIMEOUT_SECONDS
        sending = Sending(
            attempts=attempts,
            circuit=self.circuit,
            backoff=self.backoff,
            retry_budget_seconds=self.retry_budget_seconds,
            max_requests=self.max_requests_per_batch,
            retries=gate is Gate.CLOSED and not has_history,
        )
        unsent = Narrowing(sending).send(batch)
        if unsent and has_history and gate is Gate.CLOSED:
            unsent = Isolating(sending).send(*unsent)
        if attempts.is_out_of_reach is not None:
            if unsent and attempts.is_out_of_reach:
                self.circuit.open()
            else:
                self.circuit.close()
        if unsent:
            rest, why = unsent
            sending.leftovers.append(Leftover(rest.events, Cause.UNREACHABLE, why.reason, why.detail))
        return sending.leftovers
