"""Elasticsearch's bulk endpoint for data streams, as strict as Elasticsearch: `POST /_bulk`.

`PUT /_component_template/NAME` and `PUT /_index_template/NAME` take the templates of an index that does not
exist yet. An index begins with the mapping of its template, and an `_id` is stored once.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched
from typing import Any

from tools.listener.bodies import BodyError, Record, require
from tools.listener.elasticsearch_fields import ARGUMENT, INDEX_NAME, PARSING, RefusedError
from tools.listener.elasticsearch_mapping import Mapping
from tools.listener.elasticsearch_templates import Templates
from tools.listener.exchange import Outcome, answered, content_type_of, opens, plain_body
from tools.listener.http_server import Incoming

PATH = "/_bulk"
COMPONENT_PATH = "/_component_template/"
INDEX_PATH = "/_index_template/"
_TYPES = {"application/x-ndjson", "application/json", "application/vnd.elasticsearch+x-ndjson"}
_MAX_ID_BYTES = 512
_CREATED, _REFUSED, _ALREADY_STORED = 201, 400, 409


@dataclass(slots=True)
class _Index:
    mapping: Mapping
    ids: set[str] = field(default_factory=set)


class Elasticsearch:
    """One cluster: its templates, and the indices and data streams that documents have created."""

    def __init__(self) -> None:
        self._templates = Templates()
        self._indices: dict[str, _Index] = {}

    def mapping_of(self, name: str) -> Mapping:
        """The mapping of an index that has documents."""
        return self._indices[name].mapping

    def put_template(self, request: Incoming, token: str | None) -> Outcome:
        """Takes a template for the indices to come."""
        if not opens(request, ("apikey",), token):
            return _closed()
        put = self._templates.put_index
        if request.path.startswith(COMPONENT_PATH):
            put = self._templates.put_component
        try:
            put(request.path.rpartition("/")[2], json.loads(plain_body(request)))
        except RefusedError as error:
            return _error(400, error.kind, error.reason)
        except (BodyError, ValueError, TypeError, AttributeError):
            return _error(400, "parse_exception", "the body is not a template in JSON")
        return answered(200, {"acknowledged": True})

    def receive(self, request: Incoming, token: str | None) -> Outcome:
        """Takes or refuses each document, with an item for it in the answer."""
        if not opens(request, ("apikey",), token):
            return _closed()
        if content_type_of(request) not in _TYPES:
            fault = "the Content-Type is not application/x-ndjson"
            return _error(406, "media_type_header_exception", fault)
        try:
            items, records = self._results(list(pairs_in(plain_body(request))))
        except BodyError as error:
            kind = "parse_exception" if error.status != _REFUSED else ARGUMENT
            return _error(error.status, kind, str(error))
        statuses = [item["create"]["status"] for item in items]
        answer = {"errors": set(statuses) != {_CREATED}, "took": 1, "items": items}
        refused = statuses.count(_REFUSED)
        fault = f"{refused} of {len(items)} documents are refused" if refused else ""
        return answered(200, answer, tuple(records), fault)

    def _results(self, pairs: list[tuple[Any, bytes]]) -> tuple[list[dict[str, Any]], list[Record]]:
        items, records = [], []
        for action, text in pairs:
            try:
                source = document_in(text)
                is_new = self._store(action, source)
            except RefusedError as error:
                items.append(_item(_REFUSED, error.kind, error.reason))
                continue
            if is_new:
                items.append(_item(_CREATED))
                records.append(record_of(source))
            else:
                items.append(_item(_ALREADY_STORED, "version_conflict_engine_exception", "already exists"))
        return items, records

    def _store(self, action: Any, source: dict[str, Any]) -> bool:  # noqa: ANN401  # any JSON
        """Stores one document; false if its `_id` is stored already."""
        is_create = isinstance(action, dict) and list(action) == ["create"]
        require(is_create, "only write ops with an op_type of create are allowed in data streams")
        name, identity = action["create"].get("_index"), action["create"].get("_id")
        if not isinstance(name, str) or not name or name != name.lower():
            raise RefusedError(INDEX_NAME, "Invalid index name")
        if identity is not None and not 0 < len(identity.encode(errors="replace")) <= _MAX_ID_BYTES:
            raise RefusedError(ARGUMENT, f"id is empty, or longer than {_MAX_ID_BYTES} bytes")
        if "@timestamp" not in source:
            raise RefusedError(PARSING, "the document has no field @timestamp")
        index = self._indices.get(name) or _Index(self._templates.mapping_for(name))
        if identity in index.ids:
            return False
        index.mapping.take(source)
        self._indices[name] = index
        if identity is not None:
            index.ids.add(identity)
        return True


def pairs_in(body: bytes) -> Iterator[tuple[Any, bytes]]:
    """The actions of a bulk request, with the texts of their documents.

    Raises:
        BodyError: the request is not one.
    """
    require(body.endswith(b"\n"), "The bulk request must be terminated by a newline [\\n]")
    lines = body[:-1].split(b"\n")
    require(len(lines) % 2 == 0, "an action line has no source line")
    for number, (action, source) in enumerate(batched(lines, 2, strict=True), start=1):
        try:
            yield json.loads(action.decode()), source
        except (ValueError, RecursionError):
            message = f"action {number} is not JSON in UTF-8"
            raise BodyError(message) from None


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
    time = source["@timestamp"]
    return {
        "timestamp": time if isinstance(time, int) else _milliseconds(time),
        "logGroup": cloudwatch.get("log_group", ""),
        "logStream": cloudwatch.get("log_stream", ""),
        "message": source.get("message", ""),
        "id": source.get("event", {}).get("id", ""),
        "cluster": source.get("orchestrator", {}).get("cluster", {}).get("name", ""),
        "logType": source.get("event", {}).get("dataset", "").removeprefix("eks."),
    }


def _milliseconds(time: str) -> int:
    return round(datetime.fromisoformat(time).timestamp() * 1000)


def _item(status: int, kind: str = "", reason: str = "") -> dict[str, Any]:
    error = {"error": {"type": kind, "reason": reason}} if kind else {}
    return {"create": {"status": status} | error}


def _closed() -> Outcome:
    return _error(401, "security_exception", "the API key or the password in Authorization is wrong")


def _error(status: int, kind: str, fault: str) -> Outcome:
    return answered(status, {"error": {"type": kind, "reason": fault}, "status": status}, fault=fault)
