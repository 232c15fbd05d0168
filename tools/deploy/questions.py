"""Questions on standard input; with YES=yes none is asked, and what is missing is named instead."""

import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from getpass import getpass

from tools.errors import ToolError

_TRIES = 3


def read_line(prompt: str) -> str:
    """A line of standard input without its end.

    It takes no byte after the line: `sam` reads the next answer from the same input.

    Raises:
        EOFError: the input has ended.
    """
    sys.stdout.write(prompt)
    sys.stdout.flush()
    line = b""
    while byte := os.read(0, 1):
        if byte == b"\n":
            return line.decode(errors="replace").rstrip("\r")
        line += byte
    if line:
        return line.decode(errors="replace")
    raise EOFError


def read_hidden(prompt: str) -> str:
    """The same, not shown on a terminal. Raises as `read_line`."""
    return getpass(prompt) if sys.stdin.isatty() else read_line(prompt)


@dataclass(slots=True)
class Questions:
    """Asks for what could not be found.

    Attributes:
        yes: whether nobody is there to answer.
        missing: what was not given although nobody could be asked, as sentences.
        read: reads an answer.
        read_secret: reads an answer that is not shown.
    """

    yes: bool
    missing: list[str] = field(default_factory=list)
    read: Callable[[str], str] = read_line
    read_secret: Callable[[str], str] = read_hidden

    def ask(
        self,
        option: str,
        question: str,
        candidates: Sequence[str] = (),
        pattern: str = ".+",
        *,
        hidden: bool = False,
    ) -> str:
        """The answer: a text that matches `pattern`, or a candidate by its number or by itself.

        Args:
            option: the variable that gives this answer without a question, such as EMAIL.
            question: one sentence.
            candidates: possible answers.
            pattern: a regular expression of what is accepted; the whole answer must match.
            hidden: whether the answer is not shown.

        Returns:
            The answer; an empty string if nobody could be asked, and then `missing` has a sentence.

        Raises:
            ToolError: the input ended, or three answers did not match.
        """
        if self.yes:
            self.missing.append(f"{option} is missing: {question}")
            return ""
        for number, candidate in enumerate(candidates, 1):
            print(f"  {number}. {candidate}")
        read = self.read_secret if hidden else self.read
        for _ in range(_TRIES):
            try:
                answer = read(f"{question} ").strip()
            except EOFError:
                msg = f"{option} is missing, and the input has ended: {question}"
                raise ToolError(msg) from None
            if answer.isdecimal() and 1 <= int(answer) <= len(candidates):
                return candidates[int(answer) - 1]
            if re.fullmatch(pattern, answer):
                return answer
            print("This answer cannot be right.")  # the answer may be a token: it is not repeated
        msg = f"{option} is missing: {question}"
        raise ToolError(msg)

    def require(self) -> None:
        """Ends the run if something is missing.

        Raises:
            ToolError: names everything that is missing.
        """
        if self.missing:
            raise ToolError("; ".join(self.missing))
