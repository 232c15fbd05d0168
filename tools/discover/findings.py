"""The findings of a survey, the commands that fix them, and how they are printed."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from rich.console import Console
from rich.markup import escape
from rich.table import Table


class State(Enum):
    """What a finding means for the deployment."""

    OK = "ok"
    BY_NETWORK = "by network.yaml"
    ADVICE = "advice"
    MISSING = "missing"
    UNKNOWN = "unknown"


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


def ok(what: str, found: str) -> Finding:
    """Nothing to do."""
    return Finding(what, State.OK, found)


def by_network(what: str, found: str, command: str = "") -> Finding:
    """Missing, but a stack of network.yaml creates it: the command for that stack has the parameter."""
    return Finding(what, State.BY_NETWORK, found, command)


def advice(what: str, found: str, command: str = "") -> Finding:
    """It works, but could be better."""
    return Finding(what, State.ADVICE, found, command)


def missing(what: str, found: str, command: str = "") -> Finding:
    """The deployment would fail or lose something."""
    return Finding(what, State.MISSING, found, command)


def unknown(what: str, found: str, command: str = "") -> Finding:
    """It could not be read."""
    return Finding(what, State.UNKNOWN, found, command)


def refused(what: str, right: str) -> Finding:
    """It could not be read without this right."""
    return unknown(what, f"not read: {right} was refused")


def print_findings(console: Console, title: str, findings: Sequence[Finding], region: str) -> None:
    """Prints the table, and below it each command on its own line, ready to copy."""
    table = Table("what", "state", title=title, title_justify="left")
    table.add_column("found", overflow="fold")
    for finding in findings:
        style = _STYLES[finding.state]
        table.add_row(finding.what, f"[{style}]{finding.state.value}[/]", escape(finding.found))
    for column in table.columns[:2]:
        column.no_wrap = True
    console.print(table)
    for finding in findings:
        if command := finding.command:
            console.print(f"\n[bold]{finding.what}[/]: {escape(finding.found)}")
            if region and command.startswith("aws ") and "--region" not in command:
                command = f"{command} --region {region}"
            console.print(f"  {command}", soft_wrap=True, highlight=False, markup=False)
