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
    """What later steps ask of a cluster; `security_group` is the one that EKS gives managed nodes."""

    name: str
    region: str
    endpoint: str
    vpc_id: str
    subnet_ids: frozenset[str]
    security_group: str
    further_groups: tuple[str, ...]
    log_types: frozenset[str]


def read_cluster(reader: Reader, name: str) -> Cluster | None:
    """The cluster; None if `eks:DescribeCluster` was refused.

    Raises:
        NotFoundError: there is no cluster of this name in the region.
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
    )


def enabled_log_types(body: Mapping[str, Any]) -> frozenset[str]:
    """The log types that are on, from the `cluster` of an answer to DescribeCluster."""
    set_ups = body.get("logging", {}).get("clusterLogging", [])
    return frozenset(name for set_up in set_ups if set_up.get("enabled") for name in set_up["types"])


def cluster_findings(name: str, cluster: Cluster | None) -> Iterator[Finding]:
    """Whether the cluster can be read, and which of its log types are on."""
    if cluster is None:
        yield refused(f"cluster {name}", "eks:DescribeCluster")
        return
    yield ok(f"cluster {name}", f"{cluster.region}, {cluster.vpc_id}")
    on = [log_type for log_type in LOG_TYPES if log_type in cluster.log_types]
    off = [log_type for log_type in LOG_TYPES if log_type not in cluster.log_types]
    if off:
        found = f"on: {', '.join(on) or 'none'}; off: {', '.join(off)}"
        say = advice if on else missing
        yield say("control-plane logs", found, enable_logging_command(name))
    else:
        yield ok("control-plane logs", f"on: {', '.join(on)}")


def log_group_findings(reader: Reader, cluster: str) -> Iterator[Finding]:
    """Whether the log group is there, how long it keeps lines, and whether it takes one more filter."""
    name = cluster_log_group(cluster)
    try:
        group = read_log_group(reader, name)
    except NotFoundError:
        yield missing(
            "log group",
            f"{name} does not exist; EKS makes it when a log type is turned on",
            enable_logging_command(cluster),
        )
        return
    if group is None or "logs:DescribeLogGroups" in reader.refused:
        yield refused("log group", "logs:DescribeLogGroups")
    elif group.retention_days is None:
        yield advice(
            "log group",
            f"{name} keeps everything for ever, which is billed",
            f"aws logs put-retention-policy --log-group-name {name} --retention-in-days 30",
        )
    else:
        yield ok("log group", f"{name} keeps {group.retention_days} days")
    if group is None or group.filters is None:
        yield refused("subscription filters", "logs:DescribeSubscriptionFilters")
        return
    names = ", ".join(found.name for found in group.filters) or "none"
    taken = f"{len(group.filters)} of {FILTERS_A_LOG_GROUP} taken: {names}"
    if len(group.filters) >= FILTERS_A_LOG_GROUP:
        yield missing(
            "subscription filters",
            f"{taken}; a deploy would fail unless one of them is this stack's",
            f"aws logs describe-subscription-filters --log-group-name {name}",
        )
    else:
        yield ok("subscription filters", taken)
