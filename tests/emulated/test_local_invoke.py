"""The README's `sam local invoke -e events/cw.json` in a container, against a listener on this machine.

It needs Docker, Lambda's image and the result of `make build`: `.ci/run` sets LOCAL_INVOKE where they are.
The container reaches this machine as `host.docker.internal`, on Linux the address of the docker bridge. The
listener uses that address and the port in samconfig.toml.
"""

import os
import subprocess

import pytest

from tools import ROOT
from tools.listener import running_listener
from tools.make_event import example_lines

PORT = 30303
pytestmark = pytest.mark.skipif("LOCAL_INVOKE" not in os.environ, reason="LOCAL_INVOKE is not set")


def invoke() -> "subprocess.CompletedProcess[str]":
    """Runs the command; a machine with the image need not look for a newer one."""
    return subprocess.run(  # noqa: S603  # our own program
        [ROOT / ".venv" / "bin" / "sam", "local", "invoke", "-e", "events/cw.json", "--skip-pull-image"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def bridge_address() -> str:
    """This machine's address on Docker's default network."""
    template = "{{range .IPAM.Config}}{{.Gateway}}{{end}}"
    command = ["docker", "network", "inspect", "bridge", "--format", template]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603  # ours


def test_every_line_arrives_at_a_listener() -> None:
    """Once and in order."""
    with running_listener(token=None, host=bridge_address(), port=PORT) as listener:
        done = invoke()
    assert done.returncode == 0, done.stdout + done.stderr
    assert [record["message"] for record in listener.records] == example_lines("audit")


def test_without_a_listener_the_function_reports_the_reason() -> None:
    """The connection is refused."""
    done = invoke()
    assert "connection_refused" in done.stdout + done.stderr
