"""SQS as a model: what the functions call, what Lambda's poller does, and Lambda's own record on a queue."""

import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any, cast

from botocore.exceptions import ClientError, ReadTimeoutError

from eks_log_forwarder.parking.messages import MAX_MESSAGE_BYTES
from tools.faults.virtual_time import Clock

VISIBILITY_TIMEOUT_SECONDS = 720.0  # the template's


@dataclass(slots=True)
class Stored:
    """One message in a queue."""

    body: str
    handle: str
    events: int
    visible_at: float
    receive_count: int = 0


@dataclass(slots=True)
class Sqs:
    """The part of boto3's SQS client that the functions use, and what a poller does with the queues.

    `faults` are those of its calls, in order: whether one works, fails, or works and is not answered.
    """

    clock: Clock
    faults: deque[str]
    queues: dict[str, list[Stored]] = field(default_factory=dict)
    too_large: int = 0
    _sent: int = 0

    def send_message(self, *, QueueUrl: str, MessageBody: str, MessageAttributes: dict[str, Any]) -> None:  # noqa: N803  # SQS's names
        """SendMessage, with its limit."""
        size_bytes = len(MessageBody.encode()) + sum(
            len(name) + sum(map(len, attribute.values())) for name, attribute in MessageAttributes.items()
        )
        if size_bytes > MAX_MESSAGE_BYTES:
            self.too_large += 1
            raise ClientError({"Error": {"Code": "InvalidParameterValue"}}, "SendMessage")
        fault = self._next_fault("SendMessage")
        self.put(QueueUrl, MessageBody, int(MessageAttributes["events"]["StringValue"]))
        if fault == "unanswered":
            raise ReadTimeoutError(endpoint_url=QueueUrl)

    def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:  # noqa: N803  # SQS's names
        """ChangeMessageVisibility."""
        fault = self._next_fault("ChangeMessageVisibility")
        for message in self.queues[QueueUrl]:
            if message.handle == ReceiptHandle:
                message.visible_at = self.clock() + VisibilityTimeout
        if fault == "unanswered":
            raise ReadTimeoutError(endpoint_url=QueueUrl)

    def _next_fault(self, operation: str) -> str:
        fault = self.faults.popleft() if self.faults else "works"
        if fault == "fails":
            raise ClientError({"Error": {"Code": "ServiceUnavailable"}}, operation)
        return fault

    def put(self, url: str, body: str, events: int) -> None:
        """Adds a message."""
        self._sent += 1
        self.queues.setdefault(url, []).append(Stored(body, f"handle-{self._sent}", events, self.clock()))

    def receive(self, url: str, *, most: int) -> list[Stored]:
        """What Lambda's poller gets; waits for the next message that becomes visible."""
        waiting = self.queues[url]
        self.clock.seconds = max(self.clock(), min(message.visible_at for message in waiting))
        received = [message for message in waiting if message.visible_at <= self.clock()][:most]
        for message in received:
            message.receive_count += 1
            message.visible_at = self.clock() + VISIBILITY_TIMEOUT_SECONDS
        return received

    def as_client(self) -> Any:  # noqa: ANN401  # boto3 makes its clients at run time
        """Itself, by the name of what it stands for."""
        return cast("Any", self)


def on_failure_record(event: dict[str, Any]) -> str:
    """What Lambda puts on the queue after its last retry (Lambda developer guide, "Adding a destination")."""
    return json.dumps(
        {
            "version": "1.0",
            "timestamp": "2026-01-14T10:00:00.000Z",
            "requestContext": {
                "requestId": "2f1c3a5e-6b7d-4c8e-9f00-112233445566",
                "functionArn": "arn:aws:lambda:us-east-1:111122223333:function:eks-forward:$LATEST",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": 3,
            },
            "requestPayload": event,
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": "Unhandled",
            },
            "responsePayload": {"errorType": "UndeliveredError", "errorMessage": "events stay with Lambda"},
        }
    )
