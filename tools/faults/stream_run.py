"""Runs a row of the stream's matrix: the fault, the checkpoint, and what became of every event."""

import json
from base64 import b64decode
from collections import Counter
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, dataclass
from typing import Any
from unittest import mock
from uuid import uuid4

from eks_log_forwarder import wiring
from eks_log_forwarder.delivery.delivery import Delivery
from eks_log_forwarder.errors import PayloadError, SettingsError
from eks_log_forwarder.parking.messages import payload_of
from tools.faults.collector import Collector
from tools.faults.container import captured, new_container
from tools.faults.row import plain, refusing
from tools.faults.run import on_virtual_time, shows_a_token, summaries_in
from tools.faults.speech import SPEECHES
from tools.faults.stage import TOKEN, Stage
from tools.faults.stream_rows import EVENTS_PER_RECORD, RECORDS, StreamOutcome, StreamRow
from tools.faults.virtual_time import Clock, handlers_on
from tools.lambda_poller import Poller
from tools.local_aws import LocalAws
from tools.make_event import Source, data_message, encode_event, stream_name
from tools.stream_poller import StreamPoller

_MOST_POLLS = 10


@dataclass(frozen=True, slots=True)
class StreamFound:
    """What became of a row's records."""

    outcome: StreamOutcome
    lost: int = 0
    out_of_order: bool = False
    token_leaked: bool = False
    queue_is_empty: bool = True

    def faults(self, row: StreamRow) -> list[str]:
        """How this differs from what was promised; empty if it does not."""
        promised = asdict(StreamFound(row.promised))
        return [
            f"{name}: {value}, promised was {promised[name]}"
            for name, value in asdict(self).items()
            if value != promised[name]
        ]


def run_stream(row: StreamRow, aws: LocalAws) -> StreamFound:
    """Puts the records, invokes the function once with the fault, and then until all is settled."""
    speech = SPEECHES["xplg"]
    stage, clock = Stage(aws, speech), Clock()
    collector = Collector(TOKEN, row.script, speech, 1, stage.rotate)
    records = [_record(number) for number in range(RECORDS)]
    ids = [event["id"] for record in records for event in record["logEvents"]]
    put = [b64decode(json.loads(encode_event(record))["awslogs"]["data"]) for record in records]
    if row.poison:
        put.insert(1, row.poison)
    poller = StreamPoller(aws, _stream_of(aws, put), remaining_ms=row.remaining_ms)

    def on_clock(delivery: Delivery, timeout_seconds: float = 0.0) -> Delivery:
        return on_virtual_time(delivery, clock, collector, timeout_seconds)

    with captured() as text, handlers_on(clock):
        with ExitStack() as fault:
            environ = stage.environ(fault.enter_context(plain(collector)) + speech.path)
            if not row.queues_reachable:
                environ["AWS_ENDPOINT_URL_SQS"] = fault.enter_context(refusing())
            fault.enter_context(
                new_container(environ, lambda delivery: on_clock(delivery, row.timeout_seconds))
            )
            if not row.settings_right:
                fault.enter_context(_wrong_settings())
            started = clock()
            passed = poller.poll()
            seconds = round(clock() - started, 3)
        first = text.getvalue()
        collector.script, collector.healthy_requests = row.after, 0
        with plain(collector) as origin, new_container(stage.environ(origin + speech.path), on_clock):
            for _ in range(_MOST_POLLS):
                if not poller.poll():
                    break
            first_taken = list(dict.fromkeys(collector.taken_ids))
            is_empty = stage.redrive()
    counts: Counter[str] = Counter()
    for summary in summaries_in(first):
        counts.update({name: value for name, value in summary.items() if name.startswith("Events")})
    dead, buried = _dead_letters(aws, stage)
    taken = set(collector.taken_ids)
    return StreamFound(
        outcome=StreamOutcome(
            passed=passed,
            delivered=counts["EventsDelivered"],
            parked=counts["EventsParked"],
            kept=counts["EventsKept"],
            reason=", ".join(sorted({why for one in summaries_in(first) for why in one.get("reasons", ())})),
            seconds=seconds,
            in_the_end=len(taken & set(ids)),
            duplicates=len(collector.taken_ids) - len(taken),
            buried=buried,
            dead=len(dead),
        ),
        lost=len(set(ids) - taken - dead),
        out_of_order=first_taken != sorted(first_taken, key=ids.index),
        token_leaked=shows_a_token(text.getvalue()),
        queue_is_empty=is_empty,
    )


def _wrong_settings() -> AbstractContextManager[object]:
    """A container whose environment does not make a forwarder."""
    return mock.patch.object(wiring, "forwarder", side_effect=SettingsError(["DESTINATION is wrong"]))


def _record(number: int) -> dict[str, Any]:
    start = number * EVENTS_PER_RECORD
    lines = [
        f'I0114 10:00:00.000000      11 fault.go:1] "event {event}"'
        for event in range(start, start + EVENTS_PER_RECORD)
    ]
    return data_message(lines, Source(stream_name("api", "demo")))


def _stream_of(aws: LocalAws, records: list[bytes]) -> str:
    kinesis, name = aws.client("kinesis"), uuid4().hex
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
    for record in records:
        kinesis.put_record(StreamName=name, Data=record, PartitionKey="a")
    return name


def _dead_letters(aws: LocalAws, stage: Stage) -> tuple[set[str], int]:
    """The ids of the events in the dead-letter queue, and how many records there are no payloads."""
    ids: set[str] = set()
    buried = 0
    poller = Poller(aws, stage.dead_letters)
    for message in (message for batch in iter(poller.receive, []) for message in batch):
        try:
            ids |= {event.id for event in payload_of(message["Body"]).logEvents}
        except PayloadError:
            buried += 1
    return ids, buried
