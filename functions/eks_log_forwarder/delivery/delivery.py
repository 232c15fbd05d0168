"""Sends batches to one destination and returns what could not be delivered."""

import time
from collections.abc import Callable, Iterable, Iterator
from copy import replace
from itertools import chain, islice

import msgspec

from eks_log_forwarder.config.credentials import ReadSecret
from eks_log_forwarder.delivery.acknowledgement import Awaiting, confirm
from eks_log_forwarder.delivery.ahead import Ahead
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
from eks_log_forwarder.delivery.leftover import REFUSED_ALL, Cause, Leftover
from eks_log_forwarder.delivery.narrowing import Narrowing
from eks_log_forwarder.delivery.sending import MIN_EVENTS_OF_A_SETTING, Sending, has_status
from eks_log_forwarder.destinations.base import Destination
from eks_log_forwarder.telemetry.tally import Tally
from eks_log_forwarder.transport.client import Transport

# Finding one bad event in a batch of a thousand takes about 20 requests; this is enough for several.
MAX_REQUESTS_PER_BATCH = 100

MAX_SINGLES = 1000  # events of one request each that are judged together, as many as in a batch


class Delivery(msgspec.Struct, frozen=True):
    """One destination, with its HTTP session, its secret, its limits and the container's circuit breaker.

    `suspects_settings` says that a batch which is refused as a whole can wait for a setting to be corrected.
    """

    destination: Destination
    transport: Transport
    read_secret: ReadSecret
    retry_budget_seconds: float
    max_requests_per_batch: int = MAX_REQUESTS_PER_BATCH
    suspects_settings: bool = True
    proxy_url: str = ""
    backoff: Backoff = msgspec.field(default_factory=Backoff)
    circuit: CircuitBreaker = msgspec.field(default_factory=CircuitBreaker)
    sleep: Callable[[float], None] = time.sleep

    def send(
        self, batches: Iterable[Batch], deadline: Deadline, tally: Tally, *, has_history: bool = False
    ) -> list[Leftover]:
        """Delivers batches in order and returns the leftovers, those with the cause UNREACHABLE last.

        After a batch that finds the destination unreachable, the others are not tried. A rejected batch is
        halved until only the events at fault are rejected. `has_history` says that these events have failed
        several times: they are sent without retries, and halved even if the destination seems unreachable,
        because one event may be the reason. Acknowledgements are asked for when all batches are sent.

        While a request is on its way, the next batch is made, so that the collector's time and ours overlap.
        """
        leftovers: list[Leftover] = []
        awaiting: list[Awaiting] = []

        ahead = Ahead(batches)

        def send(batch: Batch) -> list[Leftover]:
            attempts = self._attempts(deadline, tally, ahead.make_next)
            return self._send(batch, attempts, awaiting, has_history=has_history)

        waiting: Iterator[Batch] = ahead
        while (batch := next(waiting, None)) is not None:
            if leftovers and leftovers[-1].cause is Cause.UNREACHABLE:
                leftovers.append(replace(leftovers[-1], events=batch.events))
                continue
            left = send(batch)
            if self._may_be_a_setting(left):
                singles = [batch, *islice(waiting, MAX_SINGLES - 1)]
                left, untried = self._try_three(singles, left, send)
                waiting = chain(untried, waiting)
            leftovers += left
        return leftovers + confirm(awaiting, self._attempts(deadline, tally), self.circuit)

    def _may_be_a_setting(self, left: list[Leftover]) -> bool:
        """Whether a setting may be why these single events are refused (see Narrowing)."""
        return (
            self.destination.max_events_per_request == 1
            and self.suspects_settings
            and self.circuit.last_accepted is None
            and bool(left)
            and all(one.cause is Cause.REJECTED and has_status(one.reason, 400, 404) for one in left)
        )

    def _try_three(
        self, singles: list[Batch], left: list[Leftover], send: Callable[[Batch], list[Leftover]]
    ) -> tuple[list[Leftover], list[Batch]]:
        """Tries the last and the middle event too; returns the leftovers and the untried events.

        If all three are refused, all wait.
        """
        tried = {0}
        if len(singles) >= MIN_EVENTS_OF_A_SETTING:
            for position in (len(singles) - 1, len(singles) // 2):
                left += send(singles[position])
                tried.add(position)
                if not self._may_be_a_setting(left):
                    break
            else:
                events = [event for one in singles for event in one.events]
                return [Leftover(events, Cause.REFUSED_ALL, REFUSED_ALL)], []
        return left, [one for position, one in enumerate(singles) if position not in tried]

    def _attempts(
        self, deadline: Deadline, tally: Tally, meanwhile: Callable[[], None] | None = None
    ) -> Attempts:
        return Attempts(
            self.destination,
            self.transport,
            self.read_secret,
            self.sleep,
            deadline,
            tally,
            meanwhile,
            self.proxy_url,
        )

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
