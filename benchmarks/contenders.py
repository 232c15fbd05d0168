"""The contenders: the forwarder, a common function, and the least that a Python program can do.

Each sends the events of a subscription event to a collector, and raises an error if it loses one.
"""

import base64
import gzip
import http.client
import json
import os
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import msgspec
import requests  # noqa: TID251  # the baseline is not a part of the functions
from isal import igzip, isal_zlib

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import SubscriptionPayload
from eks_log_forwarder.record.record import Record
from tools.lambda_context import lambda_context

type Event = dict[str, Any]
type Contender = Callable[[Event], None]

BATCH_BYTES = 1_000_000  # as the forwarder's default
GZIP_WINDOW_BITS = 31  # zlib's code for gzip
_GZIP_LEVEL = 1  # as the forwarder's


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
    header_of = msgspec.json.Decoder(AuditHeader).decode
    return _posting(url, lambda payload: _enriched(payload, header_of))


def bare_limit(url: str) -> Contender:
    """As `limit`, with records that have only the text of the audit event."""
    return _posting(url, lambda payload: _enriched(payload, lambda _message: None))


CONTENDERS: dict[str, Callable[[str], Contender]] = {
    "ours": ours,
    "baseline": baseline,
    "limit": limit,
    "bare limit": bare_limit,
}


def _enriched(
    payload: SubscriptionPayload, header_of: Callable[[str], AuditHeader | None]
) -> Iterator[Record]:
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


def _posting(url: str, records_of: Callable[[SubscriptionPayload], Iterator[Record]]) -> Contender:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    decode = msgspec.json.Decoder(SubscriptionPayload).decode
    encode = msgspec.json.Encoder().encode
    headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}

    def post(lines: list[bytes]) -> None:
        connection.request("POST", "/", igzip.compress(b"\n".join(lines), _GZIP_LEVEL), headers)
        response = connection.getresponse()
        response.read()
        if response.status != http.client.OK:
            msg = f"the collector answered {response.status}"
            raise RuntimeError(msg)

    def forward(event: Event) -> None:
        payload = decode(
            isal_zlib.decompress(base64.b64decode(event["awslogs"]["data"]), wbits=GZIP_WINDOW_BITS)
        )
        lines: list[bytes] = []
        size_bytes = 0
        for record in records_of(payload):
            line = encode(record)
            if size_bytes + len(line) >= BATCH_BYTES:
                post(lines)
                lines, size_bytes = [], 0
            lines.append(line)
            size_bytes += len(line) + 1
        post(lines)

    return forward
