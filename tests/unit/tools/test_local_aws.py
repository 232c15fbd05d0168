"""What a local deployment that does not work says: all of it, since its folder may be gone by then."""

import os
import time
from pathlib import Path

import boto3
import pytest

from tools import local_aws, ministack
from tools.local_aws import LocalAws
from tools.ministack import LocalAwsError


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose programs are made by a test."""
    monkeypatch.setattr(local_aws, "ROOT", tmp_path)
    return tmp_path


def program(path: Path, *lines: str) -> None:
    """A shell script in the place of a program."""
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(("#!/bin/sh", *lines, "")))
    path.chmod(0o755)


def fault_at_start(root: Path) -> str:
    """What is said where MiniStack does not start."""
    with pytest.raises(LocalAwsError) as caught, local_aws.local_aws(root / "work"):
        pass
    return str(caught.value)


def test_what_ministack_wrote_before_it_ended_is_told(root: Path) -> None:
    """The last 25 lines."""
    program(root / ".venv-ministack/bin/ministack", "seq 1 30", "echo address already in use", "exit 3")
    said = fault_at_start(root).splitlines()
    assert said[0] == "MiniStack ended with status 3 at its start:"
    assert said[1:] == [*map(str, range(7, 31)), "address already in use"]


def test_what_a_silent_ministack_wrote_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs, and does not answer."""
    monkeypatch.setattr(ministack, "_START_SECONDS", 0.5)
    program(root / ".venv-ministack/bin/ministack", "echo waiting for the moon", "exec sleep 60")
    assert fault_at_start(root) == "MiniStack did not answer within 0.5 s; it wrote:\nwaiting for the moon"


def test_a_sam_that_does_not_end_is_told_with_what_it_wrote(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it is stopped."""
    monkeypatch.setattr(local_aws, "_SAM_SECONDS", 2)
    program(root / ".venv/bin/sam", "echo building", "exec sleep 60")
    with pytest.raises(LocalAwsError) as caught:
        LocalAws("http://127.0.0.1:1", root).sam("build")
    assert str(caught.value) == "`sam build` did not end within 2 s:\nbuilding"


def test_a_sam_that_fails_is_told_by_its_last_lines(root: Path) -> None:
    """The whole output is in sam.log."""
    program(root / ".venv/bin/sam", "echo no such stack >&2", "exit 2")
    with pytest.raises(LocalAwsError) as caught:
        LocalAws("http://127.0.0.1:1", root).sam("deploy", "--now")
    assert str(caught.value) == "`sam deploy` ended with status 2:\nno such stack"
    assert (root / "sam.log").read_text() == "$ sam deploy --now\nno such stack\n\n"


def test_what_sam_started_ends_with_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A builder that continues would write into a folder that is being removed."""
    monkeypatch.setattr(local_aws, "_SAM_SECONDS", 2)
    program(root / ".venv/bin/sam", f"sleep 60 & echo $! >{root}/builder", "wait")
    with pytest.raises(LocalAwsError):
        LocalAws("http://127.0.0.1:1", root).sam("build")
    builder = Path("/proc") / (root / "builder").read_text().strip() / "cmdline"
    assert wait_until_gone(builder)


def wait_until_gone(command_line: Path) -> bool:
    """Whether a process ends; one that nobody waited for has an empty command line."""
    give_up_at = time.monotonic() + 60
    while command_line.exists() and command_line.read_bytes():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.01)
    return True


def test_what_sam_leaves_behind_is_in_the_workdir(root: Path) -> None:
    """Which goes when the deployment goes."""
    program(root / ".venv/bin/sam", "mktemp -d")
    left_behind = Path(LocalAws("http://127.0.0.1:1", root).sam("build").strip())
    assert left_behind.is_dir()
    assert left_behind.is_relative_to(root)


HEALTHY = """import http.server, os, sys
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def do_POST(self):
        print("out of memory", file=sys.stderr, flush=True)
        os._exit(7)
http.server.HTTPServer(("127.0.0.1", int(os.environ["GATEWAY_PORT"])), Health).serve_forever()
"""


def healthy_ministack(root: Path) -> None:
    """One that says it is well, and dies of the first call."""
    (root / "healthy.py").write_text(HEALTHY)
    program(root / ".venv-ministack/bin/ministack", f"exec python3 {root}/healthy.py")


def test_a_ministack_that_ends_while_it_is_used_is_told(root: Path) -> None:
    """And not what boto3 makes of it."""
    healthy_ministack(root)
    with pytest.raises(LocalAwsError) as caught, local_aws.local_aws(root / "work") as aws:
        aws.client("sqs").list_queues()
    said = str(caught.value).splitlines()
    assert said[0] == "MiniStack ended with status 7 while it was used:"
    assert "out of memory" in said


def test_another_aws_of_the_environment_is_neither_asked_nor_missed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """boto3 refuses to start with a profile that is not there; afterwards the environment is as it was."""
    monkeypatch.setenv("AWS_PROFILE", "of-my-employer")
    monkeypatch.setenv("AWS_CONFIG_FILE", "of-my-employer.ini")
    healthy_ministack(root)
    with local_aws.local_aws(root / "work") as aws:
        assert aws.client("sqs").meta.endpoint_url == aws.endpoint
        assert boto3.Session().available_profiles == []
        assert "AWS_PROFILE" not in aws.environ()
    assert os.environ["AWS_PROFILE"] == "of-my-employer"
    assert os.environ["AWS_CONFIG_FILE"] == "of-my-employer.ini"


def test_a_long_run_of_sam_tells_what_it_does(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last line, every so many seconds, and its whole output at the end."""
    program(root / ".venv" / "bin" / "sam", "echo one; echo; echo '  two   three'; sleep 1.5; echo four")
    monkeypatch.setattr(local_aws, "_PROGRESS_SECONDS", 1)
    said: list[str] = []
    written = LocalAws("http://127.0.0.1:1", root, said.append).sam("deploy")
    assert written == "one\n\n  two   three\nfour\n"
    assert said == ["1 s: two three"]
