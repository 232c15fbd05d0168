"""A control group whose processes get a part of one CPU, as a Lambda function gets by its memory size.

The quota is the kernel's own (cgroup v1 `cpu.cfs_quota_us`, cgroup v2 `cpu.max`): in every period of 20 ms
the group may run for its share of it, all its threads together, and then waits for the next.
"""

import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

PERIOD_US = 20_000
_V1 = Path("/sys/fs/cgroup/cpu")
_V2 = Path("/sys/fs/cgroup")


class CpuShareError(RuntimeError):
    """This machine does not let us make control groups."""


class CpuShare:
    """The group, while the context lasts; processes are put into it by their number.

    Raises:
        CpuShareError: at the beginning, where control groups cannot be made; root on Linux can.
    """

    def __enter__(self) -> Self:
        self._is_v1 = (_V1 / "cpu.cfs_period_us").exists()
        self._parent = _V1 if self._is_v1 else _V2
        self._folder = self._parent / f"benchmark-{os.getpid()}"
        try:
            self._folder.mkdir()
            self.set(1.0)
        except OSError as error:
            with suppress(OSError):
                self._folder.rmdir()
            msg = f"no control group for CPU shares can be made in {self._parent}: {error.strerror}"
            raise CpuShareError(msg) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for pid in (self._folder / "cgroup.procs").read_text().split():
            self._move(self._parent, int(pid))
        self._folder.rmdir()

    def set(self, share: float) -> None:
        """Gives the group this part of one CPU."""
        quota_us = int(PERIOD_US * share)
        if self._is_v1:
            (self._folder / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (self._folder / "cpu.cfs_quota_us").write_text(str(quota_us))
        else:
            (self._folder / "cpu.max").write_text(f"{quota_us} {PERIOD_US}")

    def take(self, pid: int) -> None:
        """Puts a process with all its threads, those to come too, into the group."""
        self._move(self._folder, pid)

    def _move(self, folder: Path, pid: int) -> None:
        (folder / "cgroup.procs").write_text(str(pid))
