"""`make verify STACK=name [ALERT=yes]`: proves the path of a deployed stack, one line per step.

Sends one made-up line, which says that it is a canary, through the real function to the collector.
Exit status: 0 if every step is right (warnings aside), 1 if one is not or could not be read, 2 if AWS could
not be asked.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tools.aws_clients import client_factory
from tools.aws_reading import NotFoundError, Reader
from tools.command_line import command_line
from tools.discover.findings import Finding, State, missing
from tools.stack import add_stack_options, named_stack
from tools.verify.function_steps import canary_steps, start_step
from tools.verify.source_steps import filter_step, logging_step, permission_step
from tools.verify.target import Target, read_target
from tools.verify.watching_steps import age_step, alarm_step, alert_step, last_event_step, queue_steps

type Step = Callable[[Target], Iterator[Finding]]

# The queues come before the canary, which is parked if it cannot be delivered.
STEPS: tuple[tuple[str, Step], ...] = (
    ("cluster", logging_step),
    ("log group", filter_step),
    ("function's policy", permission_step),
    ("function", start_step),
    ("queues", queue_steps),
    ("canary", canary_steps),
    ("alarm topic", alarm_step),
    ("metrics", last_event_step),
    ("ages", age_step),
)
_WORDS = {
    State.OK: ("right", "green"),
    State.ADVICE: ("warning", "yellow"),
    State.MISSING: ("WRONG", "bold red"),
    State.UNKNOWN: ("unknown", "yellow"),
}


def verify(target: Target, steps: Sequence[tuple[str, Step]], console: Console) -> list[Finding]:
    """Runs the steps and prints each finding as soon as it is known; returns them all."""
    findings = []
    for name, step in steps:
        with console.status(f"checking the {name} …"):
            found = _found(target, name, step)
        for finding in found:
            _print(console, finding, target.stack.region)
        findings += found
    return findings


def _found(target: Target, name: str, step: Step) -> list[Finding]:
    try:
        return list(step(target))
    except NotFoundError as error:
        found = f"something of the stack was deleted: {error}"
        return [
            missing(name, found, f"aws cloudformation detect-stack-drift --stack-name {target.stack.name}")
        ]


def _print(console: Console, finding: Finding, region: str) -> None:
    word, style = _WORDS[finding.state]
    line = Table.grid(padding=(0, 1))
    line.add_column(width=7, no_wrap=True)
    line.add_column(width=21, no_wrap=True)
    line.add_column(overflow="fold")
    line.add_row(f"[{style}]{word}[/]", finding.what, escape(finding.found))
    console.print(line)
    if command := finding.command:
        if command.startswith("aws "):
            command = f"{command} --region {region}"
        console.print(f"        {command}", soft_wrap=True, highlight=False, markup=False)


@command_line("verify")
def main(arguments: list[str], clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make verify", description=__doc__)
    add_stack_options(parser)
    parser.add_argument("--alert", action="store_true", help="send one test message to the alarm topic, too")
    options = parser.parse_args(arguments)
    console = Console(highlight=False)
    steps = (*STEPS, ("test alert", alert_step)) if options.alert else STEPS
    reader = Reader(client_factory(options.region, options.profile))
    target = read_target(reader, named_stack(options), clock())
    console.print(f"Stack {target.stack.name}, cluster {target.stack.cluster}, {target.stack.region}")
    findings = verify(target, steps, console)
    states = [finding.state for finding in findings]
    if reader.refused:
        console.print(f"Refused rights: {', '.join(reader.refused)}", style="yellow", soft_wrap=True)
    wrong, unread = states.count(State.MISSING), states.count(State.UNKNOWN)
    if wrong or unread:
        console.print(f"Not verified: {wrong} wrong, {unread} unknown.", style="bold red")
        return 1
    console.print(f"Verified, with {states.count(State.ADVICE)} warnings.", style="bold green")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
