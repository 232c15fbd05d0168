"""`make clusters`: every EKS cluster of the region, with its logging and its subscription.

Exit status: 0 when the list is complete, 1 when a right was refused, 2 when AWS could not be asked.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from rich.console import Console
from rich.table import Table

from tools.aws_clients import ToolError, add_aws_options, client_factory, told_errors
from tools.aws_reading import NotFoundError, Reader
from tools.discover.cluster import enabled_log_types
from tools.log_groups import FILTERS_A_LOG_GROUP, LOG_TYPES, LogGroup, cluster_log_group, read_log_group
from tools.sam_config import stack_name
from tools.stack import Stack, StackError, read_stack
from tools.subscribe.silence_alarm import watches

ROOT = Path(__file__).resolve().parents[1]
_NOT_READ = "not read"


@dataclass(frozen=True, slots=True)
class Row:
    """A cluster's line of the table, as text."""

    cluster: str
    logging: str
    log_group: str
    filters: str
    subscribed: str
    silence_alarm: str


def read_rows(reader: Reader, stack: Stack | None) -> Iterator[Row]:
    """A row for each cluster, by name; without a stack no cluster counts as subscribed."""
    names = reader.pages("eks", "list_clusters", "clusters")
    alarms: Sequence[Mapping[str, Any]] | None = None
    if stack is not None:  # all of its alarms have names that start with its own
        alarms = reader.pages("cloudwatch", "describe_alarms", "MetricAlarms", AlarmNamePrefix=stack.name)
    for name in sorted(names or []):
        group: LogGroup | None = None
        exists = _NOT_READ
        try:
            group = read_log_group(reader, cluster_log_group(name))
            exists = "there" if group else _NOT_READ
        except NotFoundError:
            exists = "missing"
        yield Row(
            name,
            _logging(reader, name),
            exists,
            _filters(group, exists),
            _subscribed(group, stack, exists),
            _alarm(alarms, stack, name),
        )


def _logging(reader: Reader, name: str) -> str:
    answer = reader.call("eks", "describe_cluster", name=name)
    if answer is None:
        return _NOT_READ
    on = enabled_log_types(answer["cluster"])
    return ", ".join(log_type for log_type in LOG_TYPES if log_type in on) or "off"


def _filters(group: LogGroup | None, exists: str) -> str:
    if exists == "missing":
        return ""
    if group is None or group.filters is None:
        return _NOT_READ
    return f"{len(group.filters)} of {FILTERS_A_LOG_GROUP}"


def _subscribed(group: LogGroup | None, stack: Stack | None, exists: str) -> str:
    if exists == "missing":
        return "no"
    if stack is None or group is None or group.filters is None:
        return _NOT_READ
    return "yes" if any(found.leads_to(stack.function_arn) for found in group.filters) else "no"


def _alarm(alarms: Sequence[Mapping[str, Any]] | None, stack: Stack | None, cluster: str) -> str:
    if stack is None or alarms is None:
        return _NOT_READ
    return "yes" if any(watches(alarm, stack.name, cluster) for alarm in alarms) else "no"


def _table(rows: list[Row], title: str) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in ("cluster", "logging", "log group", "filters", "subscribed", "silence alarm"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        style = "green" if row.subscribed == "yes" else "yellow"
        table.add_row(
            row.cluster,
            row.logging,
            row.log_group,
            row.filters,
            row.subscribed,
            row.silence_alarm,
            style=style,
        )
    return table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make clusters", description=__doc__)
    parser.add_argument("--stack", help="the forwarder's stack; else that of samconfig.toml's section")
    parser.add_argument("--config-env", default="default", help="that section")
    add_aws_options(parser)
    return parser


def main(arguments: list[str]) -> int:
    """The exit status."""
    options = _parser().parse_args(arguments)
    name = options.stack or stack_name(ROOT / "samconfig.toml", options.config_env)
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
    if reader.refused:
        console.print(
            f"Refused, and so not known: {', '.join(reader.refused)}", style="yellow", soft_wrap=True
        )
    return 1 if reader.refused else 0


def _stack(reader: Reader, name: str, console: Console) -> Stack | None:
    try:
        return read_stack(reader, name)
    except (StackError, ClientError) as error:
        console.print(f"The stack {name} could not be read: {error}", style="yellow", soft_wrap=True)
        return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
