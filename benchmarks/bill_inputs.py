"""Measures what the bill is computed from: invocations with the memory of the template, their log, and sizes.

The same payloads as in the other tables, with detections and gzip. The kernel limits the process to the CPU
share of the memory size; where it cannot, CPU time is stretched instead.
"""

import base64
import gzip
import json
import math
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.cpu_share import CpuShare, CpuShareError, cpu_share_group
from benchmarks.memory import parking_environment
from benchmarks.own_log import OwnLog
from benchmarks.payloads import lines_of, payload_of, real_lines_source
from benchmarks.setups import WITH_DETECTIONS, setups
from benchmarks.throughput import EventFiles
from benchmarks.worker import Answer, Worker, running_worker
from tools.bill.lambda_time import cpu_share, stretched_us
from tools.bill.measured import Invocation, Measured, Payload
from tools.bill.stack import MEMORY_MB
from tools.bill.stack import REDRIVE_BATCH as MESSAGES
from tools.collector import Collector, Orders, running_collector
from tools.soak import run as soak

DELAY_MS = 5.0
EVENTS = (10, 50, 1000)
_EVENTS_OF_MESSAGES = (10, 50, 250)  # a message holds at most a batch, about 270 of these events
SAMPLE_SECONDS = 0.6
_MOST_TIMES = 400
_OK = 200
_UNAVAILABLE = 503


def measure_bill_inputs(
    folder: Path, rounds: int, machine: str, own_log: OwnLog, memory_mb: int = MEMORY_MB
) -> Measured:
    """Measures every kind of invocation; files of events go into the folder."""
    setup = next(setup for setup in setups() if setup.name == WITH_DETECTIONS)
    files = EventFiles(folder, max(EVENTS))
    with running_collector() as collector:
        quick = setup.environment() | parking_environment(collector.url) | {"RETRY_BUDGET_SECONDS": "0.3"}
        quick["DEAD_LETTER_QUEUE_URL"] = quick["UNDELIVERED_QUEUE_URL"]
        measure = _Measuring(collector, rounds, memory_mb, quick)
        forwarding = measure.invocations("ours", [(n, files.of(n)) for n in EVENTS])
        sent_bytes = measure.sent_bytes[min(EVENTS)]
        parking = measure.invocations("ours", [(n, files.of(n)) for n in EVENTS], is_down=True)
        messages = [(MESSAGES * n, _messages(folder, n)) for n in _EVENTS_OF_MESSAGES]
        redriving = measure.invocations("redrive", messages)
        keeping = measure.invocations("redrive", messages, is_down=True)
        plain = setup.environment() | {"DESTINATION_OPTIONS": '{"compression":"none"}'}
        plain_bytes = _sent_bytes(collector, files.of(min(EVENTS)), plain) / min(EVENTS)
        soaked = measure.invocations("redrive", [_soaked(folder)], delay_ms=0.0)
    return Measured(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=machine,
        lines=real_lines_source(),
        memory_mb=memory_mb,
        delay_ms=DELAY_MS,
        redrive_messages=MESSAGES,
        forwarding=forwarding,
        parking=parking,
        redriving=redriving,
        keeping=keeping,
        soaked=soaked[0],
        payload=_payload(sent_bytes, plain_bytes),
        metrics=own_log.metrics,
        further_metrics=own_log.further_metrics,
    )


