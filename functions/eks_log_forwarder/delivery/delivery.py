"""Sends batches to one destination and returns what could not be delivered."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from eks_log_forwarder.config.credentials import ReadSecret
from eks_log_forwarder.delivery.acknowledgement import Awaiting, confirm
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
    """One destination, with its HTTP session, its secret, its limits and the container's circuit breaker.

    `suspects_settings` says that a batch which is refused as a whole can wait for a setting to be corrected.
    """

    destination: Destination
    transport: Transport
    read_secret: ReadSecret
    retry_budget_seconds: float
    max_requests_per_batch: int = MAX_REQUESTS_PER_BATCH
    suspects_settings: bool = True
    backoff: Backoff = field(default_factory=Backoff)
    circuit: CircuitBreaker = field(default_factory=CircuitBreaker)
    sleep: Callable[[float], None] = time.sleep

    def send(
        self, batches: Iterable[Batch], deadline: Deadline, tally: Tally, *, has_history: bool = False
    ) -> list[Leftover]:
        """Delivers batches in order and returns the leftovers, those with the cause UNREACHABLE last.

        After a batch that finds the destination unreachable, the others are not tried. A rejected batch is
        halved until only the events at fault are rejected. `has_history` says that these events have failed
        several times: they are sent without retries, and halved even if the destination seems unreachable,
        because one event may be the reason. Acknowledgements are asked for when all batches are sent.
        """
        leftovers: list[Leftover] = []
        awaiting: list[Awaiting] = []
        for batch in batches:
            if leftovers and leftovers[-1].cause is Cause.UNREACHABLE:
                leftovers.append(replace(leftovers[-1], events=batch.events))
            else:
                attempts = self._attempts(deadline, tally)
                leftovers += self._send(batch, attempts, awaiting, has_history=has_history)
        return leftovers + confirm(awaiting, self._attempts(deadline, tally), self.circuit)

    def _attempts(self, deadline: Deadline, tally: Tally) -> Attempts:
        return Attempts(self.destination, self.transport, self.read_secret, self.sleep, deadline, tally)

    def _send(
        self, batch: Batch, attempts: Attempts, awaiting: list[Awaiting], *, has_history: bool
    ) -> list[Leftover]:
        gate = self.circuit.gate()
        if gate is Gate.OPEN:
            return [Leftover(batch.events, Cause.UNREACHABLE, CIRCUIT_OPEN)]
        if gate is Gate.PROBE:
            attempts.connect_timeout_seconds = PROBE_CONNECT_TIMEOUT_SECONDS
        sending = Sending(
            attempts=attempts,
            circuit=self.circuit,
            backoff=self.backoff,
            retry_budget_seconds=self.retry_budget_seconds,
            max_requests=self.max_requests_per_batch,
            suspects_settings=self.suspects_settings,
            awaiting=awaiting,
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
