"""MiniStack, the local emulation of AWS, on 127.0.0.1 only and with its IAM checks on.

It runs any code it is given. So it uses a free port, and checks every call against IAM policies.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest import mock

# MiniStack's root user; the function's role is what its IAM checks are about
ROOT_KEY = "test"
# instead of ~/.aws/config and ~/.aws/credentials
_NO_FILES = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
_START_SECONDS = 60
_STOP_SECONDS = 10
_LAST_LINES = 25


class LocalAwsError(Exception):
    """A step of the local deployment failed; the message has the end of its output."""


@contextmanager
def running_ministack(program: Path, workdir: Path) -> Iterator[str]:
    """Starts MiniStack, and stops it in any case; yields its endpoint.

    Raises:
        LocalAwsError: MiniStack is not installed, does not answer in time, or ended too early.
    """
    if not program.exists():
        msg = f"{program} is missing: run `make setup`"
        raise LocalAwsError(msg)
    scratch = workdir / "ministack"
    scratch.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    log_file = workdir / "ministack.log"
    environ = without_aws_variables() | {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "AUTH": "true",
        "TMPDIR": str(scratch),
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with log_file.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(  # noqa: S603  # our own program
            [program], env=environ, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        endpoint = f"http://127.0.0.1:{port}"
        _wait_until_healthy(process, endpoint, log_file)
        yield endpoint
    except Exception as error:
        if isinstance(error, LocalAwsError) or process.poll() is None:
            raise
        raise _ended(process, "while it was used", log_file) from error
    finally:
        stop_group(process)
        shutil.rmtree(scratch, ignore_errors=True)


def without_aws_variables() -> dict[str, str]:
    """The environment without AWS variables and without ~/.aws, which the functions would inherit."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return others | _NO_FILES


@contextmanager
def no_other_aws() -> Iterator[None]:
    """Removes AWS variables from this process's environment: boto3 fails on a profile that is missing."""
    with mock.patch.dict(os.environ, without_aws_variables(), clear=True):
        yield


def last_lines(text: str) -> str:
    """The end of a program's output; its file may be deleted before anybody reads the message."""
    return "\n".join(text.splitlines()[-_LAST_LINES:])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_healthy(process: "subprocess.Popen[bytes]", endpoint: str, log_file: Path) -> None:
    give_up_at = time.monotonic() + _START_SECONDS
    while time.monotonic() < give_up_at:
        if process.poll() is not None:
            raise _ended(process, "at its start", log_file)
        try:
            with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=2):  # noqa: S310  # our own
                return
        except OSError:
            time.sleep(0.2)
    msg = f"MiniStack did not answer within {_START_SECONDS} s; it wrote:\n{_log_end(log_file)}"
    raise LocalAwsError(msg)


def _ended(process: "subprocess.Popen[bytes]", when: str, log_file: Path) -> LocalAwsError:
    return LocalAwsError(f"MiniStack ended with status {process.returncode} {when}:\n{_log_end(log_file)}")


def _log_end(log_file: Path) -> str:
    return last_lines(log_file.read_text(encoding="utf-8", errors="replace"))


def stop_group(process: "subprocess.Popen[Any]") -> None:
    """Stops a process with its own session, and all its descendants."""
    try:
        _signal_group(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
    finally:  # interrupted or not
        _signal_group(process, signal.SIGKILL)
        process.wait(_STOP_SECONDS)


def _signal_group(process: "subprocess.Popen[Any]", number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
