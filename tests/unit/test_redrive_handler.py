"""The order in which the redrive handler takes its messages, and what it knows of each."""

from typing import Any

import pytest

from eks_log_forwarder import redrive_handler, wiring
from eks_log_forwarder.redrive import ReceivedMessage
from tests.conftest import LambdaContext
from tests.scripted import Scene, always, forwarder


class RecordingRedrive:
    """Remembers the messages that it is given."""

    settled: list[ReceivedMessage]

    def __init__(self, **_parts: object) -> None:
        type(self).settled = []

    def settle(self, message: ReceivedMessage) -> None:
        """Settles every message."""
        self.settled.append(message)


def record(body: str, receive_count: int, reason: str | None = None) -> dict[str, Any]:
    """A message as Lambda's poller hands it over (Lambda developer guide, "Using Lambda with Amazon SQS")."""
    attribute = {"stringValue": reason, "dataType": "String"}
    return {
        "messageId": body,
        "receiptHandle": f"receipt-{body}",
        "body": body,
        "attributes": {"ApproximateReceiveCount": f"{receive_count}", "SentTimestamp": "1768384800000"},
        "messageAttributes": {} if reason is None else {"reason": attribute},
        "eventSource": "aws:sqs",
    }


def test_messages_that_failed_often_come_last(
    monkeypatch: pytest.MonkeyPatch, environment: pytest.MonkeyPatch
) -> None:
    """By their receive counts as numbers; a record of Lambda's own has no reason."""
    environment.setenv(
        "UNDELIVERED_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/111122223333/undelivered"
    )
    monkeypatch.setattr(redrive_handler, "Redrive", RecordingRedrive)
    monkeypatch.setattr(wiring, "redrive_forwarder", lambda: forwarder(Scene(always(200)), None))
    records = [record("old", 10, "http_403"), record("new", 1), record("third", 3, "no_time_left")]
    answer = redrive_handler.handler({"Records": records}, LambdaContext())  # type: ignore[arg-type]  # as far as it is looked at
    assert answer == {"batchItemFailures": []}
    assert [(one.body, one.receive_count, one.reason) for one in RecordingRedrive.settled] == [
        ("new", 1, ""),
        ("third", 3, "no_time_left"),
        ("old", 10, "http_403"),
    ]
