"""Subscribes the forwarder to log groups of EKS clusters. It adds filters and never removes one."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from eks_log_forwarder.errors import SubscribingError
from eks_log_forwarder.intake.log_stream import cluster_of
from eks_log_forwarder.subscribing.filters import put_filter
from eks_log_forwarder.subscribing.settings import SubscribingSettings
from eks_log_forwarder.subscribing.silence_alarms import Paginator, SilenceAlarms

# CloudWatch Logs user guide, "CloudWatch Logs quotas"; AWS does not increase it.
FILTERS_A_LOG_GROUP = 2
# A log group with this tag is left alone.
TAG, TAG_OFF = "eks-log-forwarder", "off"
_PREFIX = "/aws/eks/"
# The class of log groups that take subscription filters; those of Infrequent Access do not.
_TAKES_FILTERS = "STANDARD"

type Test = Callable[[str], bool]
"""A question about a cluster, by its name."""


class LogsClient(Protocol):
    """The operations of the CloudWatch Logs client that are used."""

    def get_paginator(self, operation: str, /) -> Paginator: ...  # noqa: D102  # as boto3 has it

    def list_tags_for_resource(self, **request: object) -> Mapping[str, Any]: ...  # noqa: D102  # as boto3 has it


class EksClient(Protocol):
    """The operations of the EKS client that are used."""

    def get_paginator(self, operation: str, /) -> Paginator: ...  # noqa: D102  # as boto3 has it

    def describe_cluster(self, **request: object) -> Mapping[str, Any]: ...  # noqa: D102  # as boto3 has it


@dataclass(slots=True)
class SweepResult:
    """The log groups by what happened to them; `failed` maps a log group to the reason."""

    subscribed: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    alarms_written: int = 0


class Subscriber:
    """Gives the log group of each cluster a filter whose destination is the forwarder."""

    def __init__(
        self, settings: SubscribingSettings, logs: LogsClient, eks: EksClient, alarms: SilenceAlarms
    ) -> None:
        self._settings = settings
        self._logs = logs
        self._eks = eks
        self._alarms = alarms

    def sweep(self) -> SweepResult:
        """Subscribes every log group of the region that needs it.

        Raises:
            SubscribingError: some log groups could not be subscribed. All others were.
        """
        # A log group outlives its cluster.
        pages = self._eks.get_paginator("list_clusters").paginate()
        clusters = {name for page in pages for name in page["clusters"]}
        groups = list(self._log_groups(_PREFIX))
        return self._subscribe(groups, clusters.__contains__, self._is_logging)

    def take(self, log_group: str) -> SweepResult:
        """Subscribes one log group if it belongs to a cluster.

        Raises:
            SubscribingError: it could not be subscribed.
        """
        if cluster_of(log_group) is None:
            return SweepResult(left_alone=[log_group])
        groups = [group for group in self._log_groups(log_group) if group["logGroupName"] == log_group]
        # EKS creates a log group while logging is being turned on.
        return self._subscribe(groups, self._exists, lambda _: True)

    def _subscribe(self, groups: Iterable[Mapping[str, Any]], exists: Test, is_logging: Test) -> SweepResult:
        result = SweepResult()
        for group in groups:
            log_group, cluster = group["logGroupName"], cluster_of(group["logGroupName"])
            takes_filters = group.get("logGroupClass", _TAKES_FILTERS) == _TAKES_FILTERS
            if cluster is None or cluster == self._settings.own_cluster or not takes_filters:
                # Not the log group of a cluster, or the one that the stack itself subscribes.
                result.left_alone.append(log_group)
            else:
                self._try_one(log_group, cluster, exists, is_logging, result)
        clusters = [cluster_of(log_group) for log_group in (*result.already, *result.subscribed)]
        result.alarms_written = self._alarms.ensure(cluster for cluster in clusters if cluster)
        if result.failed:
            raise SubscribingError(result.failed)
        return result

    def _try_one(
        self, log_group: str, cluster: str, exists: Test, is_logging: Test, result: SweepResult
    ) -> None:
        from botocore.exceptions import ClientError  # noqa: PLC0415  # only this function needs it

        try:
            if exists(cluster):
                self._subscribe_one(log_group, cluster, is_logging, result)
            else:
                result.left_alone.append(log_group)
        except ClientError as error:
            result.failed[log_group] = error.response["Error"]["Code"]
        except Exception as error:  # noqa: BLE001  # such as a timeout; the other log groups are still tried
            result.failed[log_group] = type(error).__name__

    def _subscribe_one(self, log_group: str, cluster: str, is_logging: Test, result: SweepResult) -> None:
        filters = list(
            self._pages("describe_subscription_filters", "subscriptionFilters", logGroupName=log_group)
        )
        ours = [found for found in filters if self._leads_here(found)]
        if ours and not any(self._is_outdated(found) for found in ours):
            result.already.append(log_group)
        elif self._is_exempt(log_group) or not is_logging(cluster):
            result.left_alone.append(log_group)
        elif not ours and any(found["filterName"] == self._settings.stack for found in filters):
            # Our filter would replace that one.
            result.failed[log_group] = f"a filter named {self._settings.stack} has another destination"
        elif not ours and len(filters) >= FILTERS_A_LOG_GROUP:
            result.failed[log_group] = "it has two subscription filters already"
        else:
            put_filter(
                self._logs,
                log_group=log_group,
                name=self._settings.stack,
                pattern=self._settings.filter_pattern,
                destination_arn=self._settings.forward_function_arn,
            )
            result.subscribed.append(log_group)

    def _is_logging(self, cluster: str) -> bool:
        """Whether one of the cluster's log types is on."""
        described = self._eks.describe_cluster(name=cluster)["cluster"]
        setups = described.get("logging", {}).get("clusterLogging", [])
        return any(setup.get("enabled") and setup.get("types") for setup in setups)

    def _exists(self, cluster: str) -> bool:
        from botocore.exceptions import ClientError  # noqa: PLC0415  # only this function needs it

        try:
            self._eks.describe_cluster(name=cluster)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return False
            raise
        return True

    def _is_outdated(self, found: Mapping[str, str]) -> bool:
        """Whether a filter is one of ours with another pattern; filters with other names are the user's."""
        is_ours = found["filterName"] == self._settings.stack
        return is_ours and found.get("filterPattern", "") != self._settings.filter_pattern

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

    def _log_groups(self, prefix: str) -> Iterator[Mapping[str, Any]]:
        return self._pages("describe_log_groups", "logGroups", logGroupNamePrefix=prefix)

    def _pages(self, operation: str, what: str, **request: object) -> Iterator[Mapping[str, Any]]:
        for page in self._logs.get_paginator(operation).paginate(**request):
            yield from page[what]
