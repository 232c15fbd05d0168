"""A bulk request of Elasticsearch: its actions, its documents, and the records that they stand for."""

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import batched
from typing import Any

from tools.listener.bodies import BodyError, Record, require
from tools.listener.elasticsearch_fields import PARSING, RefusedError


def pairs_in(body: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    """The options of each `create` of a bulk request, with the text of its document.

    Raises:
        BodyError: the request is not one.
    """
    require(body.endswith(b"\n"), "The bulk request must be terminated by a newline [\\n]")
    lines = body[:-1].split(b"\n")
    require(len(lines) % 2 == 0, "an action line has no source line")
    for number, (action, source) in enumerate(batched(lines, 2, strict=True), start=1):
        try:
            name, options = next(iter(json.loads(action.decode()).items()))
        except (ValueError, RecursionError, AttributeError, StopIteration):
            message = f"action {number} is not a JSON object in UTF-8"
            raise BodyError(message) from None
        is_create = name == "create" and isinstance(options, dict)
        require(is_create, "only write ops with an op_type of create are allowed in data streams")
        yield options, source


def document_in(text: bytes) -> dict[str, Any]:
    """A document.

    Raises:
        RefusedError: the text is not a JSON object in UTF-8, or a name stands twice in one.
    """
    try:
        document = json.loads(text.decode(), object_pairs_hook=_once)
        json.dumps(document, ensure_ascii=False).encode()  # a lone surrogate is not text
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise RefusedError(PARSING, "the document is not a JSON object, or a field is duplicate")
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


def record_of(source: dict[str, Any]) -> Record:
    """The forwarder's record, also from ECS names."""
    if "ecs" not in source:
        return {name: value for name, value in source.items() if name != "@timestamp"}
    cloudwatch = source.get("aws", {}).get("cloudwatch", {})
    return {
        "timestamp": milliseconds(source["@timestamp"]),
        "logGroup": cloudwatch.get("log_group", ""),
        "logStream": cloudwatch.get("log_stream", ""),
        "message": source.get("message", ""),
        "id": source.get("event", {}).get("id", ""),
        "cluster": source.get("orchestrator", {}).get("cluster", {}).get("name", ""),
        "logType": source.get("event", {}).get("dataset", "").removeprefix("eks."),
    }


def milliseconds(time: str | int) -> int:
    """A document's time: RFC 3339, or milliseconds since 1970."""
    return time if isinstance(time, int) else round(datetime.fromisoformat(time).timestamp() * 1000)
