"""The findings of a survey, the commands that fix them, and how they are printed."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial

from rich.console import Console
from rich.markup import escape
from rich.table import Table


class State(Enum):
    """What a finding means for the deployment."""

    OK = "ok"
    BY_NETWORK = "by network.yaml"  # missing, but a stack of network.yaml creates it
    ADVICE = "advice"  # it works, but could be better
    MISSING = "missing"  # the deployment would fail or lose something
    UNKNOWN = "unknown"  # it could not be read


_STYLES = {
    State.OK: "green",
    State.BY_NETWORK: "cyan",
    State.ADVICE: "yellow",
    State.MISSING: "bold red",
    State.UNKNOWN: "yellow",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table; `command` fixes it, or is empty."""

    what: str
    state: State
    found: str
    command: str = ""


def _finding(state: State, what: str, found: str, command: str = "") -> Finding:
    return Finding(what, state, found, command)


ok = partial(_finding, State.OK)
by_network = partial(_finding, State.BY_NETWORK)
advice = partial(_finding, State.ADVICE)
missing = partial(_finding, State.MISSING)
unknown = partial(_finding, State.UNKNOWN)


def refused(what: str, right: str) -> Finding:
    """It could not be read without this right."""
    return unknown(what, f"not read: {right} was refused")


def print_findings(
    console: Console, title: str, findings: Sequence[Finding], region: str, *, commands: bool = True
) -> None:
    """Prints the table and, if `commands` is set, below it each command on its own line, ready to copy."""
    table = Table("what", "state", title=title, title_justify="left")
    table.add_column("found", overflow="fold")
    for finding in findings:
        style = _STYLES[finding.state]
        table.add_row(finding.what, f"[{style}]{finding.state.value}[/]", escape(finding.found))
    for column in table.columns[:2]:
        column.no_wrap = True
    console.print(table)
    for finding in findings if commands else ():
        if command := finding.command:
            console.print(f"\n[bold]{finding.what}[/]: {escape(finding.found)}")
            if region and command.startswith("aws ") and "--region" not in command:
                command = f"{command} --region {region}"
            console.print(f"  {command}", soft_wrap=True, highlight=False, markup=False)
