"""Elasticsearch's bulk endpoint for data streams, as strict as Elasticsearch: `POST /_bulk`."""

import json
from collections.abc import Iterator
from itertools import batched
from typing import Any

from tools.listener.bodies import BodyError, Record, require
from tools.listener.exchange import Outcome, answered, content_type_of, opens, plain_body
from tools.listener.http_server import Incoming

PATH = "/_bulk"
_TYPES = {"application/x-ndjson", "application/json", "application/vnd.elasticsearch+x-ndjson"}
_MAX_ID_BYTES = 512


def receive(request: Incoming, token: str | None) -> Outcome:
    """Takes or refuses each document, with an item for it in the answer."""
    if not opens(request, ("apikey",), token):
        return _error(401, "security_exception", "the API key or the password in Authorization is wrong")
    if content_type_of(request) not in _TYPES:
        return _error(406, "media_type_header_exception", "the Content-Type is not application/x-ndjson")
    try:
        body = plain_body(request)
    except BodyError as error:
        return _error(error.status, "parse_exception", str(error))
    try:
        taken = [(source, _fault(action, source)) for action, source in _pairs(body)]
    except BodyError as error:
        return _error(400, "illegal_argument_exception", str(error))
    records = tuple(_record(source) for source, fault in taken if not fault)
    items = [_item(400, fault) if fault else _item(201) for _, fault in taken]
    failed = len(items) - len(records)
    answer = {"errors": bool(failed), "took": 1, "items": items}
    fault = f"{failed} of {len(items)} documents are refused" if failed else ""
    return answered(200, answer, records, fault)


def _pairs(body: bytes) -> Iterator[tuple[Any, Any]]:
    """The actions with their sources."""
    require(body.endswith(b"\n"), "The bulk request must be terminated by a newline [\\n]")
    lines = body[:-1].split(b"\n")
    require(len(lines) % 2 == 0, "an action line has no source line")
    for number, (action, source) in enumerate(batched(lines, 2, strict=True), start=1):
        try:
            yield json.loads(action.decode()), json.loads(source.decode())
        except (ValueError, RecursionError):
            message = f"action {number} or its source is not JSON in UTF-8"
            raise BodyError(message) from None


def _fault(action: Any, source: Any) -> str:  # noqa: ANN401  # any JSON
    """The type of the error for one document; empty if it is taken."""
    is_create = isinstance(action, dict) and list(action) == ["create"]
    require(is_create, "only write ops with an op_type of create are allowed in data streams")
    target = action["create"]
    name, identity = target.get("_index"), target.get("_id", "-")
    if not isinstance(name, str) or not name or name != name.lower():
        return "invalid_index_name_exception"
    if not identity or len(identity.encode(errors="replace")) > _MAX_ID_BYTES:
        return "illegal_argument_exception"
    if not isinstance(source, dict) or "@timestamp" not in source or not _is_text(source):
        return "document_parsing_exception"
    return ""


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
    return {
        "logGroup": cloudwatch.get("log_group", ""),
        "logStream": cloudwatch.get("log_stream", ""),
        "message": source.get("message", ""),
        "id": source.get("event", {}).get("id", ""),
        "cluster": source.get("orchestrator", {}).get("cluster", {}).get("name", ""),
        "logType": source.get("event", {}).get("dataset", "").removeprefix("eks."),
    }


def _item(status: int, kind: str = "") -> dict[str, Any]:
    return {"create": {"status": status} | ({"error": {"type": kind}} if kind else {})}


def _error(status: int, kind: str, fault: str) -> Outcome:
    return answered(status, {"error": {"type": kind, "reason": fault}, "status": status}, fault=fault)
