"""The queues of events that were not delivered: the only module, besides secrets.py, that talks to AWS."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from eks_log_forwarder.errors import ParkingError
from eks_log_forwarder.parked_messages import MAX_MESSAGE_BYTES, Message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

_MAX_ENTRIES = 10  # of one SendMessageBatch
_TRIES = 2


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
        """Sends the messages, in order; how many events they held.

        Raises:
            ParkingError: some were not taken. What was taken before stays taken.
        """
        waiting = list(messages)
        sent = 0
        while waiting:
            entries = _first_entries(waiting)
            self._send_entries(entries, unsent=sum(message.events for message in waiting))
            sent += sum(message.events for message in entries)
            del waiting[: len(entries)]
        return sent

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

    def _send_entries(self, messages: Sequence[Message], *, unsent: int) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # as new_client

        entries = [_entry(number, message) for number, message in enumerate(messages)]
        fault = ""
        for _ in range(_TRIES):
            try:
                answer = self._sqs().send_message_batch(QueueUrl=self._url, Entries=entries)
            except (BotoCoreError, ClientError) as error:
                fault = _describe(error)
                break
            failed = {entry["Id"]: entry["Code"] for entry in answer.get("Failed", [])}
            if not failed:
                return
            fault = ", ".join(sorted(set(failed.values())))
            unsent -= sum(messages[int(entry["Id"])].events for entry in answer.get("Successful", []))
            entries = [entry for entry in entries if entry["Id"] in failed]
        msg = f"the queue of undelivered events did not take them: {fault}"
        raise ParkingError(msg, unsent=unsent)

    def _sqs(self) -> "SQSClient":
        if self._client is None:
            self._client = self._connect()
        return self._client


def _first_entries(messages: Sequence[Message]) -> list[Message]:
    """As many messages as one call takes: ten, and a megabyte in all."""
    size_bytes = 0
    for count, message in enumerate(messages[:_MAX_ENTRIES]):
        size_bytes += message.size_bytes
        if size_bytes > MAX_MESSAGE_BYTES and count:
            return list(messages[:count])
    return list(messages[:_MAX_ENTRIES])


def _entry(number: int, message: Message) -> "SendMessageBatchRequestEntryTypeDef":
    return {
        "Id": str(number),
        "MessageBody": message.body,
        "MessageAttributes": {
            "reason": {"DataType": "String", "StringValue": message.reason},
            "time": {"DataType": "String", "StringValue": message.time},
            "events": {"DataType": "Number", "StringValue": str(message.events)},
        },
    }


def _describe(error: Exception) -> str:
    """AWS's code or the kind of error; never its text, which may repeat the request."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return f"{type(error).__name__} {code}" if code else type(error).__name__
