"""The SQS queues of undelivered and finally rejected events."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from eks_log_forwarder.errors import ParkingError
from eks_log_forwarder.parking.messages import Message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef


def new_client() -> "SQSClient":
    """A client that gives up while the function still has time to say so; boto3's own would outlast it."""
    # Imported here because it takes 0.7 s, which an invocation that parks nothing need not pay.
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
    """One SQS queue, by its URL."""

    def __init__(self, url: str, connect: Callable[[], "SQSClient"] = new_client) -> None:
        self._url = url
        self._connect = connect
        self._client: SQSClient | None = None

    def send(self, messages: Iterable[Message]) -> int:
        """Sends the messages, one by one and in order; how many events they held.

        One by one, since a message fills up to a megabyte and a batch of messages could hold no more.

        Raises:
            ParkingError: one was not taken, and those behind it were not tried. What was taken stays taken.
        """
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # as new_client

        waiting = list(messages)
        unsent = total = sum(message.events for message in waiting)
        for message in waiting:
            try:
                self._sqs().send_message(
                    QueueUrl=self._url, MessageBody=message.body, MessageAttributes=_attributes(message)
                )
            except (BotoCoreError, ClientError) as error:
                msg = f"the queue did not take them: {_describe(error)}"
                raise ParkingError(msg, unsent=unsent) from None
            unsent -= message.events
        return total

    def hide(self, receipt_handle: str, *, for_seconds: int) -> None:
        """Keeps a received message from being received again for so long.

        Raises:
            ParkingError: SQS did not do it; the queue's own time-out holds then.
        """
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # as new_client

        try:
            self._sqs().change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=for_seconds
            )
        except (BotoCoreError, ClientError) as error:
            msg = f"the message's visibility could not be changed: {_describe(error)}"
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
    """AWS's code or the kind of error; never its text, which may repeat the request."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return f"{type(error).__name__} {code}" if code else type(error).__name__
