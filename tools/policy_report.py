"""Reports what an audit policy keeps, trims and drops of given audit events, and what that saves.

    python -m tools.policy_report LINES POLICY [--policies FOLDER] [--rows N]

LINES is a file with one audit event per line, as in CloudWatch's `message`.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from eks_log_forwarder.audit_policy import Action, load_policy
from eks_log_forwarder.errors import PolicyError
from tools import ROOT
from tools.listener.terminal import open_console
from tools.policy_savings import Report, Sum, measure


def _percent(part: int, whole: int) -> str:
    return f"{part:,} ({round(100 * part / whole)}%)" if whole else "0"


def _table(title: str, first: str, events: Sequence[str], report: Report) -> Table:
    table = Table(title=title)
    table.add_column(first, overflow="fold")
    for heading in (*events, *(f"{name} bytes saved" for name in report.total.before)):
        table.add_column(heading, justify="right")
    return table


def _total_table(report: Report) -> Table:
    table = _table("All events; bytes of the records before compression", "", ["events"], report)
    total = report.total
    for action, part in report.by_action.items():
        saved = (_percent(part.saved[name], size) for name, size in total.before.items())
        table.add_row(action.value, _percent(part.events[action], total.events.total()), *saved)
    table.add_section()
    whole = (f"{_percent(total.saved[name], size)} of {size:,}" for name, size in total.before.items())
    table.add_row("all", f"{total.events.total():,}", *whole)
    return table


def _group_table(group: str, report: Report, rows: int) -> Table:
    table = _table(f"By {group}, the most bytes first", group, [action.value for action in Action], report)
    ordered = sorted(report.groups[group].items(), key=lambda item: (-item[1].before.total(), item[0]))
    shown = ordered[:rows]
    if others := ordered[rows:]:
        rest = Sum()
        for _, one in others:
            rest.add(one)
        shown.append((f"{len(others)} others", rest))
    for value, one in shown:
        saved = (_percent(one.saved[name], one.before[name]) for name in report.total.before)
        table.add_row(Text(value), *(f"{one.events[action]:,}" for action in Action), *saved)
    return table


def print_report(report: Report, console: Console, rows: int) -> None:
    """Prints the tables: the largest `rows` values of each group, and the others together."""
    console.print(_total_table(report))
    for group in report.groups:
        console.print(_group_table(group, report, rows))
    received = f"Events of stage RequestReceived: {report.request_received:,}. They are not counted"
    notes = [
        (True, f"{received}: EKS logs them only for service account tokens."),
        (report.no_event, f"Lines that are not audit events: {report.no_event:,}. They are not counted."),
        (report.cut, f"Truncated events: {report.cut:,}. Never trimmed; dropped only if the rest decides."),
        (True, f"Events answered 401 or 403: {report.denials:,}. No policy drops or trims them."),
        (True, "Detected events are forwarded whole too; that is not counted here."),
        (report.from_k3s, "The lines come from a k3s cluster: an EKS cluster's figures will differ."),
    ]
    for applies, note in notes:
        if applies:
            console.print(note)


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; the exit status is 2 if the policy or the file cannot be used."""
    parser = argparse.ArgumentParser(description="What an audit policy keeps, trims and drops.")
    parser.add_argument("lines", type=Path, help="file with one audit event per line")
    parser.add_argument("policy", help="stem of a file in the policies folder")
    parser.add_argument("--policies", type=Path, default=ROOT / "functions" / "policies")
    parser.add_argument("--rows", type=int, default=15, help="rows of each table (default: 15)")
    options = parser.parse_args(arguments)
    try:
        policy = load_policy(options.policies, options.policy)
        with options.lines.open(encoding="utf-8", errors="surrogateescape") as lines:
            report = measure((line.rstrip("\n") for line in lines if line.strip()), policy)
    except (PolicyError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print_report(report, open_console(), options.rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
