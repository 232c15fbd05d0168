"""One line per step: its number, and the time since the start."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from rich.console import Console


@dataclass(slots=True)
class Progress:
    """Prints a line at the start of each step; `total` is the number of steps."""

    console: Console
    total: int
    clock: Callable[[], float] = time.monotonic
    _started: float = field(init=False)
    _number: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._started = self.clock()

    def step(self, what: str) -> None:
        """Begins a step."""
        self._number += 1
        minutes, seconds = divmod(round(self.clock() - self._started), 60)
        line = f"==> {self._number}/{self.total}  {minutes}:{seconds:02}  {what}"
        self.console.print(line, style="bold", soft_wrap=True, highlight=False, markup=False)
