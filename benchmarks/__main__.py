"""Measures the forwarder, a common function and the limit of any Python program.

    python -m benchmarks             prints the main tables; takes minutes
    python -m benchmarks --report    measures everything and writes docs/performance.md, cost.md and scale.md
    python -m benchmarks --peer NAME=path/to/handler.py:function --env LOGS_URL={url}
                                     measures another forwarder's handler in the same run

The audit events come from the folder in `EKS_LOG_CORPUS` if it is set, else from `events/`.
"""

import argparse
import platform
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import tables
from benchmarks.bill import bill
from benchmarks.cold_start import imports_by_package, measure_starts
from benchmarks.cpu_share import CpuShareError
from benchmarks.memory import measure_memory
from benchmarks.own_log import measure_own_log
from benchmarks.payloads import largest_payload
from benchmarks.peers import peer_setup, variable
from benchmarks.report import write_report
from benchmarks.results import Results
from benchmarks.setups import (
    MAIN_EVENTS,
    WITH_DETECTIONS,
    WITHOUT_DETECTIONS,
    Setup,
    cells,
    setups,
)
from benchmarks.sweep import Size, sweep
from benchmarks.throughput import EventFiles, connections_of_warm_invocations, measure
from tools import ROOT

_MOST_ROUNDS_OF_STEADY_FIGURES = 3  # of the bill, of cold starts, and of memory sizes


def main() -> int:
    """Runs the command line; the exit status is 1 if a bound is not met, and standard error says which."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--report", action="store_true", help="measure everything and write the pages")
    parser.add_argument("--rounds", type=int, default=5, help="samples of each figure (5)")
    parser.add_argument(
        "--peer",
        action="append",
        type=peer_setup,
        default=[],
        metavar="NAME=path/to/handler.py:function",
        help="measure another forwarder's handler, too",
    )
    parser.add_argument(
        "--env",
        action="append",
        type=variable,
        default=[],
        metavar="NAME=VALUE",
        help="a variable for the peers; {url} stands for the collector's URL",
    )
    arguments = parser.parse_args()
    peers = [replace(peer, environ=dict(arguments.env)) for peer in arguments.peer]
    with tempfile.TemporaryDirectory() as folder:
        results = _run(Path(folder), arguments.rounds, peers, everything=arguments.report)
    _say(results.machine)
    _say(tables.throughput(results, results.figures, by_destination=True))
    _say(tables.memory(results))
    _say(tables.starts(results))
    for name in results.sweeps:
        _say(f"{name}, by memory size\n{tables.sizes(results, name)}")
    _say(tables.ratios(results))
    if arguments.report:
        write_report(results, ROOT / "docs")
    own_log = measure_own_log()
    _say(own_log.table())
    _note("the bill")
    rounds = min(arguments.rounds, _MOST_ROUNDS_OF_STEADY_FIGURES)
    shown, dear = bill(own_log, results.machine, rounds, everything=arguments.report)
    _say(shown)
    faults = [*(str(ratio) for ratio in results.ratios() if not ratio.is_met), *own_log.faults(), *dear]
    for fault in faults:
        print(f"bound not met: {fault}", file=sys.stderr)
    return 1 if faults else 0


def _run(folder: Path, rounds: int, peers: Sequence[Setup], *, everything: bool) -> Results:
    largest = largest_payload()
    files = EventFiles(folder, largest.events)
    compared = {setup.name: setup for setup in [*setups(), *peers]}
    wanted = list(cells(peers))
    _note(f"{len(wanted)} figures in {rounds} rounds")
    figures = measure(wanted, files, rounds)
    _note("memory and connections")
    memory = {name: measure_memory(setup, files, largest.expanded_bytes) for name, setup in compared.items()}
    connections = connections_of_warm_invocations(compared[WITH_DETECTIONS], files, 20)
    few_rounds = min(rounds, _MOST_ROUNDS_OF_STEADY_FIGURES)
    _note("cold starts")
    starts = measure_starts(folder, few_rounds)
    sweeps: dict[str, list[Size]] = {}
    if everything:
        try:
            for name in (WITHOUT_DETECTIONS, WITH_DETECTIONS):
                _note(f"memory sizes, {name}")
                sweeps[name] = sweep(compared[name], files, MAIN_EVENTS, few_rounds)
        except CpuShareError as error:
            _say(f"memory sizes not measured: {error}")
    return Results(
        machine=_machine(),
        largest_events=largest.events,
        largest_bytes=largest.expanded_bytes,
        rounds=rounds,
        figures=figures,
        memory=memory,
        warm_connections=connections,
        starts=starts,
        packages=imports_by_package(folder),
        sweeps=sweeps,
    )


def _machine() -> str:
    cpus = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    models = [line.partition(": ")[2] for line in cpus.splitlines() if line.startswith("model name")]
    return (
        f"{models[0] if models else platform.machine()}, {cpus.count('processor\t')} cores, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    )


def _say(text: str) -> None:
    print(f"{text}\n", flush=True)


def _note(phase: str) -> None:
    print(f"measuring {phase}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
