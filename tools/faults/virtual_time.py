"""Real requests and real handlers on a virtual clock: no result depends on how busy the machine is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import override
from unittest import mock

from aws_lambda_powertools.utilities.typing import LambdaContext

from eks_log_forwarder import forward_handler, redrive_handler, stream_handler
from eks_log_forwarder.delivery.deadline import RESERVE_SECONDS, Deadline, delivery_deadline
from eks_log_forwarder.transport.client import Transport
from eks_log_forwarder.transport.exchange import Answer, Request
from eks_log_forwarder.transport.failures import Failure
from tools.faults.collector import Collector

_PATIENT = 10.0  # real seconds of a virtual one: only a machine that stands still times out
_HASTY = 0.01  # in front of a collector that never answers, which no patience would change
_READ_SECONDS = 60.0  # real time for the collector's thread to read a request that was sent


class Clock:
    """A monotonic clock that stands still until it is advanced."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        """The time in seconds."""
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Lets time pass."""
        self.seconds += seconds


class VirtualTimeTransport(Transport):
    """Sends real requests. Only a time-out takes virtual time, and as much as it would in production.

    `timeout_seconds` is when a faulty request times out, in virtual seconds; 0 where none does. The first
    `healthy_requests` are answered, so that they get all the real time they need.
    """

    def __init__(
        self,
        clock: Clock,
        collector: Collector,
        *,
        connect_timeout_seconds: float,
        read_timeout_seconds: float,
        timeout_seconds: float = 0.0,
    ) -> None:
        super().__init__(
            connect_timeout_seconds=connect_timeout_seconds * _PATIENT,
            read_timeout_seconds=read_timeout_seconds * _PATIENT,
            clock=clock,
        )
        self._virtual_clock = clock
        self._collector = collector
        self._healthy_requests = collector.healthy_requests
        self._timeout_seconds = timeout_seconds
        self._hasty_read_timeout_seconds = read_timeout_seconds * _HASTY

    @override
    def post(self, request: Request, *, within_seconds: float) -> Answer | Failure:
        """As the real one, in virtual seconds."""
        is_answered = self._healthy_requests > 0 or not self._timeout_seconds
        self._healthy_requests -= 1
        if is_answered:
            return super().post(request, within_seconds=within_seconds * _PATIENT)
        self._read_timeout_seconds = self._hasty_read_timeout_seconds
        result = super().post(request, within_seconds=within_seconds * _HASTY)
        self._collector.wait_until_kept(_READ_SECONDS)
        self._virtual_clock.advance(min(self._timeout_seconds, within_seconds))
        return result


@contextmanager
def handlers_on(clock: Clock) -> Iterator[None]:
    """The handlers take their deadlines from this clock."""

    def deadline(context: LambdaContext, *, reserve_seconds: float = RESERVE_SECONDS) -> Deadline:
        real = delivery_deadline(context, reserve_seconds=reserve_seconds)
        return Deadline.after(real.remaining_seconds(), clock)

    with (
        mock.patch.object(forward_handler, "delivery_deadline", deadline),
        mock.patch.object(redrive_handler, "delivery_deadline", deadline),
        mock.patch.object(stream_handler, "delivery_deadline", deadline),
    ):
        yield
