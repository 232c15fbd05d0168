"""`make remove STACK=name`: deletes a stack and what was created around it, after one confirmation.

It deletes the stacks of subscription.yaml, the stack, the filters on other log groups, and silence alarms.
Queues and secret stay, unless they are asked for. Interrupted, the same command continues. Exit status: 0 if
all is deleted, 1 if it was not confirmed, else 2.
"""

import argparse
import sys
from collections.abc import Iterator

from rich.console import Console

from tools.aws_clients import add_aws_options, client_factory
from tools.aws_reading import Reader
from tools.command_line import command_line
from tools.remove.deleting import Deleting
from tools.remove.found import Found, find
from tools.stack import values

_SAM_STACK = "aws-sam-cli-managed-default"


def plan(found: Found, *, queues: bool, secret: bool) -> Iterator[str]:
    """What is deleted, a line each, and what stays."""
    delete = [
        *(f"stack {name} (subscription.yaml)" for name in found.subscriptions),
        *([f"stack {found.stack.name}, with its functions and their logs"] if found.exists else []),
        *(f"filter {name} on {log_group}" for log_group, name in found.filters),
        *(f"alarm {name}" for name in found.alarms),
        *(f"queue {queue.url}" for queue in found.queues if queues),
        *([f"secret {found.secret_arn}, in 30 days"] if secret and found.secret_arn else []),
    ]
    for queue in found.queues:
        yield f"{queue.waiting} messages are visible in {queue.url}; {queue.hidden} are hidden until a retry."
    yield from (f"  delete {what}" for what in delete)
    if not delete:
        yield f"Nothing is left to delete of {found.stack.name}."
    if found.queues and not queues:
        yield (
            "The queues stay, and their messages for up to 14 days; QUEUES=yes deletes them. To move the"
            f" messages: make redrive-from QUEUE={found.queues[0].url} STACK=another-stack"
        )
    if found.secret_arn and not secret:
        yield f"The secret stays; SECRET=yes deletes it: {found.secret_arn}"


def leftovers(reader: Reader, found: Found) -> Iterator[str]:
    """What this command never deletes, because others may use it."""
    if found.network_stack:
        yield (
            "The network stack stays. If no other stack uses it: aws cloudformation delete-stack"
            f" --stack-name {found.network_stack}"
        )
    summaries = reader.pages("cloudformation", "describe_stacks", "Stacks") or ()
    for stack in summaries:
        if stack["StackName"] == _SAM_STACK:
            bucket = values(stack, "Output").get("SourceBucket")
            yield (
                f"SAM's bucket {bucket} stays: it holds the packages of all SAM applications of this account"
                " and region. If this was the last one: empty it in the S3 console (Empty deletes all"
                f" versions), then aws cloudformation delete-stack --stack-name {_SAM_STACK}"
            )


def is_confirmed(name: str, *, yes: bool) -> bool:
    """Whether the user confirms by typing the stack's name, or has done so with YES=yes."""
    if yes:
        return True
    if not sys.stdin.isatty():
        print("remove: no terminal to confirm on: add YES=yes", file=sys.stderr)
        return False
    return input(f"Type {name} to delete this: ").strip() == name


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make remove", description=__doc__)
    parser.add_argument("stack", help="the forwarder's stack")
    parser.add_argument("--queues", action="store_true", help="delete the queues and their messages too")
    parser.add_argument("--secret", action="store_true", help="delete the secret of the destination too")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_aws_options(parser)
    return parser


def _run(options: argparse.Namespace, console: Console) -> int:
    client = client_factory(options.region, options.profile)
    reader = Reader(client)
    found = find(reader, options.stack)
    lines = list(plan(found, queues=options.queues, secret=options.secret))
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)
    if any(line.startswith("  delete ") for line in lines):
        if not is_confirmed(options.stack, yes=options.yes):
            print("remove: nothing was deleted", file=sys.stderr)
            return 1
        deleting = Deleting(client, console)
        deleting.delete(found, queues=options.queues, secret=options.secret)
    for line in leftovers(reader, found):
        console.print(line, highlight=False, soft_wrap=True)
    return 0


@command_line("remove", after_interrupt="the same command deletes the rest")
def main(arguments: list[str]) -> int:
    """Runs the command line; returns the exit status."""
    return _run(_parser().parse_args(arguments), Console())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
