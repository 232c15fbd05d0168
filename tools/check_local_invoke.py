"""Runs `sam local invoke -e events/cw.json` in a container, and checks what arrives at a listener.

The container reaches this machine as `host.docker.internal`, on Linux the address of the docker bridge. The
listener uses that address and the port in samconfig.toml. Arguments are passed to `sam local invoke`.
"""

import subprocess
import sys

from tools import ROOT
from tools.listener import running_listener
from tools.make_event import example_lines

PORT = 30303
_TIMEOUT_SECONDS = 180


def bridge_address() -> str:
    """This machine's address on Docker's default network."""
    template = "{{range .IPAM.Config}}{{.Gateway}}{{end}}"
    command = ["docker", "network", "inspect", "bridge", "--format", template]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603  # ours


def invoke(arguments: list[str]) -> "subprocess.CompletedProcess[str]":
    """Runs the command of the README."""
    return subprocess.run(  # noqa: S603  # our own arguments
        [ROOT / ".venv" / "bin" / "sam", "local", "invoke", "-e", "events/cw.json", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
        check=False,
    )


def main(arguments: list[str]) -> int:
    """Returns 0 if every line arrives, and if the function reports connection_refused without a listener."""
    refused = invoke(arguments)
    if "connection_refused" not in refused.stdout + refused.stderr:
        print(refused.stdout, refused.stderr, sep="\n")
        print("check_local_invoke: without a listener the function did not report connection_refused")
        return 1
    with running_listener(token=None, host=bridge_address(), port=PORT) as listener:
        done = invoke(arguments)
        arrived = [record["message"] for record in listener.records]
    if done.returncode or arrived != example_lines("audit"):
        print(done.stdout, done.stderr, sep="\n")
        print(f"check_local_invoke: sam ended with {done.returncode}, and {len(arrived)} lines arrived")
        return 1
    print(f"sam local invoke delivered {len(arrived)} lines to the listener")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
