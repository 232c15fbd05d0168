"""What make itself checks before it starts a tool."""

import subprocess

import pytest

from tools import ROOT


@pytest.mark.parametrize(
    ("target", "needs"),
    [
        (["subscribe"], "CLUSTER=name"),
        (["replay"], "CLUSTER=name"),
        (["replay", "CLUSTER=prod"], "START=time"),
        (["replay", "CLUSTER=prod", "START=2026-01-31"], "END=time"),
        (["remove"], "STACK=name"),
        (["redrive-from"], "QUEUE=url"),
        (["redrive-from", "QUEUE=https://sqs.invalid/1/q"], "STACK=name"),
    ],
    ids=" ".join,
)
def test_a_missing_variable_is_named_as_make_takes_it(target: list[str], needs: str) -> None:
    """The tools' own messages name positional arguments, which nobody types."""
    done = subprocess.run(  # noqa: S603  # our own Makefile
        ["make", "--dry-run", "--no-print-directory", *target],  # noqa: S607  # make of this machine
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert f"make {target[0]} needs {needs}.  Stop." in done.stderr
