"""A deployment on this machine: MiniStack in the place of AWS, and the real `sam` against it.

MiniStack runs what it is given to run, for whoever asks; so it listens on 127.0.0.1 alone, on a port that
nobody had, and checks every call against IAM policies.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tools.check_build import BuildError, built_packages, check_build

ROOT = Path(__file__).resolve().parent.parent
REGION = "us-east-1"
_START_SECONDS = 60
_STOP_SECONDS = 10
_SAM_SECONDS = 300
_LAST_LINES = 25
# MiniStack's root user; what it checks is the policies of the function's role
_ROOT_KEY = "test"


class LocalAwsError(Exception):
    """Something of the local deployment did not work; the message says what, and where to look."""


@dataclass(frozen=True, slots=True)
class LocalAws:
    """A running MiniStack: its endpoint, and a folder for what it and `sam` write."""

    endpoint: str
    workdir: Path

    def environ(self) -> dict[str, str]:
        """The environment in which `sam`, boto3 and the functions talk to this MiniStack."""
        return _without_aws_variables() | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": _ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": _ROOT_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "SAM_CLI_TELEMETRY": "0",
            "PATH": f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        }

    def client(self, service: str) -> Any:  # noqa: ANN401  # boto3 makes its clients at run time
        """A boto3 client of this MiniStack, with the root user's rights."""
        return boto3.client(
            service,  # type: ignore[call-overload]  # any service's name
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=_ROOT_KEY,
            aws_secret_access_key=_ROOT_KEY,
            config=Config(connect_timeout=5, read_timeout=60, retries={"total_max_attempts": 2}),
        )

    def sam(self, *arguments: str) -> str:
        """Runs `sam`; its output goes to `sam.log` in the workdir and comes back as text.

        Raises:
            LocalAwsError: sam did not end, or ended with another status than 0; with its last lines.
        """
        try:
            done = subprocess.run(  # noqa: S603  # our own arguments
                [ROOT / ".venv" / "bin" / "sam", *arguments],
                cwd=ROOT,
                env=self.environ(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=_SAM_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            written = (error.stdout or b"").decode(errors="replace").splitlines()[-_LAST_LINES:]
            msg = "\n".join((f"`sam {arguments[0]}` did not end within {_SAM_SECONDS} s:", *written))
            raise LocalAwsError(msg) from None
        log = self.workdir / "sam.log"
        with log.open("a", encoding="utf-8") as file:
            file.write(f"$ sam {' '.join(arguments)}\n{done.stdout}\n")
        if done.returncode:
            last_lines = "\n".join(done.stdout.splitlines()[-_LAST_LINES:])
            msg = f"`sam {arguments[0]}` ended with status {done.returncode}:\n{last_lines}"
            raise LocalAwsError(msg)
        return done.stdout

    def build(self) -> Path:
        """`sam build`, and an import of what it built; the folder of the build."""
        build_dir = self.workdir / "build"
        self.sam("build", "--build-dir", str(build_dir))
        try:
            for package in built_packages(build_dir):
                check_build(package)
        except BuildError as error:
            raise LocalAwsError(str(error)) from error
        return build_dir

    def deploy(self, build_dir: Path, stack: str, parameters: Mapping[str, str]) -> dict[str, str]:
        """`sam deploy` of a build with these parameters; the stack's outputs."""
        self.sam(
            "deploy",
            "--config-file",
            str(ROOT / "samconfig.toml"),
            "--template-file",
            str(build_dir / "template.yaml"),
            "--stack-name",
            stack,
            "--no-confirm-changeset",
            "--no-fail-on-empty-changeset",
            "--parameter-overrides",
            *(f"{name}={value}" for name, value in parameters.items()),
        )
        (description,) = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}

    def log_lines(self, log_group: str) -> list[str]:
        """All that a function has written to its log group."""
        logs = self.client("logs")
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=log_group)
        return [event["message"] for page in pages for event in page["events"]]


@contextmanager
def local_aws(workdir: Path) -> Iterator[LocalAws]:
    """Starts MiniStack and stops it, whatever happens in between.

    Raises:
        LocalAwsError: MiniStack is not installed, or does not answer in time.
    """
    program = ROOT / ".venv-ministack" / "bin" / "ministack"
    if not program.exists():
        msg = f"{program} is missing: run `make setup`"
        raise LocalAwsError(msg)
    scratch = workdir / "ministack"
    scratch.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    log_file = workdir / "ministack.log"
    environ = _without_aws_variables() | {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "AUTH": "true",
        "TMPDIR": str(scratch),
        "AWS_ACCESS_KEY_ID": _ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": _ROOT_KEY,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with log_file.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(  # noqa: S603  # our own program
            [program], env=environ, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        endpoint = f"http://127.0.0.1:{port}"
        _wait_until_healthy(process, endpoint, log_file)
        yield LocalAws(endpoint, workdir)
    finally:
        _stop(process)
        shutil.rmtree(scratch, ignore_errors=True)


def _without_aws_variables() -> dict[str, str]:
    """This process's environment without what it says of another AWS: the functions would inherit it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_healthy(process: "subprocess.Popen[bytes]", endpoint: str, log_file: Path) -> None:
    give_up_at = time.monotonic() + _START_SECONDS
    while time.monotonic() < give_up_at:
        if process.poll() is not None:
            msg = f"MiniStack ended with status {process.returncode} at its start:\n{_last_lines(log_file)}"
            raise LocalAwsError(msg)
        try:
            with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=2):  # noqa: S310  # our own
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    msg = f"MiniStack did not answer within {_START_SECONDS} s; it wrote:\n{_last_lines(log_file)}"
    raise LocalAwsError(msg)


def _last_lines(log_file: Path) -> str:
    """What it says at its end: the file itself may go with the folder before anybody reads the message."""
    return "\n".join(log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:])


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Ends MiniStack and the workers of its functions, which share its process group."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
    process.wait(_STOP_SECONDS)
