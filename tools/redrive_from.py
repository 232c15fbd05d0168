"""`make redrive-from QUEUE=url STACK=name`: moves a queue's messages to the stack's undelivered queue.

For a queue that outlived its stack: SQS moves messages of dead-letter queues only. A message is deleted after
it was sent, so an interruption can duplicate one message and lose none; the same command continues. The moved
messages have a new age. Exit status: 0 if the queue is empty, 1 if messages are left, else 2.
"""

import argparse
import sys
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.progress import Progress as Bar

from tools.aws_clients import client_factory
from tools.aws_reading import ClientFactory, Reader
from tools.command_line import command_line
from tools.errors import ToolError
from tools.remove.found import count_messages
from tools.stack import add_stack_options, named_stack, read_stack

_BATCH = 10  # the most that ReceiveMessage returns
# A batch of ten messages of 1 MiB is sent within this time, even over a slow line.
_HIDDEN_SECONDS = 600


def move(client: ClientFactory, source: str, target: str, moved: Callable[[], None]) -> int:
    """Moves every visible message, with its attributes; returns their number.

    Args:
        client: makes the clients.
        source: the URL of the queue to empty.
        target: the URL of the queue of undelivered events.
        moved: is called after each message.
    """
    sqs, count = client("sqs"), 0
    while messages := _receive(sqs, source):
        for message in messages:
            # the same attributes, so that the redrive knows why each was parked
            sqs.send_message(
                QueueUrl=target,
                MessageBody=message["Body"],
                MessageAttributes=message.get("MessageAttributes", {}),
            )
            sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
            count += 1
            moved()
    return count


def _queue_name(url: str) -> list[str]:
    """Account and name; the host of a URL can have several forms."""
    return url.rsplit("/", 2)[1:]


def _receive(sqs: Any, source: str) -> list[dict[str, Any]]:  # noqa: ANN401  # boto3 makes its clients at run time
    answer = sqs.receive_message(
        QueueUrl=source,
        MaxNumberOfMessages=_BATCH,
        MessageAttributeNames=["All"],
        VisibilityTimeout=_HIDDEN_SECONDS,
        WaitTimeSeconds=5,  # asks all of SQS's servers, so that an empty answer means an empty queue
    )
    messages: list[dict[str, Any]] = answer.get("Messages", [])
    return messages


def _run(options: argparse.Namespace, console: Console) -> int:
    client = client_factory(options.region, options.profile)
    reader = Reader(client)
    stack = read_stack(reader, named_stack(options))
    target = stack.outputs["UndeliveredQueueUrl"]
    if _queue_name(options.queue) == _queue_name(target):
        msg = f"{target} is the stack's own queue: its redrive function delivers what is in it"
        raise ToolError(msg)
    before = count_messages(reader, options.queue)
    if before is None:
        why = f"{', '.join(reader.refused)} was refused" if reader.refused else "it does not exist"
        msg = f"the queue {options.queue} cannot be read: {why}"
        raise ToolError(msg)
    with Bar(console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("messages", total=before.waiting)
        count = move(client, options.queue, target, lambda: bar.advance(task))
    print(f"{count} messages were moved to {target}.")
    after = count_messages(reader, options.queue)
    left = after.waiting + after.hidden if after else 0
    if left:
        print(
            f"{left} messages are left, because they are hidden until a retry. Run the same command again in"
            " 26 minutes.",
            file=sys.stderr,
        )
        return 1
    print(f"The queue is empty. To delete it: aws sqs delete-queue --queue-url {options.queue}")
    return 0


@command_line("redrive-from", after_interrupt="the same command moves the rest")
def main(arguments: list[str]) -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make redrive-from", description=__doc__)
    parser.add_argument("queue", help="the URL of the queue to empty, as make remove prints it")
    add_stack_options(parser)
    return _run(parser.parse_args(arguments), Console(stderr=True))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
