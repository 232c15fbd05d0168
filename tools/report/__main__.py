"""`make report`: one page about control-plane logs, from files or from a cluster's log group.

    make report LINES="audit.ndjson scheduler.log"
    make report CLUSTER=prod FROM=2026-01-31T10:00 TO=2026-01-31T11:00

Writes build/report.html (OUT=path for another place), or prints JSON (JSON=yes). For a log group it says
first what CloudWatch charges, and asks; YES=yes does not ask. Texts that clients chose are redacted.
Exit status: 0 if the report was made, 1 if the answer was no, 2 if it cannot be made.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from eks_log_forwarder.audit_policy import load_policy
from eks_log_forwarder.detection.rule_set import RuleSet
from eks_log_forwarder.errors import DetectionError, PolicyError
from eks_log_forwarder.wiring import rule_folders
from tools import ROOT
from tools.aws_clients import add_aws_options, client_factory
from tools.aws_reading import Reader
from tools.command_line import command_line
from tools.errors import ToolError
from tools.replay.span import milliseconds, shown
from tools.report.cloudwatch import Scan, plan, read_lines
from tools.report.lines import read_files
from tools.report.page import page
from tools.report.report import Report

_HOUR_MS = 3_600_000

type Clock = Callable[[], datetime]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make report", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("lines", type=Path, nargs="*", help="files or folders of lines, one message a line")
    add("--cluster", help="read the log group of this cluster instead")
    add("--from", dest="start", type=milliseconds, help="such as 2026-01-31T10:00, UTC (an hour before TO)")
    add("--to", dest="end", type=milliseconds, help="likewise (now)")
    add("--yes", action="store_true", help="do not ask before a log group is read")
    add("--json", action="store_true", help="print the figures as JSON instead of writing the page")
    add("--out", type=Path, default=ROOT / "build" / "report.html", help="where to write the page")
    add("--rows", type=int, default=15, help="rows of each table (default: 15)")
    add("--rules", type=Path, nargs="+", default=rule_folders(), help="folders of rules")
    add("--trusted-cidrs", default="", help="comma-separated, as the parameter TrustedCidrs")
    add("--policies", type=Path, default=ROOT / "functions" / "policies", help="folder of audit policies")
    add_aws_options(parser)
    return parser


def _report(options: argparse.Namespace, source: str) -> Report:
    networks = [ip_network(one.strip()) for one in options.trusted_cidrs.split(",") if one.strip()]
    rules = RuleSet.load(*options.rules, trusted_networks=networks)
    names = sorted(path.stem for path in options.policies.glob("*.yaml"))
    return Report(source, rules, {name: load_policy(options.policies, name) for name in names})


def _of_files(options: argparse.Namespace, console: Console) -> Report:
    report = _report(options, ", ".join(path.name for path in options.lines))
    with console.status("reading …"):
        for line in read_files(options.lines):
            report.add(line)
    return report


def _of_cluster(options: argparse.Namespace, console: Console, now_ms: int) -> Report | None:
    """The report on a log group; None if the user does not want to read it."""
    client = client_factory(options.region, options.profile)
    end_ms = now_ms if options.end is None else options.end
    start_ms = end_ms - _HOUR_MS if options.start is None else options.start
    scan = plan(Reader(client), options.cluster, start_ms, end_ms, now_ms)
    report = _report(options, scan.title())  # a faulty rule is found before anything is read
    console.print(scan.title(), scan.price(), sep="\n", soft_wrap=True, markup=False)
    if scan.gone_before_ms is not None:
        console.print(f"Lines before {shown(scan.gone_before_ms)} are gone: the retention.", style="yellow")
    if not options.yes and not _confirmed(console):
        return None
    with _bar(scan, console) as moved:
        for line in read_lines(client, scan, moved):
            report.add(line)
    return report


def _confirmed(console: Console) -> bool:
    """Whether the user wants to read the log group; asked once.

    Raises:
        ToolError: nobody can answer.
    """
    if not sys.stdin.isatty():
        msg = "nothing was read: confirm with YES=yes"
        raise ToolError(msg)
    return console.input("Read it? [y/N] ").strip().lower() in {"y", "yes"}


@contextmanager
def _bar(scan: Scan, console: Console) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal; yields what moves it to a time in the span."""
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    start_ms, end_ms = scan.span.start_ms, scan.span.end_ms
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading", total=end_ms - start_ms)
        yield lambda until_ms: bar.update(task, completed=until_ms - start_ms)


@command_line("report")
def main(arguments: list[str], clock: Clock = lambda: datetime.now(UTC)) -> int:
    """Runs the command line; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if bool(options.lines) == bool(options.cluster):
        parser.error("give either files of lines or --cluster")
    now = clock()
    console = Console(stderr=True, highlight=False)  # JSON alone is on standard output
    try:
        report = (
            _of_cluster(options, console, int(now.timestamp() * 1000))
            if options.cluster
            else _of_files(options, console)
        )
    except (DetectionError, PolicyError, OSError, ValueError) as error:
        raise ToolError(str(error)) from error
    if report is None:
        return 1
    figures = report.as_json(now, options.rows)
    if options.json:
        print(json.dumps(figures, indent=2, ensure_ascii=False))
        return 0
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(page(figures), encoding="utf-8")
    found = report.findings.as_json()
    for rule in found["by_rule"]:
        print(f"{rule['level']:13} {rule['hits']:>7,}  {rule['file']}")
    print(f"{report.lines:,} lines, {len(found['by_rule'])} of {found['rules']} rules matched: {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
