"""Lambda's event source on a queue, in this process: passes messages to the redrive and deletes them."""

from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Any

from eks_log_forwarder import redrive_handler
from eks_log_forwarder.intake.payload import LogEvent
from eks_log_forwarder.parking.messages import payload_of
from tools.lambda_context import lambda_context
from tools.local_aws import LocalAws

_MESSAGES_PER_INVOCATION = 5  # the template's


class Poller:
    """The event source of one queue; `delivered` messages have left it, and the handler took `seconds`."""

    def __init__(self, aws: LocalAws, queue_url: str) -> None:
        self._sqs = aws.client("sqs")
        self._url = queue_url
        self._kept: list[dict[str, Any]] = []
        self.delivered = 0
        self.seconds = 0.0

    def redrive(self) -> bool:
        """Invokes the redrive if there are messages; returns whether there were."""
        messages = self.receive()
        if not messages:
            return False
        event, started = sqs_event(messages), monotonic()
        answer = redrive_handler.handler(event, lambda_context())
        self.seconds += monotonic() - started
        kept = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        self._kept = [message for message in messages if message["MessageId"] in kept]
        self.delivered += len(messages) - len(self._kept)
        for message in messages:
            if message not in self._kept:
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return True

    def show_kept(self) -> None:
        """Ends the back-off of the messages that the last invocation kept."""
        for message in self._kept:
            self._sqs.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )

    def receive(self) -> list[dict[str, Any]]:
        """Up to five of the visible messages."""
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=_MESSAGES_PER_INVOCATION,
            WaitTimeSeconds=0,
            VisibilityTimeout=30,
            MessageSystemAttributeNames=["All"],
        )
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages

    def events(self) -> list[LogEvent]:
        """The log events of all visible messages."""
        messages = (message for batch in iter(self.receive, []) for message in batch)
        return [event for message in messages for event in payload_of(message["Body"]).logEvents]

    def is_empty(self) -> bool:
        """Whether the queue holds no message, not even a hidden one."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)["Attributes"]
        return not any(int(counts[name]) for name in names)


def sqs_event(messages: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Messages as Lambda passes them on (Lambda developer guide, "Using Lambda with Amazon SQS")."""
    records = [
        {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:undelivered",
            "awsRegion": "us-east-1",
        }
        for message in messages
    ]
    return {"Records": records}
