"""Runs the fault matrix, prints it as a table, and writes docs/faults.md with `--write`."""

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from tools.faults.matrix import EVENTS, MATRIX
from tools.faults.row import Row
from tools.faults.run import Found, run
from tools.listener.terminal import open_console
from tools.local_aws import ROOT, local_aws
from tools.ministack import LocalAwsError
from tools.stopping import INTERRUPTED, stop_at_signals

DOCUMENT = ROOT / "docs" / "faults.md"

_COLUMNS = (
    "fault",
    "in",
    "delivered",
    "parked",
    "of these rejected",
    "kept by Lambda",
    "reason",
    "requests",
    "seconds",
    "token leaked",
    "delivered in the end",
    "duplicates",
    "dead letters",
    "lost",
)


def _cells(row: Row, found: Found) -> tuple[str, ...]:
    outcome = found.outcome
    return (
        row.fault,
        str(EVENTS),
        str(outcome.delivered),
        str(outcome.parked),
        str(outcome.rejected),
        str(outcome.kept),
        outcome.reason,
        str(outcome.requests),
        f"{found.seconds:.1f}",
        "YES" if found.token_leaked else "no",
        str(found.in_the_end),
        str(outcome.duplicates),
        str(outcome.dead),
        str(found.lost),
    )


def _document(rows: list[tuple[str, ...]], today: str) -> str:
    lines = [" | ".join(cells) for cells in (_COLUMNS, ("---",) * len(_COLUMNS), *rows)]
    table = "\n".join(f"| {line} |" for line in lines)
    return f"""# Every fault, and what becomes of the events

Made on {today} by `make faults`, which ends in an error when a row differs from what is promised. The
promises stand in [`tools/faults/matrix.py`](../tools/faults/matrix.py); the suite holds them too, in
`tests/integration/test_fault_matrix.py`.

Each row is one invocation of the real forward handler with {EVENTS} events in three batches of ten, against a
real server on the same machine that misbehaves; queues and secret are MiniStack's. Where the fault is one of
answers, the first batch meets a healthy collector and the fault begins with the second. Then the collector is
healthy again and the real redrive handler empties the queue. Retries have 1.2 s (20 s by default), an answer
0.5 s (10 s by default).

{table}

- *requests* and *seconds* are those of the invocation, with the parking; *duplicates* are events that the
  collector took once more, by the end of the redrive.
- In these rows duplicates arise in two ways: the collector took a request and did not say so (reset, stalled,
  dripped or cut after it was read), or the handler raised and Lambda kept the whole payload, of which a part
  was delivered. An event's `id` is the same every time.
- *token leaked* looks for the token, plain and as it stands in a URL, in all that the handlers and their
  libraries print and log at level DEBUG, in what they raise, and in how their objects show themselves.
- *of these rejected*: the collector refused these events one by one. They are parked as well, each alone; the
  redrive tries them again, and the dead-letter queue takes those that are refused for good.
"""


def _run(console: Console) -> tuple[list[tuple[str, ...]], list[str]]:
    rows: list[tuple[str, ...]] = []
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as workdir, local_aws(Path(workdir)) as aws:
        for row in MATRIX:
            with console.status(row.fault):
                found = run(row, aws)
            rows.append(_cells(row, found))
            faults += [f"{row.fault}: {fault}" for fault in found.faults(row)]
    return rows, faults


def main(arguments: list[str]) -> int:
    """Runs the command line; the process's exit status."""
    parser = argparse.ArgumentParser(description="Runs the fault matrix on this machine and prints it.")
    parser.add_argument("--write", action="store_true", help=f"write {DOCUMENT.relative_to(ROOT)} as well")
    options = parser.parse_args(arguments)
    stop_at_signals()
    console = open_console()
    console.print(f"==> {len(MATRIX)} faults, one after the other", style="bold")
    try:
        rows, faults = _run(console)
    except LocalAwsError as error:
        console.print(f"faults: {error}", style="red", markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("faults: interrupted; nothing is written", style="red")
        return INTERRUPTED
    title = f"Every fault, and what became of {EVENTS} events"
    table = Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))  # wide as it is
    for heading in (_COLUMNS[0], *_COLUMNS[2:]):
        table.add_column(heading, no_wrap=heading in {"fault", "reason"})
    for cells in rows:
        table.add_row(cells[0], *cells[2:])
    console.print(table)
    for fault in faults:
        console.print(fault, style="red", markup=False)
    if options.write:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(_document(rows, datetime.now(UTC).date().isoformat()), encoding="utf-8")
    console.print("A row differs from its promise." if faults else "Every row is as promised; lost: 0.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
