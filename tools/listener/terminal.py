"""The listener's output: a line per record, the counts of each request, and the totals at the end."""

import errno
import os
import sys
from collections import Counter
from pathlib import Path

import msgspec
from rich.console import Console
from rich.text import Text

from tools.listener.bodies import Record
from tools.listener.exchange import Outcome, content_type_of
from tools.listener.gist import line_of, type_shown
from tools.listener.http_server import Incoming

_WIDTH_OF_A_PIPE = 160
_COLOURS = {
    "audit": "magenta",
    "authenticator": "yellow",
    "api": "blue",
    "scheduler": "green",
    "controllerManager": "cyan",
}


def open_console() -> Console:
    """Standard output, with the terminal's width, or a fixed one for a file or a pipe."""
    width = None if sys.stdout.isatty() else _WIDTH_OF_A_PIPE
    # records are shown unchanged: no markup, no emoji codes, no guessed colours
    return Console(highlight=False, markup=False, emoji=False, width=width)


class Display:
    """Prints what arrives and counts it by log type. A sink of the listener."""

    def __init__(self, console: Console, *, quiet: bool) -> None:
        self._console = console
        self._quiet = quiet
        self._counts: Counter[str] = Counter()
        self._requests = 0
        self._refused = 0
        self._connections: set[int] = set()

    def __call__(self, request: Incoming, outcome: Outcome) -> None:
        """Shows one request; a refused one even if quiet."""
        self._requests += 1
        self._connections.add(request.connection)
        self._counts.update(map(type_shown, outcome.records))
        if outcome.fault:
            self._refused += 1
            # the client chooses the path: repr removes control characters
            self._say(
                f"! {request.method} {request.path[:80]!r} answered {outcome.status}: {outcome.fault}", "red"
            )
        elif not self._quiet:
            for record in outcome.records:
                self._show(record)
            how = (outcome.body_format or content_type_of(request), request.headers.get("content-encoding"))
            self._say(
                f"+{len(outcome.records)} ({' '.join(filter(None, how))}, {len(request.body)} bytes)   "
                f"{self._by_log_type()}; {self._counts.total()} in all",
                "dim",
            )

    def totals(self) -> None:
        """Prints the totals."""
        self._say(
            f"Received {self._counts.total()} records in {_counted(self._requests, 'request')} on"
            f" {_counted(len(self._connections), 'connection')}, {self._refused} refused."
            f" {self._by_log_type()}".rstrip(),
            "bold",
        )

    def _by_log_type(self) -> str:
        return ", ".join(f"{log_type} {count}" for log_type, count in sorted(self._counts.items()))

    def _show(self, record: Record) -> None:
        line = line_of(record)
        log_type = (f"{line.log_type:<17} ", _COLOURS.get(line.log_type, "white"))
        text = Text.assemble((f"{line.time:<12} ", "dim"), (f"{line.cluster} ", "bold"), log_type, line.gist)
        self._console.print(text, no_wrap=True, overflow="ellipsis")

    def _say(self, text: str, style: str) -> None:
        self._console.print(text, style=style, soft_wrap=True)


class SavedRecords:
    """Appends each record to a file as one line of JSON, before the request is answered."""

    def __init__(self, path: Path) -> None:
        """Opens the file, so that an unwritable path fails at the start.

        Raises:
            OSError: the file cannot be opened for appending.
        """
        self._file = path.open("ab", buffering=0)  # a failed write leaves nothing for the next one

    def __call__(self, _request: Incoming, outcome: Outcome) -> None:
        """Saves one request's records.

        Raises:
            OSError: not all of them could be written.
        """
        lines = msgspec.json.Encoder().encode_lines(outcome.records)
        if lines and self._file.write(lines) != len(lines):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
