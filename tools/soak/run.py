"""Calls the real handlers as Lambda does: one with payloads, the other with the queue's messages."""

import json
from collections.abc import Iterator
from itertools import count
from time import monotonic, time
from typing import Any

from eks_log_forwarder import forward_handler
from tools.collector import Collector, Orders
from tools.faults.container import new_container, printing_to
from tools.lambda_context import lambda_context
from tools.lambda_poller import Poller
from tools.local_aws import LocalAws
from tools.make_event import Source, data_message, encode_event, example_lines, stream_name
from tools.process_memory import memory_bytes
from tools.soak.balance import Balance, Summaries

EVENTS_PER_PAYLOAD = 200
POISON = "an event that the collector never takes"
_POISON_EVERY = 2_001
_MEGABYTE = 1_000_000
_BACKLOG_PAYLOADS = 100
_UNAVAILABLE = 503
_QUARTERS = 4
_DRAIN_SECONDS = 180
_PROBE_SECONDS = 0.5  # a minute would be longer than most runs


def poison_among(events: int) -> int:
    """The number of poison events among the first `events`."""
    return events // _POISON_EVERY


def payloads() -> Iterator[dict[str, Any]]:
    """The events of the forward function, without end: audit lines with the ids 0, 1, 2 …, and poison."""
    lines = example_lines("audit")
    poison = f'I0114 10:00:00.000000      11 soak.go:1] "{POISON}"'
    stream = stream_name("audit", "demo")
    for first in count(0, EVENTS_PER_PAYLOAD):
        numbers = range(first, first + EVENTS_PER_PAYLOAD)
        messages = [lines[n % len(lines)] if (n + 1) % _POISON_EVERY else poison for n in numbers]
        payload = data_message(messages, Source(stream, start_ms=int(time() * 1000), step_ms=0))
        for number, event in zip(numbers, payload["logEvents"], strict=True):
            event["id"] = f"{number:056}"
        yield json.loads(encode_event(payload))


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
        """Load for so many seconds, and an outage; then the collector recovers, and the queue is emptied."""
        self._collector.order(Orders(is_failing=True, poison=POISON))
        started = monotonic()
        memory = []
        with printing_to(self._forwarded), new_container(self._environ()) as forwarder:
            forwarder.delivery.circuit.interval_seconds = _PROBE_SECONDS
            for quarter in range(1, _QUARTERS + 1):
                self._load_until(started + seconds * quarter / _QUARTERS)
                memory.append(memory_bytes()[0] / _MEGABYTE)
            took, loaded = monotonic() - started, self._put_in
            self._park()
            self._collector.order(Orders(poison=POISON, reset=False))
            before = self._redriven_so_far()
            is_empty = self._drain()
            drained = [now - then for now, then in zip(self._redriven_so_far(), before, strict=True)]
        received = self._collector.report()
        dead = {int(event.id) for event in Poller(self._aws, self._dead_url).events()}
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
            peak_mb=memory_bytes()[1] / _MEGABYTE,
            memory_mb=memory,
            loaded=loaded,
            drained_messages=int(drained[0]),
            drained_events=int(drained[1]),
            drain_seconds=drained[2],
        )

    def _redriven_so_far(self) -> tuple[float, float, float]:
        """Messages, events, and the seconds of the redrive's handler."""
        return self._poller.delivered, self._redriven.totals["EventsRedriven"], self._poller.seconds

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

    def _park(self) -> None:
        """An outage, so that the redrive finds a backlog when the collector recovers."""
        self._collector.order(Orders(status=_UNAVAILABLE, poison=POISON, reset=False))
        for _ in range(_BACKLOG_PAYLOADS):
            forward_handler.handler(next(self._payloads), lambda_context())
            self._put_in += EVENTS_PER_PAYLOAD

    def _redrive(self) -> bool:
        with printing_to(self._redriven):
            return self._poller.redrive()

    def _drain(self) -> bool:
        give_up_at = monotonic() + _DRAIN_SECONDS
        while monotonic() < give_up_at:
            if not self._redrive() and self._poller.is_empty():
                return True
        return False
