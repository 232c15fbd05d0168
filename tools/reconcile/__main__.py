"""`make reconcile STACK=name FROM=time TO=time [JSON=yes]`: whether events are missing, as evidence.

Compares what CloudWatch Logs took in with what the function received, per cluster and hour, and what it
received with what became of it. Times are UTC and are widened to whole hours; the default is the last 24
complete hours.
Exit status: 0 if nothing is missing, 1 if something is, 2 if it cannot be told.
"""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from rich.console import Console

from tools.aws_clients import client_factory
from tools.aws_reading import Reader
from tools.command_line import command_line
from tools.reconcile.reading import (
    Metrics,
    read_clusters,
    read_parked_balance,
    read_sources,
    read_stack_balance,
)
from tools.reconcile.report import Report
from tools.reconcile.span import Span, parse_span
from tools.reconcile.tables import print_report
from tools.stack import add_stack_options, named_stack, read_stack


def reconcile(
    reader: Reader, stack_name: str, span: Span, now: datetime, progress: Callable[[str], None]
) -> Report:
    """Reads everything and returns the report.

    Raises:
        StackError: the stack cannot be read.
        ToolError: the metrics cannot be read.
        NotFoundError: a queue of the stack does not exist any more.
    """
    stack = read_stack(reader, stack_name)
    sources = read_sources(reader, stack, progress)
    metrics = Metrics(reader, span, progress)
    return Report(
        stack=stack,
        span=span,
        made_at=now,
        clusters=tuple(read_clusters(metrics, stack, sources)),
        totals=read_stack_balance(metrics, stack),
        parked=read_parked_balance(metrics, stack),
        refused=tuple(reader.refused),
    )


@command_line("reconcile")
def main(arguments: list[str], clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make reconcile", description=__doc__)
    parser.add_argument("--from", dest="start", help="such as 2026-01-31T10:00; UTC without an offset")
    parser.add_argument("--to", dest="end", help="likewise")
    parser.add_argument("--json", action="store_true", help="print JSON, for an auditor or a script")
    add_stack_options(parser)
    options = parser.parse_args(arguments)
    now = clock()
    errors = Console(stderr=True, highlight=False)  # progress does not stand in the JSON
    span = parse_span(options.start, options.end, now)
    reader = Reader(client_factory(options.region, options.profile))
    with errors.status("reading the stack …") as status:
        report = reconcile(reader, named_stack(options), span, now, lambda doing: status.update(f"{doing} …"))
    if options.json:
        print(json.dumps(report.as_json(), indent=2))
    else:
        print_report(Console(highlight=False), report)
    if report.has_gap:
        return 1
    return 2 if report.refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
