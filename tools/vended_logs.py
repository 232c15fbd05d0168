"""The logs of EKS Auto Mode and Capabilities that CloudWatch delivers, and the log groups that take them.

Source: CloudWatch Logs API reference, DescribeDeliverySources, DescribeDeliveries and
DescribeDeliveryDestinations.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from eks_log_forwarder.intake.log_stream import cluster_of_arn, origin_of
from eks_log_forwarder.intake.log_type import VENDED_LOG_TYPES, LogType
from tools.aws_reading import NotFoundError, Reader
from tools.log_groups import FILTERS_A_LOG_GROUP, NOT_READ, read_log_group
from tools.stack import Stack

_LOG_GROUP = re.compile(r"arn:[^:]+:logs:[^:]+:[0-9]*:log-group:(?P<name>[^:]+)(?::\*)?")


class VendedLog(NamedTuple):
    """A log that EKS can deliver; `log_group` is empty if it goes elsewhere, which `destination` says."""

    cluster: str
    name: str
    log_group: str
    destination: str

    @property
    def log_type(self) -> LogType:
        """The forwarder's log type; unknown for a name that it does not know."""
        return VENDED_LOG_TYPES.get(self.name, LogType.UNKNOWN)


def read_vended_logs(reader: Reader) -> list[VendedLog] | None:
    """The vended logs of the region's clusters, by cluster and name; None if a right was refused.

    Raises:
        ClientError: CloudWatch Logs refused a call for another reason.
    """
    sources = reader.pages("logs", "describe_delivery_sources", "deliverySources")
    deliveries = reader.pages("logs", "describe_deliveries", "deliveries")
    destinations = reader.pages("logs", "describe_delivery_destinations", "deliveryDestinations")
    if sources is None or deliveries is None or destinations is None:
        return None
    resources = {
        one["arn"]: one.get("deliveryDestinationConfiguration", {}).get("destinationResourceArn", "")
        for one in destinations
    }
    ways: dict[str, list[tuple[str, str]]] = {}
    for delivery in deliveries:
        group = _LOG_GROUP.fullmatch(resources.get(delivery["deliveryDestinationArn"], ""))
        way = (group["name"] if group else "", delivery.get("deliveryDestinationType", ""))
        ways.setdefault(delivery["deliverySourceName"], []).append(way)
    return sorted(
        VendedLog(cluster, source.get("logType", ""), log_group, destination)
        for source in sources
        for cluster in _clusters(source.get("resourceArns", []))
        for log_group, destination in ways.get(source["name"], [("", "")])
    )


def _clusters(arns: list[str]) -> Iterator[str]:
    return (cluster for arn in arns if (cluster := cluster_of_arn(arn)))


class VendedRow(NamedTuple):
    """A log's line of the table, as text."""

    cluster: str
    log: str
    log_group: str
    filters: str
    subscribed: str


def read_vended_rows(reader: Reader, stack: Stack | None, logs: Iterable[VendedLog]) -> Iterator[VendedRow]:
    """A row for each log. One that is subscribed under another cluster or log type says so."""
    for log in logs:
        if log.log_group:
            yield VendedRow(log.cluster, log.name, log.log_group, *_subscription(reader, stack, log))
        else:
            yield VendedRow(log.cluster, log.name, f"none ({log.destination or 'not delivered'})", "", "")


def _subscription(reader: Reader, stack: Stack | None, log: VendedLog) -> tuple[str, str]:
    """The cells of a log group's filters, and of its subscription to the stack."""
    try:
        group = read_log_group(reader, log.log_group)
    except NotFoundError:
        return "log group missing", ""
    if group is None or group.filters is None:
        return NOT_READ, NOT_READ
    taken = f"{len(group.filters)} of {FILTERS_A_LOG_GROUP}"
    if stack is None:
        return taken, NOT_READ
    ours = [found for found in group.filters if found.leads_to(stack.function_arn)]
    if not ours:
        return taken, "no"
    cluster, log_type = origin_of(log.log_group, "", [ours[0].name])
    is_open = cluster == log.cluster and log_type is LogType.UNKNOWN  # the names of streams say the type
    return taken, "yes" if is_open or (cluster, log_type) == (
        log.cluster,
        log.log_type,
    ) else f"as {cluster} {log_type}"


def subscribe_commands(logs: Iterable[VendedLog], rows: Iterable[VendedRow]) -> Iterator[str]:
    """A command for each log group that is not subscribed. It says what all logs in the group share."""
    missing: dict[str, list[VendedLog]] = {}
    for log, row in zip(logs, rows, strict=True):
        if row.subscribed == "no":
            missing.setdefault(log.log_group, []).append(log)
    for log_group, found in missing.items():
        clusters, types = {log.cluster for log in found}, {log.log_type for log in found}
        cluster = f" CLUSTER={clusters.pop()}" if len(clusters) == 1 else ""
        log_type = f" LOG_TYPE={types.pop()}" if cluster and len(types) == 1 else ""
        yield f"make subscribe{cluster} LOG_GROUP={log_group}{log_type.removesuffix(' LOG_TYPE=unknown')}"
