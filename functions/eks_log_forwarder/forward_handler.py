"""Entry point for CloudWatch Logs subscriptions on log groups of EKS control planes."""

from aws_lambda_powertools.utilities.data_classes import CloudWatchLogsEvent, event_source
from aws_lambda_powertools.utilities.typing import LambdaContext

from eks_log_forwarder import wiring
from eks_log_forwarder.delivery.deadline import delivery_deadline
from eks_log_forwarder.errors import without_stack_trace
from eks_log_forwarder.intake.log_stream import LogStream
from eks_log_forwarder.intake.payload import decode_payload, is_control_message
from eks_log_forwarder.telemetry.publishing import logger, metrics, publish
from eks_log_forwarder.telemetry.tally import Tally


# log_event=False is explicit because POWERTOOLS_LOGGER_LOG_EVENT could otherwise log whole payloads.
@without_stack_trace
@logger.inject_lambda_context(log_event=False)
@metrics.log_metrics
@event_source(data_class=CloudWatchLogsEvent)
def handler(event: CloudWatchLogsEvent, context: LambdaContext) -> dict[str, object]:
    """Delivers or parks the events of one subscription payload and returns their counts."""
    deadline = delivery_deadline(context)
    forwarder = wiring.forwarder()
    # Reads the typed event's raw data: parse_logs_data() would inflate it without a bound.
    payload = decode_payload(event)
    stream = LogStream.of(payload)
    tally = Tally(stream.cluster, stream.log_type, account=stream.owner)
    try:
        if is_control_message(payload):
            tally.control_messages += 1
        else:
            forwarder.forward(payload, stream, deadline, tally)
    finally:
        publish(tally)
    return tally.answer()
