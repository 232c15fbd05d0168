"""The cluster as EKS and CloudWatch Logs describe it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tools.aws_reading import NotFoundError, Reader
from tools.discover.findings import Finding, advice, missing, ok, refused
from tools.log_groups import (
    FILTERS_A_LOG_GROUP,
    LOG_TYPES,
    cluster_log_group,
    enable_logging_command,
    read_log_group,
)


@dataclass(frozen=True, slots=True)
class Cluster:
    """The facts that later steps need; `security_group` is the one that EKS gives to managed nodes."""

    name: str
    region: str
    endpoint: str
    vpc_id: str
    subnet_ids: frozenset[str]
    security_group: str
    further_groups: tuple[str, ...]
    log_types: frozenset[str]
    account: str = ""


def read_cluster(reader: Reader, name: str) -> Cluster | None:
    """The cluster; None if `eks:DescribeCluster` was refused.

    Raises:
        NotFoundError: the region has no cluster of this name.
    """
    answer = reader.call("eks", "describe_cluster", name=name)
    if answer is None:
        return None
    body = answer["cluster"]
    network = body["resourcesVpcConfig"]
    return Cluster(
        name=name,
        region=body["arn"].split(":")[3],
        endpoint=body.get("endpoint", ""),
        vpc_id=network["vpcId"],
        subnet_ids=frozenset(network["subnetIds"]),
        security_group=network.get("clusterSecurityGroupId", ""),
        further_groups=tuple(network.get("securityGroupIds", [])),
        log_types=enabled_log_types(body),
        account=body["arn"].split(":")[4],
    )


def enabled_log_types(body: Mapping[str, Any]) -> frozenset[str]:
    """The enabled log types, from the `cluster` of an answer to DescribeCluster."""
    set_ups = body.get("logging", {}).get("clusterLogging", [])
    return frozenset(name for set_up in set_ups if set_up.get("enabled") for name in set_up["types"])


def cluster_findings(name: str, cluster: Cluster | None) -> Iterator[Finding]:
    """Whether the cluster can be read, and which of its log types are enabled."""
    if cluster is None:
        yield refused(f"cluster {name}", "eks:DescribeCluster")
        return
    yield ok(f"cluster {name}", f"{cluster.region}, {cluster.vpc_id}")
    on = ", ".join(log_type for log_type in LOG_TYPES if log_type in cluster.log_types)
    off = ", ".join(log_type for log_type in LOG_TYPES if log_type not in cluster.log_types)
    if off:
        say = advice if on else missing
        yield say("control-plane logs", f"on: {on or 'none'}; off: {off}", enable_logging_command(name))
    else:
        yield ok("control-plane logs", f"on: {on}")


def log_group_findings(reader: Reader, cluster: str) -> Iterator[Finding]:
    """Whether the log group exists, its retention, and whether it has room for another filter."""
    name = cluster_log_group(cluster)
    try:
        group = read_log_group(reader, name)
    except NotFoundError:
        found = f"{name} does not exist; EKS creates it when a log type is enabled"
        yield missing("log group", found, enable_logging_command(cluster))
        return
    if group is None or "logs:DescribeLogGroups" in reader.refused:
        yield refused("log group", "logs:DescribeLogGroups")
    elif group.retention_days is None:
        command = f"aws logs put-retention-policy --log-group-name {name} --retention-in-days 30"
        yield advice("log group", f"{name} never deletes anything, and storage is billed", command)
    else:
        yield ok("log group", f"{name} keeps {group.retention_days} days")
    if group is None or group.filters is None:
        yield refused("subscription filters", "logs:DescribeSubscriptionFilters")
        return
    names = ", ".join(found.name for found in group.filters) or "none"
    taken = f"{len(group.filters)} of {FILTERS_A_LOG_GROUP} taken: {names}"
    if len(group.filters) >= FILTERS_A_LOG_GROUP:
        taken = f"{taken}; a deploy fails unless one of them is this stack's"
        command = f"aws logs describe-subscription-filters --log-group-name {name}"
        yield missing("subscription filters", taken, command)
    else:
        yield ok("subscription filters", taken)
