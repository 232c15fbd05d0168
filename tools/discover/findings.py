"""What was found, what is missing, and the command that mends it; and how that is printed."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from rich.console import Console
from rich.markup import escape
from rich.table import Table


class State(Enum):
    """Whether the deployment can go ahead as far as this finding is concerned."""

    OK = "ok"
    BY_DEPLOY = "by deploy"
    ADVICE = "advice"
    MISSING = "missing"
    UNKNOWN = "unknown"


_STYLES = {
    State.OK: "green",
    State.BY_DEPLOY: "cyan",
    State.ADVICE: "yellow",
    State.MISSING: "bold red",
    State.UNKNOWN: "yellow",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table; `command` is what to type where something is missing, else empty."""

    what: str
    state: State
    found: str
    command: str = ""


def ok(what: str, found: str) -> Finding:
    """Nothing is to be done."""
    return Finding(what, State.OK, found)


def by_deploy(what: str, found: str) -> Finding:
    """It is missing, and the deploy makes it: the section for samconfig.toml says so."""
    return Finding(what, State.BY_DEPLOY, found)


def advice(what: str, found: str, command: str = "") -> Finding:
    """It works as it is, and would be better otherwise."""
    return Finding(what, State.ADVICE, found, command)


def missing(what: str, found: str, command: str = "") -> Finding:
    """The deployment would fail or lose something; `command` mends it."""
    return Finding(what, State.MISSING, found, command)


def unknown(what: str, found: str, command: str = "") -> Finding:
    """It could not be read, or only people know it."""
    return Finding(what, State.UNKNOWN, found, command)


def refused(what: str, right: str) -> Finding:
    """This right would have been needed to know."""
    return unknown(what, f"not read: {right} was refused")


def print_findings(console: Console, title: str, findings: Sequence[Finding], region: str) -> None:
    """The table, and below it the commands, each on a line of its own so that it can be copied."""
    table = Table(title=title, title_justify="left")
    table.add_column("what", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("found", overflow="fold")
    for finding in findings:
        style = _STYLES[finding.state]
        table.add_row(finding.what, f"[{style}]{finding.state.value}[/]", escape(finding.found))
    console.print(table)
    for finding in findings:
        if finding.command:
            console.print(f"\n[bold]{finding.what}[/]: {escape(finding.found)}")
            command = finding.command
            if region and command.startswith("aws ") and "--region" not in command:
                command = f"{command} --region {region}"
            console.print(f"  {command}", soft_wrap=True, highlight=False, markup=False)
