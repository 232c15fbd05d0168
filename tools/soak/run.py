"""Calls the real handlers as Lambda does: one with payloads, the other with the queue's messages."""

from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from logging import StreamHandler
from time import monotonic

from eks_log_forwarder import forward_handler
from eks_log_forwarder.parking.messages import payload_of
from eks_log_forwarder.telemetry.publishing import logger
from tools.collector import Collector, Orders
from tools.faults.container import lambda_context, new_container
from tools.lambda_poller import Poller
from tools.local_aws import LocalAws
from tools.soak.balance import Balance, Summaries, memory_mb
from tools.soak.load import EVENTS_PER_PAYLOAD, POISON, payloads, poison_among

_QUARTERS = 4
_DRAIN_SECONDS = 180
_PROBE_SECONDS = 0.5  # a minute would be longer than most runs


class Soak:
    """One run: its queues, its collector, and the sums of the functions' summaries."""

    def __init__(self, aws: LocalAws, collector: Collector) -> None:
        sqs = aws.client("sqs")
        self._aws = aws
        self._collector = collector
        self._parked_url = sqs.create_queue(QueueName="undelivered")["QueueUrl"]
        self._dead_url = sqs.create_queue(QueueName="dead-letters")["QueueUrl"]
        self._poller = Poller(aws, self._parked_url)
        self._forwarded = Summaries()
        self._redriven = Summaries()
        self._payloads = payloads()
        self._put_in = 0

    def run(self, seconds: float) -> Balance:
        """Load for so many seconds; then the collector recovers, and the redrive empties the queue."""
        self._collector.order(Orders(is_failing=True, poison=POISON))
        started = monotonic()
        memory = []
        with printing_to(self._forwarded), new_container(self._environ()) as forwarder:
            forwarder.delivery.circuit.interval_seconds = _PROBE_SECONDS
            for quarter in range(1, _QUARTERS + 1):
                self._load_until(started + seconds * quarter / _QUARTERS)
                memory.append(memory_mb())
            took = monotonic() - started
            self._collector.order(Orders(poison=POISON, reset=False))
            is_empty = self._drain()
        received = self._collector.report()
        dead = self._dead()
        times = received.times
        missing = {n for n in range(self._put_in) if n >= len(times) or not times[n]}
        return Balance(
            put_in=self._put_in,
            poison=poison_among(self._put_in),
            forwarded=self._forwarded.totals,
            redriven=self._redriven.totals,
            arrived=received.distinct,
            duplicates=received.duplicates,
            dead=len(dead),
            lost=len(missing - dead),
            queue_is_empty=is_empty,
            requests=received.requests,
            failed_requests=received.failed,
            seconds=took,
            memory_mb=memory,
        )

    def _environ(self) -> dict[str, str]:
        return self._aws.environ() | {
            "DESTINATION": "xplg",
            "DESTINATION_URL": self._collector.url,
            "CONNECT_TIMEOUT_SECONDS": "0.2",
            "READ_TIMEOUT_SECONDS": "0.2",
            "RETRY_BUDGET_SECONDS": "0.3",
            "UNDELIVERED_QUEUE_URL": self._parked_url,
            "DEAD_LETTER_QUEUE_URL": self._dead_url,
            "REJECTED_TRIES": "2",
            "REDRIVE_BACKOFF_SECONDS": "1",
            "POWERTOOLS_SERVICE_NAME": "eks-log-forwarder-soak",
        }

    def _load_until(self, end: float) -> None:
        while monotonic() < end:
            forward_handler.handler(next(self._payloads), lambda_context())
            self._put_in += EVENTS_PER_PAYLOAD
            self._redrive()

    def _redrive(self) -> bool:
        with printing_to(self._redriven):
            return self._poller.redrive()

    def _drain(self) -> bool:
        give_up_at = monotonic() + _DRAIN_SECONDS
        while monotonic() < give_up_at:
            if not self._redrive() and self._poller.is_empty():
                return True
        return False

    def _dead(self) -> set[int]:
        letters = iter(Poller(self._aws, self._dead_url).receive, [])
        bodies = (message["Body"] for batch in letters for message in batch)
        return {int(event.id) for body in bodies for event in payload_of(body).logEvents}


@contextmanager
def printing_to(stream: Summaries) -> Iterator[None]:
    """Sends what the functions print and log to this stream."""
    streams = [(one, one.stream) for one in logger.handlers if isinstance(one, StreamHandler)]
    for handler, _ in streams:
        handler.setStream(stream)
    try:
        with redirect_stdout(stream):
            yield
    finally:
        for handler, before in streams:
            handler.setStream(before)
