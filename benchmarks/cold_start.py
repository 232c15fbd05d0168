"""The cold start of a container: imports and the first invocation, in new processes.

The functions and their dependencies are copied twice, laid out like a build, with compiled rules: with and
without bytecode.
Python's standard library has bytecode, here as in Lambda. The measure is CPU time, which does not depend on
other processes.
"""

import compileall
import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from py_compile import PycInvalidationMode

from benchmarks.throughput import Spread
from eks_log_forwarder.compiling import compile_package
from tools import ROOT
from tools.collector import running_collector

REFERENCE = "Powertools, requests and msgspec alone"
WITHOUT_DETECTIONS = "detections off"
WITH_DETECTIONS = "detections on"

_TIMED = """
import json, sys, time
begin = time.process_time()
{imports}
imported = time.process_time()
{invocation}
print(json.dumps([imported - begin, time.process_time() - imported]), file=sys.stderr)
"""
_REFERENCE_IMPORTS = """
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.data_classes import CloudWatchLogsEvent, event_source
import requests, msgspec
"""
_OUR_IMPORTS = "from eks_log_forwarder.forward_handler import handler"
_INVOCATION = """
class Context:
    function_name = "forward"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-central-1:111122223333:function:forward"
    aws_request_id = "00000000-0000-0000-0000-000000000000"
    def get_remaining_time_in_millis(self):
        return 60_000
handler(json.load(open("events/cw.json")), Context())
"""
_OURS = _TIMED.format(imports=_OUR_IMPORTS, invocation=_INVOCATION)
PROGRAMS = {
    REFERENCE: (_TIMED.format(imports=_REFERENCE_IMPORTS, invocation=""), {}),
    WITHOUT_DETECTIONS: (_OURS, {"DETECTIONS": "off"}),
    WITH_DETECTIONS: (_OURS, {"DETECTIONS": "on"}),
}
_IMPORT_TIME = re.compile(r"import time:\s+(?P<self_us>\d+) \|\s+\d+ \|\s+(?P<module>\S+)")


@dataclass(frozen=True, slots=True)
class Start:
    """CPU seconds of one program."""

    program: str
    compiled: bool
    imports: Spread
    first_invocation: Spread


def build(folder: Path, *, compiled: bool) -> Path:
    """Copies the functions and their dependencies into one folder, as they are deployed."""
    target = folder / ("compiled" if compiled else "plain")
    shutil.copytree(ROOT / "functions", target, ignore=shutil.ignore_patterns("__pycache__"))
    pinned = (ROOT / "functions" / "requirements-package.txt").read_text(encoding="utf-8")
    for name in re.findall(r"^([a-z0-9-]+)==", pinned, re.MULTILINE):
        for file in distribution(name).files or ():
            if file.suffix == ".pyc" or ".." in file.parts:
                continue
            copy = target / file
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(file.locate()), copy)
    compile_package(target)
    if compiled:
        compileall.compile_dir(target, quiet=2, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
    return target


def measure_starts(folder: Path, rounds: int) -> list[Start]:
    """Every program with and without bytecode, in so many rounds."""
    builds = {compiled: build(folder, compiled=compiled) for compiled in (False, True)}
    taken: dict[tuple[str, bool], list[tuple[float, float]]] = defaultdict(list)
    with running_collector() as server:
        for _ in range(rounds):
            for name, (program, environ) in PROGRAMS.items():
                for compiled, path in builds.items():
                    last_line = _run([], path, program, environ, server.url).splitlines()[-1]
                    taken[name, compiled].append(json.loads(last_line))
    return [
        Start(*key, *(Spread.of(times) for times in zip(*all_, strict=True))) for key, all_ in taken.items()
    ]


def imports_by_package(folder: Path) -> list[tuple[str, float]]:
    """The import time of each dependency with detections on, in ms, longest first (`-X importtime`)."""
    program, environ = PROGRAMS[WITH_DETECTIONS]
    with running_collector() as server:
        said = _run(["-X", "importtime"], folder / "compiled", program, environ, server.url)
    ours = {path.name.removesuffix(".py") for path in (folder / "compiled").iterdir()}
    milliseconds: dict[str, float] = defaultdict(float)
    for found in _IMPORT_TIME.finditer(said):
        package = found["module"].partition(".")[0]
        milliseconds[package if package in ours else "standard library"] += int(found["self_us"]) / 1000
    return sorted(milliseconds.items(), key=lambda entry: -entry[1])


def _run(flags: Iterable[str], path: Path, program: str, environ: dict[str, str], url: str) -> str:
    """The standard error of a program that can import only the standard library and one folder."""
    settings = {"DESTINATION": "http", "DESTINATION_URL": url, "POWERTOOLS_SERVICE_NAME": "benchmark"}
    result = subprocess.run(  # noqa: S603  # programs of this module
        [sys.executable, "-S", "-B", "-W", "ignore", *flags, "-c", program],
        cwd=ROOT,
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(path), **settings, **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if result.returncode:
        raise RuntimeError(result.stderr)
    return result.stderr
