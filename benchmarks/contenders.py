"""The contenders: the forwarder, a common function, and the least that a Python program can do.

Each sends the events of a subscription event to a collector, and raises an error if it loses one.
"""

import base64
import gzip
import http.client
import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import requests  # noqa: TID251  # the baseline is not a part of the functions
from isal import isal_zlib

from eks_log_forwarder.config.destination_options import Compression
from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.destinations.http_parts import compressed
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import SubscriptionPayload
from eks_log_forwarder.record.record import Record
from tools.lambda_context import lambda_context
from tools.make_event import kinesis_event

type Event = dict[str, Any]
type Contender = Callable[[Event], None]

BATCH_BYTES = 1_000_000  # as the forwarder's default
GZIP_WINDOW_BITS = 31  # zlib's code for gzip
_HEADERS = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}


def ours(url: str) -> Contender:
    """The deployed handler; its settings except the URL come from the environment."""
    os.environ["DESTINATION_URL"] = url
    # The environment is read at import.
    from eks_log_forwarder.forward_handler import handler  # noqa: PLC0415

    def forward(event: Event) -> None:
        counts: dict[str, Any] = handler(event, lambda_context())
        if counts["delivered"] + counts["filtered"] + counts["parked"] != counts["received"]:
            msg = f"some events were not delivered or parked: {counts}"
            raise RuntimeError(msg)

    return forward


def stream(url: str) -> Contender:
    """The deployed handler of a Kinesis stream; a payload is one record."""
    os.environ["DESTINATION_URL"] = url
    from eks_log_forwarder.stream_handler import handler  # noqa: PLC0415  # as above

    def forward(event: Event) -> None:
        answer = handler(kinesis_event([("1", event["awslogs"]["data"])]), lambda_context())
        if answer["batchItemFailures"]:  # there is no queue to park events in
            msg = "some events were not delivered"
            raise RuntimeError(msg)

    return forward


def redrive(url: str) -> Contender:
    """The deployed handler of parked messages, with an event of SQS; all messages leave or all stay."""
    os.environ["DESTINATION_URL"] = url
    from eks_log_forwarder.redrive_handler import handler  # noqa: PLC0415  # as above

    def forward(event: Event) -> None:
        kept = len(handler(event, lambda_context())["batchItemFailures"])
        if kept not in (0, len(event["Records"])):
            msg = f"{kept} of {len(event['Records'])} messages stayed"
            raise RuntimeError(msg)

    return forward


def baseline(url: str) -> Contender:
    """The article's function: parses everything, and sends each event in one POST over a new connection."""

    def forward(event: Event) -> None:
        payload = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
        for log_event in payload["logEvents"]:
            record = {
                "timestamp": log_event["timestamp"],
                "logGroup": payload["logGroup"],
                "logStream": payload["logStream"],
                "message": log_event["message"],
            }
            response = requests.post(
                url, data=json.dumps(record), headers={"Content-Type": "application/json"}, timeout=30
            )
            response.raise_for_status()

    return forward


def limit(url: str) -> Contender:
    """Base64, gunzip, typed decode of payload and headers, one encode per event, gzip, one POST per MB."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)

    def post(body: bytes) -> int:
        connection.request("POST", "/", body, _HEADERS)
        response = connection.getresponse()
        response.read()
        return response.status

    return _sending(post)


def limit_by_requests(url: str) -> Contender:
    """As `limit`, but posts with requests, which the forwarder has to use, too."""
    session = requests.Session()

    def post(body: bytes) -> int:
        return session.post(url, data=body, headers=_HEADERS, timeout=30).status_code

    return _sending(post)


def peer(place: str) -> Contender:
    """Another forwarder's handler, from `path/to/handler.py:function`; it raises an error if it loses events.

    Its folder is searched first for what it imports; libraries that the benchmark uses itself are the
    benchmark's.
    """
    path, _, name = place.rpartition(":")
    file = Path(path).resolve()
    sys.path.insert(0, str(file.parent))
    handler = getattr(importlib.import_module(file.stem), name)

    def forward(event: Event) -> None:
        handler(event, lambda_context())

    return forward


def contender(name: str, url: str) -> Contender:
    """The contender with this name, or a peer's handler at this place."""
    return CONTENDERS[name](url) if name in CONTENDERS else peer(name)


CONTENDERS: dict[str, Callable[[str], Contender]] = {
    "ours": ours,
    "stream": stream,
    "redrive": redrive,
    "baseline": baseline,
    "limit": limit,
    "limit, by requests": limit_by_requests,
}


def _enriched(payload: SubscriptionPayload, header_of: Callable[[str], AuditHeader]) -> Iterator[Record]:
    for event in payload.logEvents:
        yield Record(
            event.timestamp,
            payload.logGroup,
            payload.logStream,
            event.message,
            event.id,
            payload.owner,
            os.environ.get("AWS_REGION", ""),
            "demo",
            LogType.AUDIT,
            header_of(event.message),
        )


def _sending(post: Callable[[bytes], int]) -> Contender:
    """A contender whose `post` sends a body and returns the status of the answer."""
    decode = msgspec.json.Decoder(SubscriptionPayload).decode
    header_of = msgspec.json.Decoder(AuditHeader).decode
    encode = msgspec.json.Encoder().encode

    def send(lines: list[bytes]) -> None:
        status = post(compressed(b"\n".join(lines), {}, Compression.GZIP))
        if status != http.client.OK:
            msg = f"the collector answered {status}"
            raise RuntimeError(msg)

    def forward(event: Event) -> None:
        payload = decode(
            isal_zlib.decompress(base64.b64decode(event["awslogs"]["data"]), wbits=GZIP_WINDOW_BITS)
        )
        lines: list[bytes] = []
        size_bytes = 0
        for record in _enriched(payload, header_of):
            line = encode(record)
            if size_bytes + len(line) >= BATCH_BYTES:
                send(lines)
                lines, size_bytes = [], 0
            lines.append(line)
            size_bytes += len(line) + 1
        send(lines)

    return forward
