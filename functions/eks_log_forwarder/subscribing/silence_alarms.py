"""An alarm for each subscribed cluster: no audit event was received for some minutes."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.subscribing.settings import SubscribingSettings
from eks_log_forwarder.telemetry.publishing import NAMESPACE

_METRIC = "EventsReceived"


class Paginator(Protocol):
    """Reads a list page by page."""

    def paginate(self, **request: object) -> Iterable[Mapping[str, Any]]: ...  # noqa: D102  # the class says it


class AlarmsClient(Protocol):
    """The operations of the CloudWatch client that are used."""

    def get_paginator(self, operation: str, /) -> Paginator: ...  # noqa: D102  # as boto3 has it

    def put_metric_alarm(self, **request: object) -> object: ...  # noqa: D102  # as boto3 has it


class SilenceAlarms:
    """The silence alarms that the sweep creates. It does not write an alarm that is already correct."""

    def __init__(self, settings: SubscribingSettings, client: AlarmsClient) -> None:
        self._settings = settings
        self._client = client
        self._prefix = f"{settings.stack}-silence-"

    def ensure(self, clusters: Iterable[str], *, at_once: bool = False) -> int:
        """Creates or corrects the alarm of each cluster; returns the number of alarms written.

        A new alarm waits for the cluster's first audit event, unless `at_once`: CloudWatch evaluates it at
        once, and without the metric it would go off. The alarm of a deleted cluster stays, because a log
        group that disappears can be worth an alarm.
        """
        if not self._settings.silence_minutes:
            return 0
        existing = self._existing()
        wanted = {cluster: self._alarm(cluster) for cluster in clusters}
        wrong = {
            cluster: alarm
            for cluster, alarm in wanted.items()
            if not _agrees(existing.get(str(alarm["AlarmName"]), {}), alarm)
        }
        fresh = [cluster for cluster, alarm in wrong.items() if alarm["AlarmName"] not in existing]
        if fresh and not at_once:
            heard = self._clusters_with_metric()
            wrong = {name: alarm for name, alarm in wrong.items() if name not in fresh or name in heard}
        for alarm in wrong.values():
            self._client.put_metric_alarm(**alarm)
        return len(wrong)

    def _existing(self) -> dict[str, Mapping[str, Any]]:
        # Reading composite alarms as well would need a right on all alarms of the account.
        pages = self._client.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=self._prefix, AlarmTypes=["MetricAlarm"]
        )
        return {alarm["AlarmName"]: alarm for page in pages for alarm in page["MetricAlarms"]}

    def _clusters_with_metric(self) -> set[str]:
        """The clusters whose audit events were received in the last two weeks."""
        pages = self._client.get_paginator("list_metrics").paginate(
            Namespace=NAMESPACE,
            MetricName=_METRIC,
            Dimensions=[
                {"Name": "logType", "Value": LogType.AUDIT.value},
                {"Name": "service", "Value": self._settings.stack},
            ],
        )
        return {
            dimension["Value"]
            for page in pages
            for metric in page["Metrics"]
            for dimension in metric["Dimensions"]
            if dimension["Name"] == "cluster"
        }

    def _alarm(self, cluster: str) -> dict[str, object]:
        """The same alarm as SilenceAlarm in template.yaml."""
        return {
            "AlarmName": f"{self._prefix}{cluster}",
            "AlarmDescription": (
                f"No audit event of the cluster {cluster} was received. Audit logging was turned off, the"
                " subscription filter was deleted, or the cluster was deleted."
                f" Log group: /aws/eks/{cluster}/cluster. Runbook: docs/runbooks/silence.md."
            ),
            "Namespace": NAMESPACE,
            "MetricName": _METRIC,
            "Dimensions": [
                {"Name": "cluster", "Value": cluster},
                {"Name": "logType", "Value": LogType.AUDIT.value},
                {"Name": "service", "Value": self._settings.stack},
            ],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": self._settings.silence_minutes,
            "ComparisonOperator": "LessThanThreshold",
            "Threshold": 1.0,
            "TreatMissingData": "breaching",
            "AlarmActions": [self._settings.alarm_topic_arn],
            "OKActions": [self._settings.alarm_topic_arn],
        }


def _agrees(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether an alarm is as wanted. CloudWatch may list dimensions and actions in another order."""
    return all(_unordered(found.get(name)) == _unordered(value) for name, value in wanted.items())


def _unordered(value: object) -> object:
    return sorted(map(str, value)) if isinstance(value, list) else value
