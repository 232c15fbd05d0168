"""The SQS queues of undelivered and finally rejected events."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from eks_log_forwarder.errors import ParkingError
from eks_log_forwarder.parking.messages import Message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef


def new_client() -> "SQSClient":
    """A client with short time-outs: boto3's default of 60 s would outlast the function."""
    # Imported here because the import takes 0.7 s, which only an invocation that parks events should pay.
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    client: SQSClient = boto3.client(
        "sqs",
        config=Config(
            connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 2, "mode": "standard"}
        ),
    )
    return client


class Queue:
    """One SQS queue, identified by its URL; an empty one stands for a queue that is not configured."""

    def __init__(self, url: str, connect: Callable[[], "SQSClient"] = new_client) -> None:
        self._url = url
        self._connect = connect
        self._client: SQSClient | None = None

    def send(self, messages: Iterable[Message]) -> int:
        """Sends the messages one by one, in order; returns the number of events in them.

        One by one, because a message can be 1 MiB large, and so can a batch of messages.

        Raises:
            ParkingError: a message could not be sent; those before it were sent, those after it not tried.
        """
        waiting = list(messages)
        unsent = total = sum(message.events for message in waiting)
        if waiting and not self._url:
            msg = "no such queue is configured"
            raise ParkingError(msg, unsent=unsent)
        for message in waiting:
            try:
                self._sqs().send_message(
                    QueueUrl=self._url, MessageBody=message.body, MessageAttributes=_attributes(message)
                )
            except Exception as error:  # noqa: BLE001  # whatever it is, the caller has to count the unsent events
                msg = f"the queue did not accept the events: {_describe(error)}"
                raise ParkingError(msg, unsent=unsent) from None
            unsent -= message.events
        return total

    def hide(self, receipt_handle: str, *, for_seconds: int) -> None:
        """Hides a received message for this long (ChangeMessageVisibility).

        Raises:
            ParkingError: the request failed; the queue's own visibility time-out applies.
        """
        try:
            self._sqs().change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=for_seconds
            )
        except Exception as error:  # noqa: BLE001  # as above; the message stays, whatever it is
            msg = f"the message's visibility time-out could not be changed: {_describe(error)}"
            raise ParkingError(msg, unsent=0) from None

    def _sqs(self) -> "SQSClient":
        if self._client is None:
            self._client = self._connect()
        return self._client


def _attributes(message: Message) -> "dict[str, MessageAttributeValueTypeDef]":
    return {
        "reason": {"DataType": "String", "StringValue": message.reason},
        "time": {"DataType": "String", "StringValue": message.time},
        "events": {"DataType": "Number", "StringValue": str(message.events)},
    }


def _describe(error: Exception) -> str:
    """The class of the error and AWS's code; never its text, which may repeat the request."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return f"{type(error).__name__} {code}" if code else type(error).__name__
