"""The order in which the redrive handler takes its messages, and what it knows of each."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from eks_log_forwarder import redrive_handler, wiring
from eks_log_forwarder.redrive import ReceivedMessage
from tests.conftest import LambdaContext
from tests.scripted import Scene, always, forwarder

type Printed = Callable[[], str]


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


class FailingRedrive(RecordingRedrive):
    """Fails on every message, with an error that repeats its text."""

    def settle(self, message: ReceivedMessage) -> None:
        """Raises."""
        raise KeyError(message.body)


def test_a_bug_keeps_the_message_and_is_logged_without_its_text(
    monkeypatch: pytest.MonkeyPatch, environment: pytest.MonkeyPatch, printed: Printed
) -> None:
    """The log names the message, the error's class and its place."""
    environment.setenv(
        "UNDELIVERED_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/111122223333/undelivered"
    )
    monkeypatch.setattr(redrive_handler, "Redrive", FailingRedrive)
    monkeypatch.setattr(wiring, "redrive_forwarder", lambda: forwarder(Scene(always(200)), None))
    kept = record("s3cr3t", 1) | {"messageId": "m-1"}
    answer = redrive_handler.handler({"Records": [kept]}, LambdaContext())  # type: ignore[arg-type]  # as far as it is looked at
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    text = printed()
    (line,) = [json.loads(one) for one in text.splitlines() if '"message_id":"m-1"' in one]
    assert line["level"] == "ERROR"
    assert re.fullmatch(r"KeyError at redrive_handler\.py:\d+", line["error"])
    assert "s3cr3t" not in text
