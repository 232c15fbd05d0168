"""The alarm for a silent cluster, like that of template.yaml for its own cluster."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from tools.aws_reading import ClientFactory
from tools.stack import Stack


def _metric(stack_name: str, cluster: str) -> dict[str, Any]:
    """The alarm's metric, as CloudWatch's API takes it."""
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
    """Whether an alarm from CloudWatch's answers watches this cluster, whoever made it."""
    found = {**alarm, "Dimensions": sorted(alarm.get("Dimensions", []), key=itemgetter("Name"))}
    return all(found.get(name) == value for name, value in _metric(stack_name, cluster).items())


def put_silence_alarm(client: ClientFactory, stack: Stack, cluster: str, minutes: int) -> str:
    """Creates the alarm, or updates its minutes without an audit event; returns its name."""
    name = f"{stack.name}-silence-{cluster}"
    client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        AlarmDescription=(
            f"No audit event of the cluster {cluster} was received. Audit logging was turned off, the"
            " subscription filter was deleted, or the cluster was deleted."
            f" Log group: /aws/eks/{cluster}/cluster. Runbook: docs/runbooks/silence.md."
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
