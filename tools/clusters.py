"""`make clusters`: the EKS clusters of a region, with their logging and their subscriptions.

So are the logs of Auto Mode and Capabilities that CloudWatch delivers.

Exit status: 0 if the list is complete, 1 if a right was refused, 2 if AWS could not be asked.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from botocore.exceptions import ClientError
from rich.console import Console
from rich.table import Table

from tools.aws_clients import client_factory, told_errors
from tools.aws_reading import NotFoundError, Reader
from tools.discover.cluster import enabled_log_types
from tools.errors import ToolError
from tools.log_groups import FILTERS_A_LOG_GROUP, LOG_TYPES, NOT_READ, cluster_log_group, read_log_group
from tools.stack import Stack, StackError, add_stack_options, named_stack, read_stack
from tools.stopping import run
from tools.subscribe.silence_alarm import watches
from tools.vended_logs import VendedRow, read_vended_logs, read_vended_rows, subscribe_commands


class Row(NamedTuple):
    """A cluster's line of the table, as text."""

    cluster: str
    logging: str
    log_group: str
    filters: str
    subscribed: str
    silence_alarm: str


def read_rows(reader: Reader, stack: Stack | None) -> Iterator[Row]:
    """A row for each cluster, sorted by name; without a stack the subscriptions are unknown."""
    names = reader.pages("eks", "list_clusters", "clusters")
    alarms: Sequence[Mapping[str, Any]] | None = None
    if stack is not None:  # the names of its alarms start with its own
        alarms = reader.pages("cloudwatch", "describe_alarms", "MetricAlarms", AlarmNamePrefix=stack.name)
    for name in sorted(names or []):
        log_group = _log_group(reader, stack, name)
        yield Row(name, _logging(reader, name), *log_group, _alarm(alarms, stack, name))


def _log_group(reader: Reader, stack: Stack | None, cluster: str) -> tuple[str, str, str]:
    """The cells of a cluster's log group: whether it exists, its filters, whether it is subscribed."""
    try:
        group = read_log_group(reader, cluster_log_group(cluster))
    except NotFoundError:
        return "missing", "", "no"
    if group is None or group.filters is None:
        return "there" if group else NOT_READ, NOT_READ, NOT_READ
    filters = f"{len(group.filters)} of {FILTERS_A_LOG_GROUP}"
    if stack is None:
        return "there", filters, NOT_READ
    is_subscribed = any(found.leads_to(stack.function_arn) for found in group.filters)
    return "there", filters, "yes" if is_subscribed else "no"


def _logging(reader: Reader, name: str) -> str:
    answer = reader.call("eks", "describe_cluster", name=name)
    if answer is None:
        return NOT_READ
    on = enabled_log_types(answer["cluster"])
    return ", ".join(log_type for log_type in LOG_TYPES if log_type in on) or "off"


def _alarm(alarms: Sequence[Mapping[str, Any]] | None, stack: Stack | None, cluster: str) -> str:
    if stack is None or alarms is None:
        return NOT_READ
    return "yes" if any(watches(alarm, stack.name, cluster) for alarm in alarms) else "no"


def _table(rows: Sequence[Row] | Sequence[VendedRow], title: str) -> Table:
    table = Table(title=title, title_justify="left")
    for field in type(rows[0])._fields if rows else Row._fields:
        table.add_column(field.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*row, style="green" if row.subscribed == "yes" else "yellow")
    return table


def main(arguments: list[str]) -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make clusters", description=__doc__)
    add_stack_options(parser)
    options = parser.parse_args(arguments)
    name = named_stack(options)
    console = Console()
    try:
        reader = Reader(client_factory(options.region, options.profile))
        with told_errors():
            stack = _stack(reader, name, console)
            rows = list(read_rows(reader, stack))
    except ToolError as error:
        print(f"clusters: {error}", file=sys.stderr)
        return 2
    console.print(_table(rows, f"EKS clusters, and their subscriptions to {name}"))
    for row in rows:
        if row.subscribed == "no":
            console.print(f"make subscribe CLUSTER={row.cluster}", highlight=False, soft_wrap=True)
    show_vended_logs(reader, stack, console)
    if reader.refused:
        console.print(f"Refused rights: {', '.join(reader.refused)}", style="yellow", soft_wrap=True)
    return 1 if reader.refused else 0


def show_vended_logs(reader: Reader, stack: Stack | None, console: Console) -> None:
    """A second table, for the logs of Auto Mode and Capabilities, if there are any."""
    try:
        with told_errors():
            logs = read_vended_logs(reader)
            rows = list(read_vended_rows(reader, stack, logs or []))
    except ToolError as error:  # an endpoint without these operations; the first table is complete
        console.print(f"Auto Mode and Capabilities: {error}", style="yellow", soft_wrap=True)
        return
    if logs:
        console.print(_table(rows, "Logs of EKS Auto Mode and Capabilities"))
        for command in subscribe_commands(logs, rows):
            console.print(command, highlight=False, soft_wrap=True)
    elif logs is not None:
        console.print("No logs of EKS Auto Mode or Capabilities are set up.", soft_wrap=True)


def _stack(reader: Reader, name: str, console: Console) -> Stack | None:
    try:
        return read_stack(reader, name)
    except (StackError, ClientError) as error:
        console.print(f"The stack {name} cannot be read: {error}", style="yellow", soft_wrap=True)
        return None


if __name__ == "__main__":
    run(main)
