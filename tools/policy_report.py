"""Says what an audit policy would keep, trim and drop of given audit events, and what that saves.

    PYTHONPATH=functions python -m tools.policy_report LINES POLICY [--policies FOLDER] [--rows N]

LINES is a file with one audit event a line, as CloudWatch Logs holds it in `message`.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from eks_log_forwarder.audit_policy import Action, load_policy
from eks_log_forwarder.errors import PolicyError
from tools.listener.terminal import open_console
from tools.policy_savings import Report, Sum, measure

POLICIES = Path(__file__).resolve().parent.parent / "functions" / "policies"


def _percent(part: int, whole: int) -> str:
    return f"{part:,} ({round(100 * part / whole)}%)" if whole else "0"


def _savings(one: Sum, formats: Mapping[str, int], whole: Mapping[str, int] | None = None) -> list[str]:
    """Return a cell for each record format; the part is of `whole`, or of the sum's own bytes."""
    whole = one.before if whole is None else whole
    return [_percent(one.saved[name], whole[name]) for name in formats]


def _total_table(report: Report) -> Table:
    table = Table(title="All events; bytes are those of the records, before compression")
    total = report.total
    table.add_column("")
    for heading in ("events", *(f"{name} bytes saved" for name in total.before)):
        table.add_column(heading, justify="right")
    for action in Action:
        part = report.by_action[action]
        events = _percent(part.events[action], total.events.total())
        table.add_row(action.value, events, *_savings(part, total.before, total.before))
    table.add_section()
    whole = (f"{_percent(total.saved[name], size)} of {size:,}" for name, size in total.before.items())
    table.add_row("all", f"{total.events.total():,}", *whole)
    return table


def _group_table(title: str, sums: Mapping[str, Sum], rows: int, formats: Mapping[str, int]) -> Table:
    table = Table(title=f"By {title}, the most bytes first")
    table.add_column(title, overflow="fold")
    for heading in (*(action.value for action in Action), *(f"{name} bytes saved" for name in formats)):
        table.add_column(heading, justify="right")
    ordered = sorted(sums.items(), key=lambda item: (-item[1].before.total(), item[0]))
    shown = ordered[:rows]
    if others := ordered[rows:]:
        rest = Sum()
        for _, one in others:
            rest.events.update(one.events)
            rest.before.update(one.before)
            rest.saved.update(one.saved)
        shown.append((f"{len(others)} others", rest))
    for value, one in shown:
        table.add_row(Text(value), *(f"{one.events[action]:,}" for action in Action), *_savings(one, formats))
    return table


def print_report(report: Report, console: Console, rows: int) -> None:
    """Print tables of a report, the largest `rows` values of each group and the rest together."""
    console.print(_total_table(report))
    for title, sums in report.groups.items():
        console.print(_group_table(title, sums, rows, report.total.before))
    console.print(
        f"Events of stage RequestReceived: {report.request_received:,}. They are left out of every figure: "
        "EKS logs them for service account tokens alone."
    )
    if report.no_event:
        console.print(f"Lines that are no audit event: {report.no_event:,}. They are left out, and go on.")
    if report.cut:
        console.print(
            f"Cut events: {report.cut:,}. Never trimmed, and dropped only where what is left decides."
        )
    console.print(f"Events answered 401 or 403: {report.denials:,}. No policy drops or trims them.")
    console.print("Events that a detection names go on whole as well; that is not counted here.")
    if report.from_k3s:
        console.print(
            "The lines come from a k3s cluster, not from EKS: an EKS cluster's figures will differ."
        )


def main(arguments: list[str] | None = None) -> int:
    """Run the report; 2 where the policy or the file cannot be used."""
    parser = argparse.ArgumentParser(description="What an audit policy would keep, trim and drop.")
    parser.add_argument("lines", type=Path, help="file with one audit event a line")
    parser.add_argument("policy", help="stem of a file in the policies folder")
    parser.add_argument("--policies", type=Path, default=POLICIES)
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
