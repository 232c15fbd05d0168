"""Reads the lines of a span and hands them to the forward function."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tools.aws_reading import ClientFactory
from tools.make_event import encode_event
from tools.replay.payloads import Chunk, Origin, chunks
from tools.replay.span import Progress, Span
from tools.stack import Stack


def read_events(client: ClientFactory, span: Span, start_ms: int) -> Iterator[Mapping[str, Any]]:
    """The events of a span from `start_ms` on that match its pattern, in the order of their times."""
    pages = (
        client("logs")
        .get_paginator("filter_log_events")
        .paginate(
            logGroupName=span.log_group,
            startTime=start_ms,
            endTime=span.end_ms,
            **({"filterPattern": span.pattern} if span.pattern else {}),
        )
    )
    return (event for page in pages for event in page["events"])


def send(client: ClientFactory, stack: Stack, chunk: Chunk) -> None:
    """Invokes the forward function asynchronously, as CloudWatch does, so that Lambda retries."""
    for payload in chunk.payloads:
        text = encode_event(payload).encode()
        client("lambda").invoke(FunctionName=stack.function_arn, InvocationType="Event", Payload=text)


def replay(
    client: ClientFactory, origin: Origin, progress: Progress, moved: Callable[[int], None]
) -> Counter[str]:
    """Sends the lines of the span that were not sent yet, and remembers how far it came.

    Args:
        client: makes the clients.
        origin: the stack, and what its payloads have in common.
        progress: the span, and the file that remembers.
        moved: is told the time of the last event that was sent.

    Returns:
        The number of `events` and of `payloads`.
    """
    counts = Counter(events=0, payloads=0)
    until_ms = progress.sent_until_ms()
    start_ms = progress.span.start_ms if until_ms is None else until_ms
    for chunk in chunks(read_events(client, progress.span, start_ms), origin):
        send(client, origin.stack, chunk)
        progress.keep(chunk.last_ms)
        counts["events"] += sum(len(payload["logEvents"]) for payload in chunk.payloads)
        counts["payloads"] += len(chunk.payloads)
        moved(chunk.last_ms)
    progress.remove()
    return counts
