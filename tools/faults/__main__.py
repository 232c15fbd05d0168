"""Runs the fault matrix, prints it as a table, and writes docs/faults.md with `--write`.

PYTHONPATH=functions python -m tools.faults --destination all --write
"""

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from tools import ROOT
from tools.faults import document
from tools.faults.document import COLUMNS, Result
from tools.faults.matrix import EVENTS, MATRIX, matrix_of
from tools.faults.run import run
from tools.faults.speech import SPEECHES
from tools.listener.terminal import open_console
from tools.local_aws import local_aws
from tools.ministack import LocalAwsError
from tools.stopping import INTERRUPTED, stop_at_signals

_XPLG = "xplg"
_ALL = "all"


def _run(destinations: list[str], console: Console) -> dict[str, list[Result]]:
    results: dict[str, list[Result]] = {name: [] for name in destinations}
    with tempfile.TemporaryDirectory() as workdir, local_aws(Path(workdir)) as aws:
        for name, found in results.items():
            for row in matrix_of(name):
                with console.status(f"{name}: {row.fault}"):
                    found.append((row, run(row, aws, SPEECHES[name])))
    return results


def _show(destination: str, results: list[Result], console: Console) -> None:
    title = f"{destination}: every fault, and what became of {EVENTS} events"
    table = Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))  # wide as it is
    for heading in (COLUMNS[0], *COLUMNS[2:]):
        table.add_column(heading, no_wrap=heading in {"fault", "reason"})
    for row, found in results:
        cells = document.cells(row, found)
        table.add_row(cells[0], *cells[2:])
    console.print(table)


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Runs the fault matrix on this machine and prints it.")
    parser.add_argument(
        "--destination", choices=(*SPEECHES, _ALL), default=_XPLG, help=f"whose collector; {_XPLG} by default"
    )
    written = document.PATH.relative_to(ROOT)
    parser.add_argument(
        "--write", action="store_true", help=f"write {written} as well, with {_XPLG} or {_ALL}"
    )
    options = parser.parse_args(arguments)
    if options.write and options.destination not in {_XPLG, _ALL}:
        parser.error(f"{written} holds {_XPLG} or {_ALL}: leave --write out")
    return options


def main(arguments: list[str]) -> int:
    """Runs the command line; the process's exit status."""
    options = _parsed(arguments)
    destinations = list(SPEECHES) if options.destination == _ALL else [options.destination]
    stop_at_signals()
    console = open_console()
    shown = ", ".join(destinations)
    console.print(f"==> {len(MATRIX)} faults, one after the other: {shown}", style="bold")
    try:
        results = _run(destinations, console)
    except LocalAwsError as error:
        console.print(f"faults: {error}", style="red", markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("faults: interrupted; nothing is written", style="red")
        return INTERRUPTED
    for name, of_destination in results.items():
        _show(name, of_destination, console)
    faults = [
        f"{name}: {row.fault}: {fault}"
        for name, of_destination in results.items()
        for row, found in of_destination
        for fault in found.faults(row)
    ]
    for fault in faults:
        console.print(fault, style="red", markup=False)
    if options.write:
        document.write(results, datetime.now(UTC).date().isoformat())
    console.print("A row differs from its promise." if faults else "Every row is as promised; lost: 0.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
