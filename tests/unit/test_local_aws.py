"""What a local deployment that does not work says: all of it, since its folder may be gone by then."""

from pathlib import Path

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
    monkeypatch.setattr(local_aws, "_SAM_SECONDS", 0.5)
    program(root / ".venv/bin/sam", "echo building", "exec sleep 60")
    with pytest.raises(LocalAwsError) as caught:
        LocalAws("http://127.0.0.1:1", root).sam("build")
    assert str(caught.value) == "`sam build` did not end within 0.5 s:\nbuilding"


def test_a_sam_that_fails_is_told_by_its_last_lines(root: Path) -> None:
    """The whole output is in sam.log."""
    program(root / ".venv/bin/sam", "echo no such stack >&2", "exit 2")
    with pytest.raises(LocalAwsError) as caught:
        LocalAws("http://127.0.0.1:1", root).sam("deploy", "--now")
    assert str(caught.value) == "`sam deploy` ended with status 2:\nno such stack"
    assert (root / "sam.log").read_text() == "$ sam deploy --now\nno such stack\n\n"
