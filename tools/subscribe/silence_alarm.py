"""An alarm for a cluster that has gone silent: its logging is off, or its filter is gone."""

from tools.aws_reading import ClientFactory
from tools.stack import Stack

_PERIOD_SECONDS = 300


def silence_alarm_name(stack_name: str, cluster: str) -> str:
    """The alarm's name, which starts with the stack's as those of its own alarms do."""
    return f"{stack_name}-silence-{cluster}"


def put_silence_alarm(client: ClientFactory, stack: Stack, cluster: str, minutes: int) -> str:
    """Makes the alarm, or makes it anew with these minutes; its name.

    Args:
        client: makes boto3 clients.
        stack: whose topic is told, and whose name the metrics bear.
        cluster: the metric's dimension.
        minutes: how long no line may arrive, in whole periods of five minutes.
    """
    name = silence_alarm_name(stack.name, cluster)
    client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        AlarmDescription=(
            f"No line of the cluster {cluster} has arrived for {minutes} minutes:"
            " is its logging on, and is its subscription filter there?"
        ),
        Namespace="EksLogForwarder",
        MetricName="EventsReceived",
        Dimensions=[
            {"Name": "service", "Value": stack.name},
            {"Name": "cluster", "Value": cluster},
        ],
        Statistic="Sum",
        Period=_PERIOD_SECONDS,
        EvaluationPeriods=max(1, minutes * 60 // _PERIOD_SECONDS),
        ComparisonOperator="LessThanThreshold",
        Threshold=1,
        TreatMissingData="breaching",
        AlarmActions=[stack.alarm_topic_arn],
        OKActions=[stack.alarm_topic_arn],
    )
    return name