class _Measuring:
    """Measures with one collector; `sent_bytes` are those of an event that it received, by payload."""

    def __init__(self, collector: Collector, rounds: int, memory_mb: int, environ: dict[str, str]) -> None:
        self._collector = collector
        self._rounds = rounds
        self._memory_mb = memory_mb
        self._environ = environ
        self.sent_bytes: dict[int, float] = {}

    def invocations(
        self,
        contender: str,
        events: list[tuple[int, Path]],
        *,
        is_down: bool = False,
        delay_ms: float = DELAY_MS,
    ) -> tuple[Invocation, ...]:
        """Each number of events in one warm process; with `is_down`, its circuit is open."""
        with running_worker(contender, self._collector.url, self._environ) as worker, _limit(worker) as share:
            orders = Orders(status=_UNAVAILABLE if is_down else _OK, delay_ms=delay_ms)
            self._collector.order(orders)
            worker.run(events[0][1], 2)
            return tuple(self._invocation(worker, share, orders, *one) for one in events)

    def _invocation(
        self, worker: Worker, share: CpuShare | None, orders: Orders, events: int, path: Path
    ) -> Invocation:
        """The least of several rounds: other programs on this machine only make it longer."""
        first = worker.run(path)
        times = int(min(max(SAMPLE_SECONDS / first.samples[0].wall_seconds, 1), _MOST_TIMES))
        whole, limited, log_bytes = [], [], 0.0
        for _ in range(self._rounds):
            self._collector.order(orders)
            answer = worker.run(path, times)
            self.sent_bytes[events] = self._collector.report().wire_bytes / times / events
            log_bytes = answer.log_bytes / times
            whole.append(fmean(sample.wall_seconds for sample in answer.samples) * 1000)
            if share is None:
                limited.append(_stretched_ms(answer, self._memory_mb))
            else:
                share.set(cpu_share(self._memory_mb))
                limited.append(_billed_ms(sample.wall_seconds for sample in worker.run(path, times).samples))
                share.set(1.0)
        return Invocation(events, round(min(limited), 2), round(min(whole), 2), round(log_bytes))


def _sent_bytes(collector: Collector, event: Path, environ: dict[str, str]) -> int:
    """What one invocation sends."""
    collector.order(Orders())
    with running_worker("ours", collector.url, environ) as worker:
        worker.run(event)
    return collector.report().wire_bytes


@contextmanager
def _limit(worker: Worker) -> Iterator[CpuShare | None]:
    """A control group with the worker's process in it; None where this machine does not let us make one."""
    with ExitStack() as stack:
        try:
            share = stack.enter_context(cpu_share_group())
        except CpuShareError:
            yield None
            return
        share.take(worker.pid)
        yield share


def _stretched_ms(answer: Answer, memory_mb: int) -> float:
    return _billed_ms(
        stretched_us(sample.wall_seconds, sample.cpu_seconds, memory_mb) for sample in answer.samples
    )


def _billed_ms(seconds: Iterable[float]) -> float:
    """The mean; Lambda rounds each up to the millisecond."""
    return fmean(math.ceil(one * 1000) for one in seconds)


def _soaked(folder: Path) -> tuple[int, Path]:
    """Messages with the payloads of the soak."""
    payloads = list(islice(soak.payloads(), MESSAGES))
    return MESSAGES * soak.EVENTS_PER_PAYLOAD, _sqs_event(folder / "soaked.json", payloads)


def _messages(folder: Path, events: int) -> Path:
    """Messages that hold so many log events each."""
    return _sqs_event(folder / f"messages-{events}.json", [payload_of(events).event] * MESSAGES)


def _sqs_event(path: Path, payloads: list[dict[str, Any]]) -> Path:
    """A file with the event of SQS whose messages are these payloads."""
    records = [
        {
            "messageId": f"{n}",
            "receiptHandle": f"{n}",
            "body": json.dumps(payload),
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1700000000000"},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-central-1:111122223333:undelivered",
            "awsRegion": "eu-central-1",
        }
        for n, payload in enumerate(payloads)
    ]
    path.write_text(json.dumps({"Records": records}), encoding="ascii")
    return path


def _payload(sent_bytes: float, plain_bytes: float) -> Payload:
    """The sizes of an event in a payload of the smallest number of events."""
    lines = [line.encode() for line in lines_of(max(EVENTS))]
    stored = gzip.compress(b"\n".join(lines), 6)  # the level of CloudWatch Logs (CloudWatch pricing, "Logs")
    data = payload_of(min(EVENTS)).event["awslogs"]["data"]
    streamed = len(base64.b64decode(data))
    return Payload(
        message_bytes=round(fmean(map(len, lines)), 1),
        sent_bytes=round(sent_bytes, 1),
        plain_bytes=round(plain_bytes, 1),
        parked_bytes=round(len(data) / min(EVENTS), 1),
        streamed_bytes=round(streamed / min(EVENTS), 1),
        stored_bytes=round(len(stored) / len(lines), 1),
    )
