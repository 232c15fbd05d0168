"""The whole redrive handler: MiniStack's queues, a real collector, and what is printed on the way."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from eks_log_forwarder.errors import SettingsError
from eks_log_forwarder.parking.messages import payload_of
from eks_log_forwarder.redrive_handler import handler
from tests.conftest import LambdaContext
from tests.payloads import event_of
from tests.payloads import payload_of as payload_in_json
from tools.faults.collector import Collector
from tools.faults.scripts import TAKE_ALL, answering, rejecting
from tools.lambda_poller import sqs_event
from tools.listener.http_server import Incoming, Reply
from tools.local_aws import LocalAws

type Printed = Callable[[], str]

BACKOFF_SECONDS = 60  # longer than a test


@dataclass
class Queues:
    """A queue and its dead-letter queue; what Lambda's event source does with them."""

    sqs: Any
    queue: str
    dead_letters: str

    def park(self, *bodies: str) -> None:
        """Messages, in order."""
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.queue, MessageBody=body)

    def receive(self, url: str | None = None) -> list[dict[str, Any]]:
        """What is visible now."""
        answer = self.sqs.receive_message(
            QueueUrl=url or self.queue,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=0,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages

    def invoke(self, receive_count: int = 1) -> list[str]:
        """One invocation with all that is visible; the bodies of what stays, the rest is deleted."""
        messages = self.receive()
        for message in messages:
            message["Attributes"]["ApproximateReceiveCount"] = str(receive_count)
        answer = handler(sqs_event(messages), LambdaContext())  # type: ignore[arg-type]  # as far as it is looked at
        assert set(answer) == {"batchItemFailures"}
        kept = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        for message in messages:
            if message["MessageId"] not in kept:
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return [message["Body"] for message in messages if message["MessageId"] in kept]

    def counts(self) -> tuple[int, int]:
        """How many messages of the queue are visible, and how many hidden."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"]
        return (int(found[names[0]]), int(found[names[1]]))


@pytest.fixture
def queues(aws: LocalAws, environment: pytest.MonkeyPatch) -> Queues:
    """Two new queues, which the handler finds by its environment."""
    for name, value in aws.environ().items():
        if name.startswith("AWS_"):
            environment.setenv(name, value)
    sqs, name = aws.client("sqs"), uuid4().hex
    made = Queues(
        sqs,
        sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "0"})["QueueUrl"],
        sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"],
    )
    environment.setenv("UNDELIVERED_QUEUE_URL", made.queue)
    environment.setenv("DEAD_LETTER_QUEUE_URL", made.dead_letters)
    environment.setenv("REDRIVE_BACKOFF_SECONDS", str(BACKOFF_SECONDS))
    return made


def body_of(*messages: str) -> str:
    """A message that holds these lines, as we park them."""
    return json.dumps(event_of(payload_in_json(*messages)))


def lines(printed: str) -> list[dict[str, Any]]:
    """The printed lines that are JSON."""
    return [json.loads(line) for line in printed.splitlines() if line.startswith("{")]


def test_both_shapes_of_message_are_delivered_and_deleted(queues: Queues, collector: Collector) -> None:
    """Ours, and Lambda's record of a failed invocation."""
    record = json.dumps({"version": "1.0", "requestPayload": json.loads(body_of("c"))})
    queues.park(body_of("a", "b"), record)
    assert queues.invoke() == []
    assert len(collector.taken_ids) == 3
    assert queues.counts() == (0, 0)
    assert queues.receive(queues.dead_letters) == []


def test_an_outage_keeps_every_message_and_is_no_error(queues: Queues, collector: Collector) -> None:
    """The handler returns; one request is made for all of them, and each is hidden for its back-off."""
    requests: list[int] = []
    outage = answering(404)

    def script(collector: Collector, request: Incoming) -> Reply:
        requests.append(1)
        return outage(collector, request)

    collector.script = script
    bodies = [body_of(f"{number}") for number in range(4)]
    queues.park(*bodies)
    assert sorted(queues.invoke()) == sorted(bodies)
    assert len(requests) == 1
    assert queues.counts() == (0, 4)
    collector.script = TAKE_ALL
    assert queues.receive() == []


def test_a_poison_message_holds_up_no_neighbour_and_is_buried_in_the_end(
    queues: Queues, collector: Collector
) -> None:
    """Garbage and a rejected event among others: two tries, and the third buries them with their reasons."""
    collector.script = rejecting("bad")
    mixed = body_of("a", "bad", "c")
    queues.park("garbage", mixed, body_of("d"))
    assert sorted(queues.invoke()) == sorted(["garbage", mixed])
    assert len(collector.taken_ids) == 3
    assert queues.receive(queues.dead_letters) == []
    _show_all(queues)
    assert sorted(queues.invoke(receive_count=2)) == sorted(["garbage", mixed])
    _show_all(queues)
    assert queues.invoke(receive_count=3) == []
    assert queues.counts() == (0, 0)
    dead = {
        message["MessageAttributes"]["reason"]["StringValue"]: message
        for message in queues.receive(queues.dead_letters)
    }
    assert set(dead) == {"payload_invalid", "http_400"}
    assert dead["payload_invalid"]["Body"] == "garbage"
    assert [event.message for event in payload_of(dead["http_400"]["Body"]).logEvents] == ["bad"]
    assert dead["http_400"]["MessageAttributes"]["events"]["StringValue"] == "1"


def _show_all(queues: Queues) -> None:
    """Ends every back-off, as if its time had passed, by sending the messages again."""
    bodies = {"garbage", body_of("a", "bad", "c")}
    queues.sqs.purge_queue(QueueUrl=queues.queue)
    queues.park(*bodies)


def test_what_is_redriven_is_not_counted_as_received_again(
    queues: Queues, collector: Collector, printed: Printed
) -> None:
    """Neither are its detections; what was delivered is, and the summary is one line per message."""
    queues.park(body_of("a", "b"), body_of("c"))
    queues.invoke()
    told = lines(printed())
    metrics = [line for line in told if "_aws" in line]
    assert sum(line["EventsRedriven"] for line in metrics) == 3
    for name in ("EventsReceived", "EventsDelivered", "Detections", "ApiRequests", "EventsUnparsed"):
        assert not [line for line in metrics if name in line]
    summaries = [line for line in told if line.get("message") == "summary"]
    assert sorted(line["EventsRedriven"] for line in summaries) == [1, 2]
    assert len(collector.taken_ids) == 3


def test_what_stays_is_told_with_its_id_and_reason_and_without_its_payload(
    queues: Queues, collector: Collector, printed: Printed
) -> None:
    """As no error: the function has done what it should."""
    collector.script = answering(404)
    queues.park(body_of("s3cr3t-line"))
    queues.invoke()
    text = printed()
    (kept,) = (line for line in lines(text) if line.get("message") == "message kept")
    assert (kept["level"], kept["why"]) == ("INFO", "http_404")
    assert kept["message_id"]
    assert "s3cr3t-line" not in text
    assert not [line for line in lines(text) if line.get("level") in {"ERROR", "CRITICAL"}]


def test_wrong_settings_keep_every_message(queues: Queues, environment: pytest.MonkeyPatch) -> None:
    """The invocation fails as a whole, so nothing is deleted."""
    environment.setenv("DESTINATION", "nonsense")
    queues.park(body_of("a"))
    with pytest.raises(SettingsError):
        queues.invoke()
    assert queues.counts() == (1, 0)
