"""A container that is killed in the middle of its work, and Lambda's next try in another one."""

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.payloads import event_of, payload_of
from tools.listener import Listener, running_listener

ROOT = Path(__file__).parents[2]
WAIT_SECONDS = 30
EVENTS = 9
BATCH_EVENTS = 3


class Hold:
    """Keeps the collector from answering its n-th request until the client is gone.

    What it has read by then it stores, or forgets.
    """

    def __init__(self, nth: int, *, stores: bool) -> None:
        self.held = threading.Event()
        self.client_is_gone = threading.Event()
        self._nth = nth
        self._stores = stores
        self._requests = 0

    def __call__(self, _request: object, _outcome: object) -> None:
        """As a sink of the listener: by an OSError the listener learns that nothing was stored."""
        self._requests += 1
        if self._requests == self._nth:
            self.held.set()
            assert self.client_is_gone.wait(WAIT_SECONDS)
            if not self._stores:
                raise OSError


@contextmanager
def container(listener: Listener, event: dict[str, Any]) -> Iterator["subprocess.Popen[bytes]"]:
    """A new container of the forward function, which has just been handed an event."""
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(ROOT / "functions"), str(ROOT)]),
        "DESTINATION_URL": listener.url,
        "DETECTIONS": "off",
        "MAX_BATCH_EVENTS": str(BATCH_EVENTS),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "tests.invoke_once"],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(event).encode())
        process.stdin.close()
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("request_number", "stores", "duplicates"),
    [
        pytest.param(1, False, 0, id="before the first batch arrived"),
        pytest.param(2, False, 3, id="after the first batch"),
        pytest.param(2, True, 6, id="after the second batch, which was not answered"),
        pytest.param(3, True, 9, id="after the last batch, which was not answered"),
    ],
)
def test_a_killed_container_loses_nothing(request_number: int, *, stores: bool, duplicates: int) -> None:
    """SIGKILL in the middle, then Lambda's retry: every id has arrived, and so many of them twice."""
    event = event_of(payload_of(*(f"line {number}" for number in range(EVENTS))))
    hold = Hold(request_number, stores=stores)
    with running_listener(token=None, sinks=(hold,)) as listener:
        with container(listener, event) as killed:
            assert hold.held.wait(WAIT_SECONDS)
            killed.kill()
            assert killed.wait(WAIT_SECONDS) == -9
            hold.client_is_gone.set()
        with container(listener, event) as retried:
            assert retried.wait(WAIT_SECONDS) == 0

    arrived = Counter(str(record["id"]) for record in listener.records)
    assert sorted(arrived) == [f"{number:056}" for number in range(EVENTS)]
    assert arrived.total() - len(arrived) == duplicates
