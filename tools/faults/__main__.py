"""Runs the fault matrix of every destination, or of one, prints it, and writes docs/faults.md if asked to.

PYTHONPATH=functions python -m tools.faults --destination otlp
"""

import argparse
import sys
import tempfile
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from tools import ROOT
from tools.faults import document
from tools.faults.matrix import MATRIX, matrix_of
from tools.faults.row import EVENTS, Row
from tools.faults.run import Found, run
from tools.faults.speech import SPEECHES
from tools.faults.stream_rows import STREAM_MATRIX, StreamRow
from tools.faults.stream_run import StreamFound, run_stream
from tools.listener.terminal import open_console
from tools.local_aws import local_aws
from tools.ministack import LocalAwsError
from tools.stopping import INTERRUPTED, stop_at_signals

type Results = dict[str, list[tuple[Row, Found]]]
"""By destination, what became of each row's events."""

type StreamResults = list[tuple[StreamRow, StreamFound]]

_TABLE_WIDTH = 140  # on a narrower terminal the table would lose its figures
_PAGE = document.PATH.relative_to(ROOT)


def _run(destinations: list[str], console: Console) -> Results:
    results: Results = {name: [] for name in destinations}
    with tempfile.TemporaryDirectory() as workdir, local_aws(Path(workdir)) as aws:
        for name, found in results.items():
            for row in matrix_of(name):
                with console.status(f"{name}: {row.fault}"):
                    found.append((row, run(row, aws, SPEECHES[name])))
    return results


def _run_stream(console: Console) -> StreamResults:
    found: StreamResults = []
    with tempfile.TemporaryDirectory() as workdir, local_aws(Path(workdir)) as aws:
        for row in STREAM_MATRIX:
            with console.status(f"stream: {row.fault}"):
                found.append((row, run_stream(row, aws)))
    return found


def _show_stream(results: StreamResults, console: Console) -> None:
    table = Table(title="stream: every fault, and what became of the records", box=box.SIMPLE_HEAD)
    for heading in document.STREAM_COLUMNS:
        table.add_column(heading)
    for row, found in results:
        table.add_row(*document.stream_cells(row.fault, found.outcome))
    console.print(table)


def _show(results: Results, console: Console) -> None:
    for name, of_destination in results.items():
        title = f"{name}: every fault, and what became of {EVENTS} events"
        if console.width < _TABLE_WIDTH:
            console.print(title, style="bold")
            for row, found in of_destination:
                fault, *figures = document.cells(row.fault, found.outcome)
                named = zip(document.COLUMNS[1:], figures, strict=True)
                console.print(fault)
                console.print(f"  {', '.join(f'{heading}: {figure}' for heading, figure in named)}")
            continue
        table = Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for heading in document.COLUMNS:
            table.add_column(heading, no_wrap=heading in {"fault", "reason"})
        for row, found in of_destination:
            table.add_row(*document.cells(row.fault, found.outcome))
        console.print(table)


def _faults(results: Results) -> list[str]:
    return [
        f"{name}: {row.fault}: {fault}"
        for name, of_destination in results.items()
        for row, found in of_destination
        for fault in found.faults(row)
    ]


def main(arguments: list[str]) -> int:
    """Runs the command line; returns the exit status of the process."""
    parser = argparse.ArgumentParser(
        description=f"Runs the fault matrix on this machine and prints it; --write writes {_PAGE}."
    )
    parser.add_argument("--destination", choices=SPEECHES, help="only this one; writes nothing")
    parser.add_argument("--write", action="store_true", help=f"write {_PAGE}")
    options = parser.parse_args(arguments)
    only = options.destination
    destinations = [only] if only else list(SPEECHES)
    stop_at_signals()
    console = open_console()
    console.print(f"==> {len(MATRIX)} faults for each of: {', '.join(destinations)}", style="bold")
    try:
        results = _run(destinations, console)
        of_the_stream = [] if only else _run_stream(console)
    except LocalAwsError as error:
        console.print(f"faults: {error}", style="red", markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("faults: interrupted; nothing is written", style="red")
        return INTERRUPTED
    _show(results, console)
    _show_stream(of_the_stream, console)
    faults = _faults(results)
    faults += [f"stream: {row.fault}: {fault}" for row, found in of_the_stream for fault in found.faults(row)]
    if faults:
        for fault in faults:
            console.print(fault, style="red", markup=False)
        console.print("A row differs from its promise; nothing is written.")
        return 1
    if options.write and not only:
        document.PATH.write_text(document.text(), encoding="utf-8")
    console.print("Every row is as promised; lost: 0.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
