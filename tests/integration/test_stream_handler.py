"""The stream handler behind a poller that keeps checkpoints, with MiniStack and a real collector."""

import base64
import json
from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from tests.payloads import event_of
from tests.payloads import payload_of as payload_in_json
from tools.faults.collector import Collector
from tools.faults.scripts import TAKE_ALL, answering, rejecting
from tools.lambda_poller import Poller
from tools.local_aws import LocalAws
from tools.stream_poller import StreamPoller

NO_QUEUE = "http://127.0.0.1:9/000000000000/none"  # port 9, "discard", on which nothing listens


@dataclass
class Stream:
    """A stream of one shard, and the queues that the handler finds by its environment."""

    aws: LocalAws
    environment: pytest.MonkeyPatch
    name: str
    undelivered: str
    dead_letters: str

    def put(self, *data: bytes) -> None:
        """Records, in order."""
        for each in data:
            self.aws.client("kinesis").put_record(StreamName=self.name, Data=each, PartitionKey="a")

    def poller(self, batch_size: int = 100) -> StreamPoller:
        """An event source that begins at the oldest record."""
        return StreamPoller(self.aws, self.name, batch_size)

    def parked(self) -> list[str]:
        """What the parked events say."""
        return [event.message for event in Poller(self.aws, self.undelivered).events()]

    def dead(self) -> list[dict[str, Any]]:
        """The bodies of the dead letters."""
        answer = self.aws.client("sqs").receive_message(
            QueueUrl=self.dead_letters, MaxNumberOfMessages=10, WaitTimeSeconds=0
        )
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


@pytest.fixture
def stream(aws: LocalAws, environment: pytest.MonkeyPatch) -> Stream:
    """A new stream and two new queues."""
    for name, value in aws.environ().items():
        if name.startswith("AWS_"):
            environment.setenv(name, value)
    name, sqs = uuid4().hex, aws.client("sqs")
    aws.client("kinesis").create_stream(StreamName=name, ShardCount=1)
    aws.client("kinesis").get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
    urls = [sqs.create_queue(QueueName=f"{name}-{kind}")["QueueUrl"] for kind in ("parked", "dead")]
    made = Stream(aws, environment, name, *urls)
    environment.setenv("UNDELIVERED_QUEUE_URL", made.undelivered)
    environment.setenv("DEAD_LETTER_QUEUE_URL", made.dead_letters)
    environment.setenv("RETRY_BUDGET_SECONDS", "0.1")
    return made


def record_of(*messages: str) -> bytes:
    """A record of these lines, as CloudWatch Logs puts it: gzip, without base64. A line is its own id."""
    payload = payload_in_json(*messages)
    for event in payload["logEvents"]:
        event["id"] = event["message"]
    return base64.b64decode(event_of(payload)["awslogs"]["data"])


def test_every_record_is_delivered_once_and_in_order(stream: Stream, collector: Collector) -> None:
    """In batches; the checkpoint passes all of them."""
    lines = [f"line {number}" for number in range(7)]
    stream.put(*map(record_of, lines))
    poller = stream.poller(batch_size=3)
    assert [poller.poll() for _ in range(4)] == [3, 3, 1, 0]
    assert collector.taken_ids == lines


def test_the_checkpoint_stops_at_the_first_record_that_cannot_be_parked(
    stream: Stream, collector: Collector
) -> None:
    """While collector and queue are down nothing passes; afterwards each arrives once, in order."""
    stream.put(record_of("a"), record_of("b"), record_of("c"))
    stream.environment.setenv("UNDELIVERED_QUEUE_URL", NO_QUEUE)
    poller = stream.poller()
    collector.script = answering(404)
    assert [poller.poll(), poller.poll()] == [0, 0]
    assert collector.taken_ids == []
    collector.script = TAKE_ALL
    assert [poller.poll(), poller.poll()] == [3, 0]
    assert collector.taken_ids == ["a", "b", "c"]


def test_records_before_the_first_that_stays_do_not_come_again(stream: Stream, collector: Collector) -> None:
    """One is refused, and the queue is down: its predecessor is done, its successor waits."""
    stream.put(record_of("a"), record_of("bad"), record_of("c"))
    stream.environment.setenv("UNDELIVERED_QUEUE_URL", NO_QUEUE)
    poller = stream.poller()
    collector.script = rejecting("bad")
    assert [poller.poll(), poller.poll()] == [1, 0]
    assert collector.taken_ids == ["a"]


def test_a_poison_record_is_buried_and_its_neighbours_arrive(stream: Stream, collector: Collector) -> None:
    """Records that are no payload do not block the shard."""
    stream.put(record_of("a"), b"poison", record_of("b"))
    assert stream.poller().poll() == 3
    assert collector.taken_ids == ["a", "b"]
    (dead,) = stream.dead()
    assert base64.b64decode(dead["awslogs"]["data"]) == b"poison"


def test_a_broken_collector_parks_everything_and_the_checkpoint_goes_on(
    stream: Stream, collector: Collector
) -> None:
    """What is parked is in the queue, each event once."""
    collector.script = answering(503)
    stream.put(record_of("a", "b"), record_of("c"))
    assert stream.poller().poll() == 2
    assert Counter(stream.parked()) == {"a": 1, "b": 1, "c": 1}


def test_wrong_settings_pass_no_record(stream: Stream, collector: Collector) -> None:
    """The handler raises; Lambda bisects down to one record, which stays, too."""
    stream.environment.setenv("MAX_BATCH_EVENTS", "many")
    stream.put(*(record_of(f"{number}") for number in range(4)))
    poller = stream.poller()
    assert (poller.poll(), poller.invocations) == (0, 3)
    stream.environment.setenv("MAX_BATCH_EVENTS", "1000")
    assert poller.poll() == 4
    assert collector.taken_ids == ["0", "1", "2", "3"]
