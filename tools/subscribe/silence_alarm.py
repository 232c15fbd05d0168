"""The alarm for a cluster without audit events, as the subscribing function makes it."""

from collections.abc import Mapping
from typing import Any

from eks_log_forwarder.subscribing.settings import SubscribingSettings
from eks_log_forwarder.subscribing.silence_alarms import SilenceAlarms
from eks_log_forwarder.telemetry.publishing import NAMESPACE
from tools.aws_reading import ClientFactory
from tools.stack import Stack


def watches(alarm: Mapping[str, Any], stack_name: str, cluster: str) -> bool:
    """Whether an alarm from CloudWatch's answers watches this cluster, whoever made it."""
    dimensions = {found["Name"]: found["Value"] for found in alarm.get("Dimensions", [])}
    wanted = {"cluster": cluster, "logType": "audit", "service": stack_name}
    names = (alarm.get("Namespace"), alarm.get("MetricName"))
    return (*names, dimensions) == (NAMESPACE, "EventsReceived", wanted)


def service_of(alarm: Mapping[str, Any]) -> str:
    """The stack whose metric an alarm from CloudWatch's answers watches, or ""."""
    return next((str(one["Value"]) for one in alarm.get("Dimensions", []) if one["Name"] == "service"), "")


def put_silence_alarm(client: ClientFactory, stack: Stack, cluster: str, minutes: int) -> str:
    """Creates the alarm, or updates its minutes without an audit event; returns its name.

    A new alarm is in ALARM until the first audit event arrives, so that a cluster never stays unwatched.
    """
    settings = SubscribingSettings(
        stack=stack.name,
        forward_function_arn=stack.function_arn,
        filter_pattern="",
        own_cluster="",
        silence_minutes=minutes,
        alarm_topic_arn=stack.alarm_topic_arn,
    )
    SilenceAlarms(settings, client("cloudwatch")).ensure([cluster], at_once=True)
    return f"{stack.name}-silence-{cluster}"
