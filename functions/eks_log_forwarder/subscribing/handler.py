"""Entry of the subscribe function: a schedule, and EventBridge events of CloudTrail about new log groups."""

import os
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from eks_log_forwarder.subscribing.settings import SubscribingSettings
from eks_log_forwarder.subscribing.silence_alarms import SilenceAlarms
from eks_log_forwarder.subscribing.subscriber import Subscriber, SweepResult
from eks_log_forwarder.telemetry.publishing import logger

_CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 5, "mode": "standard"})


@logger.inject_lambda_context(log_event=False)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, object]:
    """Subscribes the log group in the event, or every log group that needs it if the event names none."""
    log_group = created_log_group(event)
    result = subscriber().take(log_group) if log_group else subscriber().sweep()
    return answer(result)


def created_log_group(event: dict[str, Any]) -> str:
    """The log group of a CreateLogGroup event, or "" (CloudTrail guide, "CloudTrail record contents")."""
    detail = event.get("detail") or {}
    if detail.get("eventName") != "CreateLogGroup":
        return ""
    return str((detail.get("requestParameters") or {}).get("logGroupName", ""))


def answer(swept: SweepResult) -> dict[str, object]:
    """The value that the handler returns and logs: names of log groups, and counts."""
    result: dict[str, object] = {
        "status": "OK",
        "subscribed": swept.subscribed,
        "already": len(swept.already),
        "left_alone": len(swept.left_alone),
        "alarms_written": swept.alarms_written,
    }
    logger.info("subscribing", extra=result)
    return result


@cache
def subscriber() -> Subscriber:
    """The container's subscriber. If this raises, the next invocation tries again."""
    settings = SubscribingSettings.from_environ(os.environ)
    alarms = SilenceAlarms(settings, boto3.client("cloudwatch", config=_CONFIG))
    logs, eks = boto3.client("logs", config=_CONFIG), boto3.client("eks", config=_CONFIG)
    return Subscriber(settings, logs, eks, alarms)
