"""Runs the soak test and prints its balance; fails if an event is lost or memory grows."""

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.table import Table

from tools.bill.measured import Soaked, load, save
from tools.collector import running_collector
from tools.listener.terminal import open_console
from tools.local_aws import local_aws
from tools.ministack import LocalAwsError
from tools.soak.balance import Balance
from tools.soak.run import Soak
from tools.stopping import INTERRUPTED, stop_at_signals

_SECONDS = 180.0


def main(arguments: list[str]) -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        description="Loads the functions on this machine while the collector fails a third of the time."
    )
    parser.add_argument(
        "--seconds", type=float, default=_SECONDS, help=f"length of the load ({_SECONDS:.0f})"
    )
    parser.add_argument(
        "--record",
        action="store_true",
        help="keep the drain in docs/performance/measured.json, for docs/cost.md",
    )
    options = parser.parse_args(arguments)
    seconds = options.seconds
    stop_at_signals()
    console = open_console()
    console.print(f"==> {seconds:.0f} s of load, then the redrive until the queue is empty", style="bold")
    try:
        with (
            tempfile.TemporaryDirectory() as workdir,
            local_aws(Path(workdir)) as aws,
            running_collector() as collector,
        ):
            balance = Soak(aws, collector).run(seconds)
    except LocalAwsError as error:
        console.print(f"soak: {error}", style="red", markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("soak: interrupted; all its processes are stopped", style="red")
        return INTERRUPTED
    table = Table("what", "how much", title="Balance of the events")
    for what, how_much in balance.rows().items():
        table.add_row(what, how_much)
    console.print(table)
    faults = balance.faults()
    for fault in faults:
        console.print(fault, style="red", markup=False)
    if options.record and not faults:
        _record(balance)
    return 1 if faults else 0


def _record(balance: Balance) -> None:
    soak = Soaked(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        messages=balance.drained_messages,
        events=balance.drained_events,
        seconds=round(balance.drain_seconds, 2),
    )
    save(msgspec.structs.replace(load(), soak=soak))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
