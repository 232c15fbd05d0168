"""A process in which one contender runs, as in a container of Lambda's: warm from one order to the next.

    python -m benchmarks.worker CONTENDER URL

An order is a line on standard input, `<times> <file of the event>`; the answer is a line of JSON: for each
invocation its seconds by the clock and of CPU, and the process's memory. What the handler prints is thrown
away. The settings of ours come from the environment.
"""

import gc
import json
import os
import sys
import time
from pathlib import Path

from benchmarks.contenders import CONTENDERS


def memory_bytes() -> tuple[int, int]:
    """The memory in use, and the most there was: `VmRSS` and `VmHWM` (proc_pid_status(5)).

    Not `ru_maxrss`, which a process inherits from the one that started it.
    """
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    kilobytes = {name: value for name, _, value in (line.partition(":") for line in lines)}
    in_use, most = (int(kilobytes[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
    return in_use, most


def main() -> None:
    """Answers orders until there are no more."""
    name, url = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    forward = CONTENDERS[name](url)
    for order in sys.stdin:
        times, file = order.rstrip("\n").split(" ", 1)
        event = json.loads(Path(file).read_bytes())
        gc.collect()
        samples = []
        for _ in range(int(times)):
            wall, cpu = time.perf_counter(), time.process_time()
            forward(event)
            samples.append((time.perf_counter() - wall, time.process_time() - cpu))
        del event
        in_use, most = memory_bytes()
        answers.write(json.dumps({"samples": samples, "in_use": in_use, "most": most}) + "\n")


if __name__ == "__main__":
    main()
