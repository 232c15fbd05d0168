"""Elasticsearch's bulk endpoint for data streams, as strict as Elasticsearch: `POST /_bulk`."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import batched
from typing import Any

from tools.listener.bodies import BodyError, Record
from tools.listener.exchange import Outcome, answered, opens, plain_body
from tools.listener.http_server import Incoming

PATH = "/_bulk"
_TYPES = {"application/x-ndjson", "application/json", "application/vnd.elasticsearch+x-ndjson"}
_MAX_ID_BYTES = 512


class _MalformedError(Exception):
    """A request that is refused as a whole."""


@dataclass(slots=True)
class _Sorted:
    records: list[Record] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)


def receive(request: Incoming, token: str | None) -> Outcome:
    """Takes each document or refuses it, and says so in its item."""
    if not opens(request, ("apikey",), token):
        return _error(401, "security_exception", "the API key or the password in Authorization is wrong")
    if request.headers.get("content-type", "").partition(";")[0] not in _TYPES:
        return _error(406, "media_type_header_exception", "the Content-Type is not application/x-ndjson")
    found = _Sorted()
    try:
        for action, source in _pairs(plain_body(request)):
            _take(action, source, found)
    except BodyError as error:
        return _error(error.status, "parse_exception", str(error))
    except _MalformedError as error:
        return _error(400, "illegal_argument_exception", str(error))
    failed = len(found.items) - len(found.records)
    fault = f"{failed} of {len(found.items)} documents are refused" if failed else ""
    answer = {"errors": bool(failed), "took": 1, "items": found.items}
    return answered(200, answer, tuple(found.records), fault)


def _pairs(body: bytes) -> Iterator[tuple[Any, Any]]:
    if not body.endswith(b"\n"):
        message = "The bulk request must be terminated by a newline [\\n]"
        raise _MalformedError(message)
    lines = body[:-1].split(b"\n")
    if len(lines) % 2:
        message = "an action line is without its source line"
        raise _MalformedError(message)
    for number, (action, source) in enumerate(batched(lines, 2, strict=True), start=1):
        try:
            yield json.loads(action.decode()), json.loads(source.decode())
        except (ValueError, RecursionError):
            message = f"action {number} or its source is not JSON in UTF-8"
            raise _MalformedError(message) from None


def _take(action: Any, source: Any, found: _Sorted) -> None:  # noqa: ANN401  # any JSON
    if not isinstance(action, dict) or list(action) != ["create"]:
        message = "only write ops with an op_type of create are allowed in data streams"
        raise _MalformedError(message)
    target = action["create"]
    name, identity = target.get("_index"), target.get("_id", "-")
    if not isinstance(name, str) or not name or name != name.lower():
        found.items.append(_item(400, "invalid_index_name_exception"))
    elif not identity or len(identity.encode(errors="replace")) > _MAX_ID_BYTES:
        found.items.append(_item(400, "illegal_argument_exception"))
    elif not isinstance(source, dict) or "@timestamp" not in source or not _is_text(source):
        found.items.append(_item(400, "document_parsing_exception"))
    else:
        found.records.append(_record(source))
        found.items.append(_item(201))


def _is_text(source: dict[str, Any]) -> bool:
    try:
        json.dumps(source, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _record(source: dict[str, Any]) -> Record:
    """The forwarder's record, also from ECS names."""
    if "ecs" not in source:
        return {name: value for name, value in source.items() if name != "@timestamp"}
    cloudwatch = source.get("aws", {}).get("cloudwatch", {})
    record: Record = {
        "logGroup": cloudwatch.get("log_group", ""),
        "logStream": cloudwatch.get("log_stream", ""),
        "message": source.get("message", ""),
        "id": source.get("event", {}).get("id", ""),
        "cluster": source.get("orchestrator", {}).get("cluster", {}).get("name", ""),
        "logType": source.get("event", {}).get("dataset", "").removeprefix("eks."),
    }
    return record


def _item(status: int, kind: str = "") -> dict[str, Any]:
    return {"create": {"status": status} | ({"error": {"type": kind}} if kind else {})}


def _error(status: int, kind: str, fault: str) -> Outcome:
    return answered(status, {"error": {"type": kind, "reason": fault}, "status": status}, fault=fault)
