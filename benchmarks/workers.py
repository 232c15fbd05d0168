"""The benchmark's side of the processes in which contenders run."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.local_server import ROOT


@dataclass(frozen=True, slots=True)
class Sample:
    """One invocation: seconds by the clock, and of CPU in all threads."""

    wall_seconds: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What an order came to; the memory is that of the whole process, in bytes."""

    samples: tuple[Sample, ...]
    in_use_bytes: int
    most_bytes: int


class Worker:
    """A contender in a process of its own, while the context lasts."""

    def __init__(self, contender: str, url: str, environ: dict[str, str] | None = None) -> None:
        self._arguments = [contender, url]
        self._environ = environ or {}

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603  # a module of ours
            [sys.executable, "-W", "ignore", "-m", "benchmarks.worker", *self._arguments],
            cwd=ROOT,
            env={
                "PATH": os.environ.get("PATH", ""),
                "PYTHONPATH": str(ROOT / "functions"),
                "POWERTOOLS_SERVICE_NAME": "benchmark",
                **self._environ,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.communicate()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def run(self, event: Path, times: int = 1) -> Answer:
        """Has the contender forward an event so many times.

        Raises:
            RuntimeError: the process has ended; what it said is on standard error.
        """
        assert self._process.stdin is not None  # noqa: S101  # a pipe
        assert self._process.stdout is not None  # noqa: S101  # a pipe
        self._process.stdin.write(f"{times} {event}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            msg = f"the process of {self._arguments[0]} has ended"
            raise RuntimeError(msg)
        answer = json.loads(line)
        return Answer(
            tuple(Sample(*sample) for sample in answer["samples"]), answer["in_use"], answer["most"]
        )
