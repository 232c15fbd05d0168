"""A model of the collector and the clock, without sockets or real time.

Every fault is given in advance, so that a test can choose faults at random and repeat a failure.
"""

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import override

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.destinations.base import Destination, Pending
from eks_log_forwarder.destinations.outcomes import Outcome, PerEvent, outcome_of_status
from eks_log_forwarder.record.record import Record
from eks_log_forwarder.transport.client import Transport
from eks_log_forwarder.transport.exchange import Answer, Request
from eks_log_forwarder.transport.failures import Failure
from tools.faults.virtual_time import Clock

MULTI_STATUS = 207


class KilledError(BaseException):
    """The container is killed during its work; no code of the function may catch this."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What the collector does to one request.

    `taken` says that it stored the events although its answer does not say so; `by_event` are the statuses
    that it gives to one event after the other, in turn, where it answers MULTI_STATUS.
    """

    answer: int | Failure | KilledError
    by_event: tuple[int, ...] = ()
    body: bytes = b""
    retry_after_seconds: float | None = None
    taken: bool = False
    seconds: float = 0.1


@dataclass(frozen=True, slots=True)
class AnswersByEvent:
    """A destination whose collector may say of each event what became of it: a JSON array of statuses."""

    destination: Destination

    @property
    def max_events_per_request(self) -> int | None:
        """As the destination's."""
        return self.destination.max_events_per_request

    def encode(self, record: Record) -> bytes:
        """As the destination's."""
        return self.destination.encode(record)

    def request(self, encoded: Sequence[bytes], credentials: Credentials) -> Request:
        """As the destination's."""
        return self.destination.request(encoded, credentials)

    def outcome(self, answer: Answer, events: int) -> Outcome | Pending:
        """By event where the answer says so."""
        if answer.status != MULTI_STATUS:
            return self.destination.outcome(answer, events)
        return PerEvent(tuple(map(outcome_of_status, json.loads(answer.body))))


class Collector(Transport):
    """Applies one fault per request; then accepts every event except the poison."""

    def __init__(  # noqa: PLR0913  # all that a collector can do wrong
        self,
        clock: Clock,
        faults: list[Fault],
        *,
        poison: frozenset[str],
        firewall: frozenset[str] = frozenset(),
        most_events: int,
        by_event: bool,
    ) -> None:
        super().__init__(connect_timeout_seconds=1, read_timeout_seconds=1)
        self.received: dict[str, str] = {}
        self.requests = 0
        self._time = clock
        self._faults = deque(faults)
        self._poison = poison
        self._firewall = firewall
        self._most_events = most_events
        self._by_event = by_event

    @override
    def post(self, request: Request, *, within_seconds: float) -> Answer | Failure:
        """As the real one: an answer or a failure within the time given, and nothing sent without time."""
        if within_seconds <= 0:
            return Failure.NO_TIME_LEFT
        self.requests += 1
        if request.meanwhile is not None:
            request.meanwhile()
        events = {record["id"]: record["message"] for record in map(json.loads, request.body.splitlines())}
        fault = self._faults.popleft() if self._faults else self._healthy(events)
        self._time.advance(min(fault.seconds, within_seconds))
        body = self._take(events, fault)
        if isinstance(fault.answer, KilledError):
            raise fault.answer
        if fault.seconds >= within_seconds:
            return Failure.ANSWER_TIMEOUT
        if isinstance(fault.answer, Failure):
            return fault.answer
        return Answer(fault.answer, body, fault.retry_after_seconds)

    def _take(self, events: dict[str, str], fault: Fault) -> bytes:
        """Stores what the fault lets it store, and never the poison; the answer's body."""
        statuses = list(islice(cycle(fault.by_event or (200,)), len(events)))
        statuses = [
            400 if one in self._poison else status for one, status in zip(events, statuses, strict=True)
        ]
        if fault.taken or fault.answer == MULTI_STATUS or (fault.answer == 200 and not fault.body):
            given = zip(events.items(), statuses, strict=True)
            self.received |= dict(event for event, status in given if status == 200)
        return json.dumps(statuses).encode() if fault.answer == MULTI_STATUS else fault.body

    def _healthy(self, events: dict[str, str]) -> Fault:
        if self._firewall & events.keys():
            return Fault(403)
        if len(events) > self._most_events:
            return Fault(413)
        if not self._poison & events.keys():
            return Fault(200)
        if self._by_event:
            return Fault(MULTI_STATUS)
        return Fault(400)
