"""`make replay`: sends lines of some time, which CloudWatch still has, through the forwarder again.

For events that were lost on the way, or dropped by an audit policy that was wrong. They keep their ids, so a
collector can tell what it has already. Exit status: 0 when all were handed to the function, 2 when not.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools.aws_clients import ToolError, add_aws_options, client_factory, told_errors
from tools.aws_reading import ClientFactory, Reader
from tools.log_groups import cluster_log_group
from tools.make_event import encode_event
from tools.sam_config import stack_name
from tools.stack import Stack, StackError, read_stack

ROOT = Path(__file__).resolve().parents[1]
# An asynchronous payload may have 1 MB. This much text is less than that even where gzip makes it no smaller.
MAX_TEXT_BYTES = 400_000


@dataclass(frozen=True, slots=True)
class Span:
    """Lines of a log group from `start_ms` up to and with `end_ms`, both milliseconds since 1970."""

    log_group: str
    start_ms: int
    end_ms: int


def payloads(
    events: Iterable[Mapping[str, Any]], log_group: str, stack: Stack
) -> Iterator[dict[str, object]]:
    """Subscription payloads of events as FilterLogEvents gives them: of one stream each, and bounded."""
    waiting: dict[str, list[dict[str, object]]] = {}
    sizes: dict[str, int] = {}
    for event in events:
        stream = event["logStreamName"]
        size = len(event["message"].encode())
        if waiting.get(stream) and sizes[stream] + size > MAX_TEXT_BYTES:
            yield _payload(waiting.pop(stream), stream, log_group, stack)
            sizes[stream] = 0
        waiting.setdefault(stream, []).append({
            "id": event["eventId"],
            "timestamp": event["timestamp"],
            "message": event["message"],
        })  # fmt: skip
        sizes[stream] = sizes.get(stream, 0) + size
    for stream, log_events in waiting.items():
        yield _payload(log_events, stream, log_group, stack)


def _payload(
    log_events: list[dict[str, object]], stream: str, log_group: str, stack: Stack
) -> dict[str, object]:
    return {
        "messageType": "DATA_MESSAGE",
        "owner": stack.account,
        "logGroup": log_group,
        "logStream": stream,
        "subscriptionFilters": [stack.name],
        "logEvents": log_events,
    }


def replay(client: ClientFactory, stack: Stack, span: Span) -> tuple[int, int]:
    """Hands the lines to the forward function as CloudWatch would: asynchronously, so that Lambda keeps them.

    Returns:
        How many events there were, and in how many payloads they went.
    """
    pages = (
        client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=span.log_group, startTime=span.start_ms, endTime=span.end_ms)
    )
    events = (event for page in pages for event in page["events"])
    sent = invocations = 0
    for payload in payloads(events, span.log_group, stack):
        client("lambda").invoke(
            FunctionName=stack.function_arn,
            InvocationType="Event",
            Payload=encode_event(payload).encode(),
        )
        invocations += 1
        sent += len(payload["logEvents"])  # type: ignore[arg-type]  # a list, as made above
    return sent, invocations


def _milliseconds(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make replay", description=__doc__)
    parser.add_argument("cluster", help="the cluster's name")
    parser.add_argument("start", type=_milliseconds, help="such as 2026-01-31T10:00, in UTC unless it says")
    parser.add_argument("end", type=_milliseconds, help="the same, up to and with")
    parser.add_argument("--stack", help="the forwarder's stack; else that of samconfig.toml's section")
    parser.add_argument("--config-env", default="default", help="that section")
    add_aws_options(parser)
    return parser


def main(arguments: list[str]) -> int:
    """The exit status."""
    options = _parser().parse_args(arguments)
    name = options.stack or stack_name(ROOT / "samconfig.toml", options.config_env)
    span = Span(cluster_log_group(options.cluster), options.start, options.end)
    try:
        client = client_factory(options.region, options.profile)
        with told_errors():
            sent, invocations = replay(client, read_stack(Reader(client), name), span)
    except (ToolError, StackError) as error:
        print(f"replay: {error}", file=sys.stderr)
        return 2
    print(
        f"{sent} events of {span.log_group} were handed to the forward function, in {invocations} payloads."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
