"""The queues, with botocore's own client and its answers by script."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.stub import Stubber

from eks_log_forwarder.errors import ParkingError
from eks_log_forwarder.parking.messages import Message
from eks_log_forwarder.parking.queue import Queue, new_client

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

URL = "https://sqs.us-east-1.amazonaws.com/111122223333/undelivered"
TIME = "2026-01-14T10:00:00+00:00"


def message(body: str, events: int) -> Message:
    """A message of a known time."""
    return Message(body, "http_503", events, TIME)


def sent(body: str, events: int) -> dict[str, Any]:
    """What SendMessage is called with for it."""
    return {
        "QueueUrl": URL,
        "MessageBody": body,
        "MessageAttributes": {
            "reason": {"DataType": "String", "StringValue": "http_503"},
            "time": {"DataType": "String", "StringValue": TIME},
            "events": {"DataType": "Number", "StringValue": str(events)},
        },
    }


@pytest.fixture
def sqs() -> Iterator[Stubber]:
    """Scripted answers; every expected call must be made."""
    client = boto3.client(
        "sqs", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def queue_of(sqs: Stubber) -> Queue:
    """The queue behind a scripted client."""
    return Queue(URL, lambda: cast("SQSClient", sqs.client))


def test_messages_are_sent_one_by_one_and_in_order(sqs: Stubber) -> None:
    """Each with its reason, its time and how many events it holds; their sum comes back."""
    for body, events in (("a", 10), ("b", 5)):
        sqs.add_response("send_message", {"MessageId": "1", "MD5OfMessageBody": "x"}, sent(body, events))
    assert queue_of(sqs).send([message("a", 10), message("b", 5)]) == 15


def test_without_messages_no_client_is_made() -> None:
    """Its import takes longer than the whole invocation."""

    def connect() -> Any:  # noqa: ANN401  # never called
        pytest.fail("a client was made")

    assert Queue(URL, connect).send([]) == 0


def test_a_queue_without_a_url_takes_nothing_and_makes_no_client() -> None:
    """Its events are all unsent; AWS's own error would not say that the URL is missing."""

    def connect() -> "SQSClient":
        raise AssertionError

    with pytest.raises(ParkingError, match="no such queue is configured") as refused:
        Queue("", connect).send([message("a", 10), message("b", 5)])
    assert refused.value.unsent == 15


def test_the_client_is_made_once(sqs: Stubber) -> None:
    """For all the invocations of a container."""
    made: list[int] = []

    def connect() -> Any:  # noqa: ANN401  # boto3 makes its clients at run time
        made.append(1)
        return sqs.client

    queue = Queue(URL, connect)
    for _ in range(3):
        sqs.add_response("send_message", {"MessageId": "1"}, sent("a", 1))
        queue.send([message("a", 1)])
    assert made == [1]


@pytest.mark.parametrize(("taken", "unsent"), [(0, 17), (1, 7), (2, 2)])
def test_a_refusal_says_how_many_events_are_left(sqs: Stubber, taken: int, unsent: int) -> None:
    """Later messages are not tried; the text has AWS's code, but neither its words nor the payload."""
    messages = [message("s3cr3t", 10), message("s3cr3t", 5), message("s3cr3t", 2)]
    for one in messages[:taken]:
        sqs.add_response("send_message", {"MessageId": "1"}, sent("s3cr3t", one.events))
    sqs.add_client_error("send_message", "AccessDenied", "not with s3cr3t", 403)
    with pytest.raises(ParkingError) as caught:
        queue_of(sqs).send(messages)
    assert caught.value.unsent == unsent
    assert str(caught.value) == "the queue did not accept the events: ClientError AccessDenied"
    assert caught.value.__suppress_context__


def test_a_message_is_hidden(sqs: Stubber) -> None:
    """By its receipt handle."""
    call = {"QueueUrl": URL, "ReceiptHandle": "r", "VisibilityTimeout": 60}
    sqs.add_response("change_message_visibility", {}, call)
    queue_of(sqs).hide("r", for_seconds=60)


def test_a_message_that_cannot_be_hidden_is_reported(sqs: Stubber) -> None:
    """It leaves no event unsent."""
    sqs.add_client_error("change_message_visibility", "ReceiptHandleIsInvalid", "s3cr3t", 400)
    with pytest.raises(ParkingError, match="could not be changed: ReceiptHandleIsInvalid") as caught:
        queue_of(sqs).hide("r", for_seconds=60)
    assert caught.value.unsent == 0


def test_where_no_client_can_be_made_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a region or credentials: the errors of botocore become parking errors."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(ParkingError, match="NoRegionError") as caught:
        Queue(URL).send([message("a", 3)])
    assert caught.value.unsent == 3


def test_an_endpoint_that_is_no_url_leaves_every_event_unsent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Botocore raises a ValueError of Python; its text does not matter, the count does."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "none")
    with pytest.raises(ParkingError, match=r"^the queue did not accept the events: ValueError$") as caught:
        Queue(URL).send([message("a", 3)])
    assert caught.value.unsent == 3


def test_the_client_gives_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two attempts of two seconds to connect and three to read."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    config = new_client().meta.config
    assert (config.connect_timeout, config.read_timeout) == (2, 3)  # type: ignore[attr-defined]  # botocore's own
    assert config.retries == {"total_max_attempts": 2, "mode": "standard"}  # type: ignore[attr-defined]  # as above
