"""Entry point for a Kinesis stream of subscription payloads, from other accounts or of very busy clusters."""

from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.kinesis_stream_event import KinesisStreamRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from eks_log_forwarder import wiring
from eks_log_forwarder.delivery.deadline import delivery_deadline
from eks_log_forwarder.errors import ForwarderError, without_stack_trace
from eks_log_forwarder.streaming.records import SECONDS_TO_PARK, StreamRecord, StreamRecords
from eks_log_forwarder.telemetry.publishing import logger, metrics, publish
from eks_log_forwarder.telemetry.tallies import Tallies


@without_stack_trace
@logger.inject_lambda_context(log_event=False)
@metrics.log_metrics
def handler(event: dict[str, list[dict[str, Any]]], context: LambdaContext) -> PartialItemFailureResponse:
    """Delivers, parks or buries the records; returns the sequence numbers of those that stay in the stream.

    Lambda takes the lowest of them as its checkpoint (Lambda developer guide, "Configuring partial batch
    response with Kinesis Data Streams and Lambda"). From the first that stays, all are returned.
    """
    if event.get("Records") == []:  # Powertools would take it for an event of another source
        return {"batchItemFailures": []}
    tallies = Tallies()
    records = StreamRecords(
        forwarder=wiring.forwarder(),
        dead_letters=wiring.queues()[1],
        deadline=delivery_deadline(context),
        last_call=delivery_deadline(context, reserve_seconds=SECONDS_TO_PARK),
        count=tallies.add,
    )

    def settle(record: KinesisStreamRecord) -> None:
        sequence_number = record.kinesis.sequence_number
        try:
            records.settle(StreamRecord(sequence_number, record.kinesis.get("data") or ""))
        except ForwarderError as kept:
            if records.kept_from == sequence_number:  # one line tells of it and of all that come after it
                logger.warning("record kept", sequence_number=sequence_number, why=str(kept))
            raise

    # A batch of which every record stays means that the collector and the queue are down, not a fault here.
    processor = BatchProcessor(EventType.KinesisDataStreams, raise_on_entire_batch_failure=False)
    try:
        return process_partial_response(
            event=event, record_handler=settle, processor=processor, context=context
        )
    finally:
        for tally in tallies:
            publish(tally, by_account=True)
