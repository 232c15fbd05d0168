"""`make replay`: sends the lines of a time span, which CloudWatch still has, through the forwarder again.

For events that were lost, or that a wrong audit policy dropped. They keep their ids, so that a collector can
recognise duplicates. Exit status: 0 if all were handed to the function, else 2.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tools.aws_clients import ToolError, client_factory, told_errors
from tools.aws_reading import ClientFactory, Reader
from tools.log_groups import cluster_log_group
from tools.make_event import encode_event
from tools.stack import Stack, StackError, add_stack_options, named_stack, read_stack

# An asynchronous payload may have 1 MB; this much text fits even if gzip does not make it smaller.
MAX_TEXT_BYTES = 400_000


@dataclass(frozen=True, slots=True)
class Span:
    """Lines of a log group from `start_ms` to `end_ms`, both inclusive, in milliseconds since 1970."""

    log_group: str
    start_ms: int
    end_ms: int


def payloads(events: Iterable[Mapping[str, Any]], log_group: str, stack: Stack) -> Iterator[dict[str, Any]]:
    """Subscription payloads, each of one stream and bounded, from the events of FilterLogEvents."""
    waiting: dict[str, list[dict[str, object]]] = {}
    sizes: dict[str, int] = {}

    def payload(stream: str) -> dict[str, Any]:
        return {
            "messageType": "DATA_MESSAGE",
            "owner": stack.account,
            "logGroup": log_group,
            "logStream": stream,
            "subscriptionFilters": [stack.name],
            "logEvents": waiting.pop(stream),
        }

    for event in events:
        stream, size = event["logStreamName"], len(event["message"].encode())
        if stream in waiting and sizes[stream] + size > MAX_TEXT_BYTES:
            yield payload(stream)
        sizes[stream] = size + (sizes[stream] if stream in waiting else 0)
        log_event = {"id": event["eventId"], "timestamp": event["timestamp"], "message": event["message"]}
        waiting.setdefault(stream, []).append(log_event)
    yield from map(payload, list(waiting))


def replay(client: ClientFactory, stack: Stack, span: Span) -> tuple[int, int]:
    """Invokes the forward function asynchronously, as CloudWatch does, so that Lambda retries.

    Returns:
        The number of events and the number of payloads.
    """
    paginator = client("logs").get_paginator("filter_log_events")
    pages = paginator.paginate(logGroupName=span.log_group, startTime=span.start_ms, endTime=span.end_ms)
    events = (event for page in pages for event in page["events"])
    sent = invocations = 0
    for payload in payloads(events, span.log_group, stack):
        text = encode_event(payload).encode()
        client("lambda").invoke(FunctionName=stack.function_arn, InvocationType="Event", Payload=text)
        invocations += 1
        sent += len(payload["logEvents"])
    return sent, invocations


def _milliseconds(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def main(arguments: list[str]) -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make replay", description=__doc__)
    parser.add_argument("cluster", help="the cluster's name")
    parser.add_argument("start", type=_milliseconds, help="such as 2026-01-31T10:00; UTC without an offset")
    parser.add_argument("end", type=_milliseconds, help="likewise, inclusive")
    add_stack_options(parser)
    options = parser.parse_args(arguments)
    span = Span(cluster_log_group(options.cluster), options.start, options.end)
    try:
        client = client_factory(options.region, options.profile)
        with told_errors():
            sent, count = replay(client, read_stack(Reader(client), named_stack(options)), span)
    except (ToolError, StackError) as error:
        print(f"replay: {error}", file=sys.stderr)
        return 2
    print(f"{sent} events of {span.log_group} were handed to the forward function, in {count} payloads.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
