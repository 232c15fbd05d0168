"""A deployment on this machine: MiniStack instead of AWS, and the real `sam`."""

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tools import ROOT
from tools.check_build import BuildError, built_packages, check_build
from tools.ministack import (
    ROOT_KEY,
    LocalAwsError,
    last_lines,
    no_other_aws,
    running_ministack,
    stop_group,
    without_aws_variables,
)

REGION = "us-east-1"
_SAM_SECONDS = 300
_PROGRESS_SECONDS = 5


def _silent(_: str) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class LocalAws:
    """A running MiniStack: its endpoint, and a folder for the output of it and of `sam`.

    `progress` is told every few seconds what `sam` is doing.
    """

    endpoint: str
    workdir: Path
    progress: Callable[[str], None] = _silent

    def environ(self) -> dict[str, str]:
        """The environment that makes `sam`, boto3 and the functions use this MiniStack."""
        return without_aws_variables() | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "SAM_CLI_TELEMETRY": "0",
            "PATH": f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        }

    def client(self, service: str) -> Any:  # noqa: ANN401  # boto3 makes its clients at run time
        """A boto3 client of this MiniStack, with the root user's rights; the same one for each service."""
        return _client(self.endpoint, service)

    def sam(self, *arguments: str) -> str:
        """Runs `sam`; returns its output, which is also appended to `sam.log` in the workdir.

        Raises:
            LocalAwsError: sam did not end in time, or failed; the message has its last lines.
        """
        scratch = self.workdir / "sam"  # sam leaves temporary folders
        scratch.mkdir(exist_ok=True)
        with subprocess.Popen(  # noqa: S603  # our own arguments
            [ROOT / ".venv" / "bin" / "sam", *arguments],
            cwd=ROOT,
            env=self.environ() | {"TMPDIR": str(scratch), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # so that its descendants end with it
        ) as process:
            try:
                written = self._wait(process, f"sam {arguments[0]}")
            finally:
                stop_group(process)
        log = self.workdir / "sam.log"
        with log.open("a", encoding="utf-8") as file:
            file.write(f"$ sam {' '.join(arguments)}\n{written}\n")
        if process.returncode:
            msg = f"`sam {arguments[0]}` ended with status {process.returncode}:\n{last_lines(written)}"
            raise LocalAwsError(msg)
        return written

    def _wait(self, process: "subprocess.Popen[str]", what: str) -> str:
        """The output of a process; tells `progress` its last line every few seconds."""
        for waited in range(0, _SAM_SECONDS, _PROGRESS_SECONDS):
            try:
                written, _ = process.communicate(timeout=_PROGRESS_SECONDS)
            except subprocess.TimeoutExpired as error:
                so_far = (error.stdout or b"").decode(errors="replace")
                lines = [" ".join(line.split()) for line in so_far.splitlines() if line.strip(" -")]
                self.progress(f"{waited + _PROGRESS_SECONDS} s: {lines[-1] if lines else what}")
            else:
                return written
        msg = f"`{what}` did not end within {_SAM_SECONDS} s:\n{last_lines(so_far)}"
        raise LocalAwsError(msg)

    def build(self, environment: str = "default") -> Path:
        """Runs `sam build` by a section of samconfig.toml, checks the result, returns the build folder."""
        build_dir = self.workdir / f"build-{environment}"
        self.sam("build", "--config-env", environment, "--build-dir", str(build_dir))
        try:
            for package in built_packages(build_dir):
                check_build(package)
        except BuildError as error:
            raise LocalAwsError(str(error)) from error
        return build_dir

    def deploy(
        self, build_dir: Path, stack: str, parameters: Mapping[str, str], environment: str = "default"
    ) -> dict[str, str]:
        """Runs `sam deploy` with these parameters; returns the stack's outputs."""
        self.sam(
            *("deploy", "--config-file", str(ROOT / "samconfig.toml"), "--config-env", environment),
            *("--stack-name", stack),
            *("--template-file", str(build_dir / "template.yaml")),
            *("--no-confirm-changeset", "--no-fail-on-empty-changeset", "--parameter-overrides"),
            *(f"{name}={value}" for name, value in parameters.items()),
        )
        (description,) = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}

    def log_lines(self, log_group: str) -> list[str]:
        """Everything that a function has written to its log group."""
        logs = self.client("logs")
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=log_group)
        return [event["message"] for page in pages for event in page["events"]]


@cache
def _client(endpoint: str, service: str) -> Any:  # noqa: ANN401  # as above
    return boto3.client(
        service,  # type: ignore[call-overload]  # any service's name
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=ROOT_KEY,
        aws_secret_access_key=ROOT_KEY,
        config=Config(connect_timeout=5, read_timeout=60, retries={"total_max_attempts": 2}),
    )


@contextmanager
def local_aws(workdir: Path, progress: Callable[[str], None] = _silent) -> Iterator[LocalAws]:
    """Starts MiniStack, and stops it in any case. Raises as `running_ministack`."""
    program = ROOT / ".venv-ministack" / "bin" / "ministack"
    with no_other_aws(), running_ministack(program, workdir) as endpoint:
        yield LocalAws(endpoint, workdir, progress)
