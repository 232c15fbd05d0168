"""Entry point for messages of the queue of undelivered events."""

from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from eks_log_forwarder import wiring
from eks_log_forwarder.delivery.deadline import delivery_deadline
from eks_log_forwarder.errors import MessageKeptError, UnexpectedError, describe
from eks_log_forwarder.redrive import ReceivedMessage, Redrive
from eks_log_forwarder.telemetry.publishing import logger, publish_redriven


# No log_metrics: publish_redriven flushes the metrics of each message.
@logger.inject_lambda_context(log_event=False)
def handler(event: dict[str, list[dict[str, Any]]], context: LambdaContext) -> PartialItemFailureResponse:
    """Delivers parked messages; returns the ids of those that stay in the queue."""
    queue, dead_letters = wiring.queues()
    settings = wiring.settings()
    redrive = Redrive(
        forwarder=wiring.redrive_forwarder(),
        queue=queue,
        dead_letters=dead_letters,
        rejected_tries=settings.rejected_tries,
        backoff_base_seconds=settings.redrive_backoff_seconds,
        deadline=delivery_deadline(context),
        publish=publish_redriven,
    )

    def settle(record: SQSRecord) -> None:
        try:
            redrive.settle(
                ReceivedMessage(
                    body=record.body,
                    receipt_handle=record.receipt_handle,
                    receive_count=int(record.attributes.approximate_receive_count),
                    sent_ms=int(record.attributes.sent_timestamp),
                    reason=_reason(record),
                )
            )
        except MessageKeptError as kept:
            logger.info("message kept", message_id=record.message_id, why=str(kept))
            raise
        except Exception as error:  # noqa: BLE001  # it is raised again without its text
            # Only this message stays: a bug triggered by one message must not block the others. The text of
            # the error may repeat a payload, and Powertools logs what this function raises at DEBUG.
            what = describe(error)
            logger.error("message kept after an unexpected error", message_id=record.message_id, error=what)
            raise UnexpectedError(what) from None

    # A batch of which every message stays means that the collector is down, not that this function failed.
    # Messages that failed often come last, so that they take no time from the others.
    records = sorted(event["Records"], key=_receive_count)
    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(
        event={"Records": records}, record_handler=settle, processor=processor, context=context
    )


def _reason(record: SQSRecord) -> str:
    attribute = record.message_attributes["reason"]
    return (attribute and attribute.string_value) or ""


def _receive_count(record: dict[str, Any]) -> int:
    return int(record["attributes"]["ApproximateReceiveCount"])
