"""Entry point for the detection lines in the logs of the functions that match rules."""

import os
from functools import cache

from aws_lambda_powertools.utilities.data_classes import CloudWatchLogsEvent, event_source
from aws_lambda_powertools.utilities.typing import LambdaContext

from eks_log_forwarder.intake.payload import decode_payload
from eks_log_forwarder.notifying.alerts import alerts_of
from eks_log_forwarder.notifying.channels import AwsChannels
from eks_log_forwarder.notifying.notifier import Notifier
from eks_log_forwarder.notifying.settings import NotifyingSettings
from eks_log_forwarder.telemetry.publishing import logger


@logger.inject_lambda_context(log_event=False)
@event_source(data_class=CloudWatchLogsEvent)
def handler(event: CloudWatchLogsEvent, context: LambdaContext) -> dict[str, object]:
    """Tells the detections of one subscription payload; returns the numbers of mails and events."""
    alerts = alerts_of(decode_payload(event).logEvents)
    result = {"status": "OK", "alerts": len(alerts), **notifier().tell(alerts, context.aws_request_id)}
    logger.info("notifying", extra=result)
    return result


@cache
def notifier() -> Notifier:
    """The container's notifier. If this raises, the next invocation tries again."""
    settings = NotifyingSettings.from_environ(os.environ)
    return Notifier(AwsChannels.to(settings.alarm_topic_arn), os.environ.get("AWS_REGION", ""))
