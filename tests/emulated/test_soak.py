"""A few seconds of the soak; `make soak` takes minutes."""

import os
import re
import subprocess
import sys

import pytest

from tools import ROOT

pytestmark = pytest.mark.emulated


def test_a_few_seconds_of_load_lose_nothing() -> None:
    """Under failures: events are parked and redriven, none is lost, and memory does not grow."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.soak", "--seconds", "5"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "functions"), "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = dict(re.findall(r"│ (.+?) +│ (.+?) +│", done.stdout))
    assert rows["lost"] == "0"
    assert int(rows["parked"].replace(",", "")) > 0
