"""The memory of this process."""

from pathlib import Path


def memory_bytes() -> tuple[int, int]:
    """The memory in use and its peak: `VmRSS` and `VmHWM` (proc_pid_status(5)).

    Not `ru_maxrss`, which a process inherits from its parent.
    """
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    kilobytes = {name: value for name, _, value in (line.partition(":") for line in lines)}
    in_use, peak = (int(kilobytes[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
    return in_use, peak
