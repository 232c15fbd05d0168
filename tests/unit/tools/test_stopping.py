"""How tools end: at Ctrl-C, at SIGTERM, and at both."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

TOOL = """
import sys, time
from tools.stopping import INTERRUPTED, stop_at_signals
stop_at_signals()
try:
    print("begun", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("cleaning up", flush=True)
    sys.stdin.readline()
    print("cleaned up", flush=True)
    sys.exit(INTERRUPTED)
"""


# a background job of a shell begins with SIGINT ignored, and so do the tests in it
WAITING = """
import signal, time
from tools.command_line import command_line
signal.signal(signal.SIGINT, signal.default_int_handler)
raise SystemExit(command_line("wait")(lambda: print("begun", flush=True) or time.sleep(60))())
"""


def test_a_tool_that_waits_ends_at_ctrl_c_without_a_stack_trace() -> None:
    """One line, and the exit status of an interrupted command."""
    with subprocess.Popen(  # noqa: S603  # our own text
        [sys.executable, "-c", WAITING], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as tool:
        assert tool.stdout
        assert tool.stdout.readline() == "begun\n"
        tool.send_signal(signal.SIGINT)
        assert tool.communicate(timeout=10) == ("", "\nwait: interrupted\n")
        assert tool.returncode == 130


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_ends_it_and_further_ones_do_not_disturb_the_end(first: signal.Signals) -> None:
    """A second Ctrl-C does not interrupt the clean-up."""
    with subprocess.Popen(  # noqa: S603  # our own text
        [sys.executable, "-c", TOOL], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as tool:
        assert tool.stdin
        assert tool.stdout
        assert tool.stdout.readline() == "begun\n"
        tool.send_signal(first)
        assert tool.stdout.readline() == "cleaning up\n"
        for number in (signal.SIGINT, signal.SIGTERM):
            tool.send_signal(number)
        tool.stdin.write("\n")
        tool.stdin.flush()
        assert tool.stdout.readline() == "cleaned up\n"
        assert tool.wait(10) == 130
