"""The process that stands in the place of AWS: MiniStack, on 127.0.0.1 alone and with its IAM checks on.

It runs what it is given to run, for whoever asks; so it listens on a port that nobody had, and checks every
call against IAM policies.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

# MiniStack's root user; what it checks is the policies of the function's role
ROOT_KEY = "test"
# in the place of ~/.aws/config and ~/.aws/credentials
_NO_FILES = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
_START_SECONDS = 60
_STOP_SECONDS = 10
_LAST_LINES = 25


class LocalAwsError(Exception):
    """Something of the local deployment did not work; the message says what, and what was written of it."""


@contextmanager
def running_ministack(program: Path, workdir: Path) -> Iterator[str]:
    """Starts MiniStack and stops it, whatever happens in between; its endpoint.

    Raises:
        LocalAwsError: MiniStack is not installed, does not answer in time, or ended while it was used.
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
        msg = f"MiniStack ended with status {process.returncode} while it was used:\n{_log_end(log_file)}"
        raise LocalAwsError(msg) from error
    finally:
        stop_group(process)
        shutil.rmtree(scratch, ignore_errors=True)


def without_aws_variables() -> dict[str, str]:
    """This process's environment without another AWS, ~/.aws included: the functions would inherit it."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return others | _NO_FILES


@contextmanager
def no_other_aws() -> Iterator[None]:
    """Nothing of another AWS is in this process's environment: a profile that is not there stops boto3."""
    before = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    for name in before:
        del os.environ[name]
    os.environ.update(_NO_FILES)
    try:
        yield
    finally:
        for name in _NO_FILES:
            os.environ.pop(name, None)
        os.environ.update(before)


def last_lines(text: str) -> str:
    """What a program said at its end: a file of it may be gone before anybody reads the message."""
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
            msg = f"MiniStack ended with status {process.returncode} at its start:\n{_log_end(log_file)}"
            raise LocalAwsError(msg)
        try:
            with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=2):  # noqa: S310  # our own
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    msg = f"MiniStack did not answer within {_START_SECONDS} s; it wrote:\n{_log_end(log_file)}"
    raise LocalAwsError(msg)


def _log_end(log_file: Path) -> str:
    return last_lines(log_file.read_text(encoding="utf-8", errors="replace"))


def stop_group(process: "subprocess.Popen[Any]") -> None:
    """Ends a process that began a session of its own, and all that it started."""
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
