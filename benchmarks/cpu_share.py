"""A control group whose processes get a part of one CPU, as a Lambda function does by its memory size.

The kernel enforces the quota (cgroup v1 `cpu.cfs_quota_us`, cgroup v2 `cpu.max`): in each period of 20 ms all
threads of the group together run for their share, and then wait for the next period.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PERIOD_US = 20_000
_V1 = Path("/sys/fs/cgroup/cpu")
_V2 = Path("/sys/fs/cgroup")


class CpuShareError(RuntimeError):
    """This machine does not let us make control groups."""


class CpuShare:
    """A control group in this folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def set(self, share: float) -> None:
        """Gives the group this part of one CPU."""
        quota_us = int(_PERIOD_US * share)
        if self._folder.parent == _V1:
            (self._folder / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
            (self._folder / "cpu.cfs_quota_us").write_text(str(quota_us))
        else:
            (self._folder / "cpu.max").write_text(f"{quota_us} {_PERIOD_US}")

    def take(self, pid: int) -> None:
        """Moves a process with all its present and future threads into the group."""
        (self._folder / "cgroup.procs").write_text(str(pid))


@contextmanager
def cpu_share_group() -> Iterator[CpuShare]:
    """A new group, until the end of the block.

    Raises:
        CpuShareError: control groups cannot be made here; root on Linux can make them.
    """
    parent = _V1 if (_V1 / "cpu.cfs_period_us").exists() else _V2
    folder = parent / f"benchmark-{os.getpid()}"
    share = CpuShare(folder)
    try:
        folder.mkdir()
        share.set(1.0)
    except OSError as error:
        with suppress(OSError):
            folder.rmdir()
        msg = f"cannot make a control group for CPU shares in {parent}: {error.strerror}"
        raise CpuShareError(msg) from None
    try:
        yield share
    finally:
        for pid in (folder / "cgroup.procs").read_text().split():
            (parent / "cgroup.procs").write_text(pid)
        folder.rmdir()
