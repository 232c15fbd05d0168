"""An alarm for a cluster that has gone silent, as template.yaml has it for its own."""

from collections.abc import Mapping
from typing import Any

from tools.aws_reading import ClientFactory
from tools.stack import Stack


def _metric(stack_name: str, cluster: str) -> dict[str, Any]:
    """The metric that falls silent, as CloudWatch's APIs take it."""
    return {
        "Namespace": "EksLogForwarder",
        "MetricName": "EventsReceived",
        "Dimensions": [
            {"Name": "cluster", "Value": cluster},
            {"Name": "logType", "Value": "audit"},
            {"Name": "service", "Value": stack_name},
        ],
    }


def watches(alarm: Mapping[str, Any], stack_name: str, cluster: str) -> bool:
    """Whether an alarm of CloudWatch's answers is about this cluster's silence, whoever made it."""
    wanted = _metric(stack_name, cluster)
    dimensions = {found["Name"]: found["Value"] for found in alarm.get("Dimensions", [])}
    return (alarm.get("Namespace"), alarm.get("MetricName"), dimensions) == (
        wanted["Namespace"],
        wanted["MetricName"],
        {found["Name"]: found["Value"] for found in wanted["Dimensions"]},
    )


def put_silence_alarm(client: ClientFactory, stack: Stack, cluster: str, minutes: int) -> str:
    """Makes the alarm, or makes it anew with these minutes; its name.

    Args:
        client: makes boto3 clients.
        stack: whose topic is told, and whose name the metrics bear.
        cluster: the metric's dimension.
        minutes: how long no audit event may arrive.
    """
    name = f"{stack.name}-silence-{cluster}"
    client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        AlarmDescription=(
            f"No audit event of the cluster {cluster} was received. Audit logging was turned off, the"
            " subscription filter was deleted, or the cluster was deleted."
        ),
        **_metric(stack.name, cluster),
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=minutes,
        ComparisonOperator="LessThanThreshold",
        Threshold=1,
        TreatMissingData="breaching",
        AlarmActions=[stack.alarm_topic_arn],
        OKActions=[stack.alarm_topic_arn],
    )
    return name
