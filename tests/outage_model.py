"""What surrounds the functions, as a model without sockets or real time: clock, collector, SQS and Lambda.

Every fault is handed in beforehand, so that a test can choose them at random and repeat a failure.
"""

import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any, cast, override

from botocore.exceptions import ClientError, ReadTimeoutError

from eks_log_forwarder.destinations.base import Answer, Request
from eks_log_forwarder.outcomes import Failure
from eks_log_forwarder.parked_messages import MAX_MESSAGE_BYTES
from eks_log_forwarder.transport import Transport

VISIBILITY_TIMEOUT_SECONDS = 720.0  # the template's


class Clock:
    """A monotonic clock that stands still unless it is told to go on."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        """The time in seconds."""
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Lets time pass."""
        self.seconds += seconds


class KilledError(BaseException):
    """The container is gone in the middle of its work; no code of the function may catch this."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What the collector does to one request.

    `taken` says that it stored the events although its answer does not say so.
    """

    answer: int | Failure | KilledError
    body: bytes = b""
    retry_after_seconds: float | None = None
    taken: bool = False
    seconds: float = 0.1


class Collector(Transport):
    """Misbehaves as it was told, one fault a request; then takes everything but what it will never take."""

    def __init__(
        self, clock: Clock, faults: list[Fault], *, poison: frozenset[str], most_events: int
    ) -> None:
        super().__init__(connect_timeout_seconds=1, read_timeout_seconds=1)
        self.received: dict[str, str] = {}
        self._time = clock
        self._faults = deque(faults)
        self._poison = poison
        self._most_events = most_events

    @override
    def post(self, request: Request, *, within_seconds: float) -> Answer | Failure:
        """As the real one: an answer or a failure within the time given, and nothing sent without time."""
        if within_seconds <= 0:
            return Failure.NO_TIME_LEFT
        events = {record["id"]: record["message"] for record in map(json.loads, request.body.splitlines())}
        fault = self._faults.popleft() if self._faults else Fault(self._healthy_status(events))
        self._time.advance(min(fault.seconds, within_seconds))
        if fault.taken or fault.answer == 200:
            self.received |= events
        if isinstance(fault.answer, KilledError):
            raise fault.answer
        if fault.seconds >= within_seconds:
            return Failure.ANSWER_TIMEOUT
        if isinstance(fault.answer, Failure):
            return fault.answer
        return Answer(fault.answer, fault.body, fault.retry_after_seconds)

    def _healthy_status(self, events: dict[str, str]) -> int:
        if len(events) > self._most_events:
            return 413
        return 400 if self._poison & events.keys() else 200


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
        """A message of whomever."""
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
