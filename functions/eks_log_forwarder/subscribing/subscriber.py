"""Subscribes the forwarder to log groups of EKS clusters. It adds filters and never removes one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from eks_log_forwarder.errors import SubscribingError
from eks_log_forwarder.intake.log_stream import cluster_of
from eks_log_forwarder.subscribing.settings import SubscribingSettings
from eks_log_forwarder.subscribing.silence_alarms import Paginator, SilenceAlarms

# CloudWatch Logs user guide, "CloudWatch Logs quotas"; AWS does not increase it.
FILTERS_A_LOG_GROUP = 2
# A log group with this tag is left alone.
TAG, TAG_OFF = "eks-log-forwarder", "off"
_PREFIX = "/aws/eks/"


class LogsClient(Protocol):
    """The operations of the CloudWatch Logs client that are used."""

    def get_paginator(self, operation: str, /) -> Paginator: ...  # noqa: D102  # as boto3 has it

    def list_tags_for_resource(self, **request: object) -> Mapping[str, Any]: ...  # noqa: D102  # as boto3 has it

    def put_subscription_filter(self, **request: object) -> object: ...  # noqa: D102  # as boto3 has it


@dataclass(slots=True)
class SweepResult:
    """The log groups by what happened to them; `failed` maps a log group to the reason."""

    subscribed: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    alarms_written: int = 0


class Subscriber:
    """Gives each cluster's log group a filter whose destination is the forwarder."""

    def __init__(self, settings: SubscribingSettings, logs: LogsClient, alarms: SilenceAlarms) -> None:
        self._settings = settings
        self._logs = logs
        self._alarms = alarms

    def sweep(self) -> SweepResult:
        """Subscribes every log group of the region that needs it.

        Raises:
            SubscribingError: some log groups could not be subscribed. All others were.
        """
        return self._subscribe(list(self._log_groups()))

    def take(self, log_group: str) -> SweepResult:
        """Subscribes one log group if it belongs to a cluster.

        Raises:
            SubscribingError: it could not be subscribed.
        """
        return self._subscribe([log_group])

    def _subscribe(self, log_groups: list[str]) -> SweepResult:
        result = SweepResult()
        for log_group in log_groups:
            cluster = cluster_of(log_group)
            if cluster is None or cluster == self._settings.own_cluster:
                # Not the log group of a cluster, or the one that the stack itself subscribes.
                result.left_alone.append(log_group)
            else:
                self._subscribe_one(log_group, result)
        clusters = [cluster_of(log_group) for log_group in (*result.already, *result.subscribed)]
        result.alarms_written = self._alarms.ensure(cluster for cluster in clusters if cluster)
        if result.failed:
            raise SubscribingError(result.failed)
        return result

    def _subscribe_one(self, log_group: str, result: SweepResult) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # only this function needs it

        try:
            filters = list(self._filters(log_group))
            if any(self._leads_here(found) for found in filters):
                result.already.append(log_group)
            elif self._is_exempt(log_group):
                result.left_alone.append(log_group)
            elif any(found["filterName"] == self._settings.stack for found in filters):
                # Our filter would replace that one.
                result.failed[log_group] = f"a filter named {self._settings.stack} has another destination"
            elif len(filters) >= FILTERS_A_LOG_GROUP:
                result.failed[log_group] = "it has two subscription filters already"
            else:
                self._logs.put_subscription_filter(
                    logGroupName=log_group,
                    filterName=self._settings.stack,
                    filterPattern=self._settings.filter_pattern,
                    destinationArn=self._settings.forward_function_arn,
                )
                result.subscribed.append(log_group)
        except ClientError as error:
            result.failed[log_group] = error.response["Error"]["Code"]
        except BotoCoreError as error:  # no response, such as a timeout
            result.failed[log_group] = type(error).__name__

    def _leads_here(self, found: Mapping[str, str]) -> bool:
        """Whether a filter's destination is the forwarder, or a version or alias of it."""
        arn = self._settings.forward_function_arn
        return found["destinationArn"] == arn or found["destinationArn"].startswith(f"{arn}:")

    def _is_exempt(self, log_group: str) -> bool:
        """Whether the log group's tag exempts it; asked only for log groups without our filter."""
        _, partition, _, region, account, *_ = self._settings.forward_function_arn.split(":")
        arn = f"arn:{partition}:logs:{region}:{account}:log-group:{log_group}"
        tags: Mapping[str, str] = self._logs.list_tags_for_resource(resourceArn=arn)["tags"]
        return tags.get(TAG, "").strip().lower() == TAG_OFF

    def _log_groups(self) -> Iterator[str]:
        for group in self._pages("describe_log_groups", "logGroups", logGroupNamePrefix=_PREFIX):
            yield group["logGroupName"]

    def _filters(self, log_group: str) -> Iterator[Mapping[str, Any]]:
        return self._pages("describe_subscription_filters", "subscriptionFilters", logGroupName=log_group)

    def _pages(self, operation: str, what: str, **request: object) -> Iterator[Mapping[str, Any]]:
        for page in self._logs.get_paginator(operation).paginate(**request):
            yield from page[what]
