"""The benchmark's side of its collector: starts it, tells it what to do, asks what it saw."""

import base64
import http.client
import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.server import Counts

ROOT = Path(__file__).resolve().parent.parent


class LocalServer:
    """A collector in a process of its own, while the context lasts."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.server"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None  # noqa: S101  # a pipe
        self._port = int(self._process.stdout.readline())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.communicate()

    @property
    def url(self) -> str:
        """Where the contenders send to; each collector's own path is added to it."""
        return f"http://127.0.0.1:{self._port}"

    def reset(self, *, delay_ms: int = 0, keep: bool = False, status: int = 200) -> None:
        """Sets the counts to nought, how long each answer waits, and the status of all of them."""
        self._ask("PUT", f"/status/{status}")
        self._ask("PUT", f"/keep/{int(keep)}")
        self._ask("PUT", f"/delay/{delay_ms}")

    def counts(self) -> Counts:
        """What arrived since the last reset."""
        return Counts(**json.loads(self._ask("GET", "/counts")))

    def bodies(self) -> list[bytes]:
        """The bodies since a reset with `keep`, expanded, in the order of their arrival."""
        texts: list[Any] = json.loads(self._ask("GET", "/bodies"))
        return [base64.b64decode(text) for text in texts]

    def _ask(self, method: str, path: str) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request(method, path)
            return connection.getresponse().read()
        finally:
            connection.close()
