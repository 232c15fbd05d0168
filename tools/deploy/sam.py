"""Runs `sam build` and `sam deploy`."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

from tools import ROOT
from tools.check_build import BuildError, built_packages, check_build
from tools.errors import ToolError
from tools.ministack import last_lines

_CHUNK_BYTES = 4096
_SUCCESSES = ("Successfully created/updated stack", "No changes to deploy")


class SamError(ToolError):
    """`sam` failed; its output has been shown."""

    status = 1


def run_sam(*arguments: str, shown: bool, root: Path = ROOT) -> tuple[int, str]:
    """Runs `sam` in the project's folder; returns its exit status and its output.

    Args:
        *arguments: the command line.
        shown: whether the output is shown as it comes; SAM's questions read the same input as ours.
        root: the project's folder.
    """
    written = b""
    with subprocess.Popen(  # noqa: S603  # our own arguments
        [root / ".venv" / "bin" / "sam", *arguments],
        cwd=root,
        env=os.environ | {"SAM_CLI_TELEMETRY": "0", "PYTHONUNBUFFERED": "1"},
        stdin=None if shown else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        output: IO[bytes] = process.stdout  # type: ignore[assignment]  # it is a pipe
        try:
            # A question has no end of line, so chunks are shown and not lines.
            while chunk := os.read(output.fileno(), _CHUNK_BYTES):
                written += chunk
                if shown:
                    sys.stdout.buffer.write(chunk)
                    sys.stdout.flush()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
            raise
    return process.returncode, written.decode(errors="replace")


def build(environment: str, root: Path = ROOT) -> None:
    """Runs `sam build` and checks the result.

    Raises:
        ToolError: the build failed; the message has the end of its output.
    """
    status, written = run_sam("build", "--config-env", environment, shown=False, root=root)
    if status:
        msg = f"`sam build` failed:\n{last_lines(written)}"
        raise SamError(msg)
    try:
        for package in built_packages(root / ".aws-sam" / "build"):
            check_build(package)
    except BuildError as error:
        raise SamError(str(error)) from error


def deploy(environment: str, stack: str, *options: str, root: Path = ROOT) -> None:
    """Runs `sam deploy`, which shows the change set and, in some environments, asks whether to deploy it.

    Raises:
        ToolError: it failed, or the change set was declined. SAM ends with status 1 if there is nothing to
            change, which is success, and with 0 if the change set was declined.
    """
    arguments = ("deploy", "--config-env", environment, "--stack-name", stack, *options)
    status, written = run_sam(*arguments, shown=True, root=root)
    if any(success in written for success in _SUCCESSES):
        return
    if status:
        msg = f"`sam deploy` failed with status {status}: see its message above"
        raise SamError(msg)
    msg = "the change set was declined, so nothing is deployed; the same command asks again"
    raise SamError(msg)
