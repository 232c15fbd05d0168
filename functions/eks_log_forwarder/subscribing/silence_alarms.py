"""An alarm for each subscribed cluster: no audit event was received for some minutes."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.subscribing.settings import SubscribingSettings
from eks_log_forwarder.telemetry.publishing import NAMESPACE


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

    def ensure(self, clusters: Iterable[str]) -> int:
        """Creates or corrects the alarm of each cluster; returns the number of alarms written.

        The alarm of a deleted cluster stays, because a log group that disappears can be worth an alarm.
        """
        if not self._settings.silence_minutes:
            return 0
        existing = self._existing()
        written = 0
        for cluster in clusters:
            wanted = self._alarm(cluster)
            found = existing.get(str(wanted["AlarmName"]), {})
            if any(found.get(name) != value for name, value in wanted.items()):
                self._client.put_metric_alarm(**wanted)
                written += 1
        return written

    def _existing(self) -> dict[str, Mapping[str, Any]]:
        # Reading composite alarms as well would need a right on all alarms of the account.
        pages = self._client.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=self._prefix, AlarmTypes=["MetricAlarm"]
        )
        return {alarm["AlarmName"]: alarm for page in pages for alarm in page["MetricAlarms"]}

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
            "MetricName": "EventsReceived",
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
