"""`make replay`: sends the lines of a time span, which CloudWatch still has, through the forwarder again.

For events that were lost, or that a wrong audit policy dropped. They keep their ids, so that a collector can
recognise duplicates. To the detection rules they are new, unless SEEN=yes says that the forwarder has already
reported them. Interrupted, the same command continues. Exit status: 0 if all were handed to the function,
1 if the replay was interrupted, else 2.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from time import time

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from eks_log_forwarder.intake.filter_name import MIXED, filter_name
from eks_log_forwarder.intake.log_stream import cluster_of
from tools import ROOT
from tools.aws_clients import client_factory
from tools.aws_reading import NotFoundError, Reader
from tools.command_line import command_line
from tools.errors import ToolError
from tools.log_groups import LogGroup, SubscriptionFilter, cluster_log_group, read_log_group
from tools.replay.dry_run import DryRun
from tools.replay.payloads import Origin, chunks
from tools.replay.sending import read_events, replay
from tools.replay.span import Progress, Span, milliseconds, shown
from tools.stack import Stack, add_stack_options, named_stack, read_stack

_DAY_MS = 24 * 60 * 60 * 1000


def filter_pattern(group: LogGroup, stack: Stack) -> str:
    """The pattern of the filter that leads to the stack; else the stack's own, for control-plane logs."""
    found = _filter_to(group, stack)
    if found is not None:
        return found.pattern
    return "" if cluster_of(group.name) is None else stack.filter_pattern


def _filter_to(group: LogGroup, stack: Stack) -> SubscriptionFilter | None:
    return next((found for found in group.filters or () if found.leads_to(stack.function_arn)), None)


def origin(group: LogGroup, stack: Stack, cluster: str, *, seen: bool) -> Origin:
    """What the payloads have in common: the name of their filter says the cluster, as CloudWatch's do."""
    found = _filter_to(group, stack)
    name = found.name if found else filter_name(stack.name, cluster, MIXED)
    return Origin(stack, group.name, name, seen=seen)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make replay", description=__doc__)
    parser.add_argument("cluster", help="the cluster's name")
    parser.add_argument(
        "--log-group", help="a log group of EKS Auto Mode or Capabilities (default: the control-plane logs)"
    )
    parser.add_argument("start", type=milliseconds, help="such as 2026-01-31T10:00; UTC without an offset")
    parser.add_argument("end", type=milliseconds, help="likewise, inclusive")
    parser.add_argument(
        "--dry-run", action="store_true", help="count the lines and name the cost; send nothing"
    )
    parser.add_argument(
        "--seen",
        action="store_true",
        help="the forwarder has reported these lines: detections stay on the records and raise nothing",
    )
    parser.add_argument(
        "--filter-pattern", help="instead of the pattern of the subscription filter; '' sends all"
    )
    add_stack_options(parser)
    return parser


def _span(
    options: argparse.Namespace, reader: Reader, stack: Stack, console: Console
) -> tuple[Span, LogGroup]:
    """The lines to read, and their log group; says which they are.

    Raises:
        ToolError: there is no such log group, or the end is before the start.
    """
    if options.end < options.start:
        msg = f"END ({shown(options.end)}) is before START ({shown(options.start)})"
        raise ToolError(msg)
    try:
        group = read_log_group(reader, options.log_group or cluster_log_group(options.cluster))
    except NotFoundError as error:
        raise ToolError(str(error)) from error
    if group is None or group.filters is None:
        msg = f"these rights were refused: {', '.join(reader.refused)}"
        raise ToolError(msg)
    pattern = filter_pattern(group, stack) if options.filter_pattern is None else options.filter_pattern
    lines = f"the lines that match the filter pattern {pattern}" if pattern else "all lines"
    console.print(
        f"{group.name}, {shown(options.start)} to {shown(options.end)}: {lines}",
        highlight=False,
        soft_wrap=True,
    )
    oldest_ms = int(time() * 1000) - (group.retention_days or 0) * _DAY_MS
    if group.retention_days and options.start < oldest_ms:
        console.print(
            f"The log group keeps {group.retention_days} days: lines before {shown(oldest_ms)} are gone.",
            style="yellow",
            soft_wrap=True,
        )
    return Span(group.name, options.start, options.end, pattern), group


@contextmanager
def _bar(span: Span, console: Console) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal; yields what moves it to a time in the span."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=span.end_ms - span.start_ms + 1)
        yield lambda until_ms: bar.update(
            task, completed=until_ms - span.start_ms + 1, description=shown(until_ms)
        )


def _run(options: argparse.Namespace, console: Console) -> int:
    client = client_factory(options.region, options.profile)
    reader = Reader(client)
    stack = read_stack(reader, named_stack(options))
    span, group = _span(options, reader, stack, console)
    common = origin(group, stack, options.cluster, seen=options.seen)
    if options.dry_run:
        dry = DryRun()
        with _bar(span, console) as moved:
            for chunk in chunks(read_events(client, span, span.start_ms), common):
                dry.count(chunk)
                moved(chunk.last_ms)
        print("\n".join(dry.report(seen=options.seen)))
        return 0
    digest = f"-{sha256(span.log_group.encode()).hexdigest()[:8]}" if options.log_group else ""
    path = ROOT / "build" / f"replay-{stack.region}-{stack.name}-{options.cluster}{digest}.json"
    progress = Progress(path, span, options.seen)
    if (until_ms := progress.sent_until_ms()) is not None:
        console.print(f"Continues at {shown(until_ms)}; to start again, delete {path}", soft_wrap=True)
    try:
        with _bar(span, console) as moved:
            counts = replay(client, common, progress, moved)
    except BaseException:
        until_ms = progress.sent_until_ms()
        what = "Nothing was sent." if until_ms is None else f"Lines before {shown(until_ms)} were sent."
        console.print(what, style="yellow", soft_wrap=True)
        raise
    print(
        f"{counts['events']} events of {span.log_group} were handed to the forward function,"
        f" in {counts['payloads']} payloads."
    )
    return 0


@command_line("replay", after_interrupt="the same command continues")
def main(arguments: list[str]) -> int:
    """Runs the command line; returns the exit status."""
    return _run(_parser().parse_args(arguments), Console(stderr=True))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
