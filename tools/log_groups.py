"""A cluster's log group in CloudWatch, and its subscription filters."""

from dataclasses import dataclass

from tools.aws_reading import NotFoundError, Reader

FILTERS_A_LOG_GROUP = 2  # a quota of CloudWatch Logs that cannot be raised
NOT_READ = "not read"  # in a table: a right was refused
LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")


@dataclass(frozen=True, slots=True)
class SubscriptionFilter:
    """A subscription filter: its name, its destination, and its pattern (empty matches all)."""

    name: str
    destination_arn: str
    pattern: str

    def leads_to(self, function_arn: str) -> bool:
        """Whether this function, or an alias or version of it, gets the lines."""
        return self.destination_arn == function_arn or self.destination_arn.startswith(f"{function_arn}:")


@dataclass(frozen=True, slots=True)
class LogGroup:
    """A log group that exists; `filters` is None if the right to see them was refused."""

    name: str
    retention_days: int | None
    filters: tuple[SubscriptionFilter, ...] | None


def cluster_log_group(cluster: str) -> str:
    """The log group of a cluster's control-plane logs."""
    return f"/aws/eks/{cluster}/cluster"


def enable_logging_command(cluster: str) -> str:
    """The command that enables all five log types."""
    types = ",".join(f'"{name}"' for name in LOG_TYPES)
    logging = f'{{"clusterLogging":[{{"types":[{types}],"enabled":true}}]}}'
    return f"aws eks update-cluster-config --name {cluster} --logging '{logging}'"


def read_log_group(reader: Reader, name: str) -> LogGroup | None:
    """The log group as far as the rights allow; None if both rights were refused.

    Raises:
        NotFoundError: there is no such log group.
    """
    groups = reader.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=name)
    group = next((group for group in groups or [] if group["logGroupName"] == name), None)
    if groups is not None and group is None:
        msg = f"the log group {name} does not exist"
        raise NotFoundError(msg)
    found = reader.pages("logs", "describe_subscription_filters", "subscriptionFilters", logGroupName=name)
    if group is None and found is None:
        return None
    filters = [
        SubscriptionFilter(one["filterName"], one["destinationArn"], one.get("filterPattern", ""))
        for one in found or []
    ]
    retention = group.get("retentionInDays") if group else None
    return LogGroup(name, retention, None if found is None else tuple(filters))
