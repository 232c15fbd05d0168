"""Subscription events made in tests, from the outside in: base64 of gzip of JSON of one stream's lines."""

import base64
import gzip
import json
from typing import Any

LOG_GROUP = "/aws/eks/demo/cluster"
STREAM = "kube-apiserver-audit-0123456789abcdef0123456789abcdef"
OWNER = "111122223333"
START_MS = 1_768_384_800_000


def payload_of(*messages: str, **fields: object) -> dict[str, Any]:
    """The payload that CloudWatch sends for these lines; `fields` overrides its fields."""
    return {
        "messageType": "DATA_MESSAGE",
        "owner": OWNER,
        "logGroup": LOG_GROUP,
        "logStream": STREAM,
        "subscriptionFilters": ["forwarder"],
        "logEvents": [
            {"id": f"{number:056}", "timestamp": START_MS + number, "message": message}
            for number, message in enumerate(messages)
        ],
    } | fields


def event_of_bytes(data: bytes) -> dict[str, Any]:
    """An invocation whose `awslogs.data` is base64 of these bytes."""
    return {"awslogs": {"data": base64.b64encode(data).decode()}}


def event_of_text(text: bytes) -> dict[str, Any]:
    """An invocation whose `awslogs.data` expands to this text."""
    return event_of_bytes(gzip.compress(text, compresslevel=1, mtime=0))


def event_of(payload: object) -> dict[str, Any]:
    """An invocation with this payload."""
    return event_of_text(json.dumps(payload).encode())
