"""Elasticsearch's bulk endpoint for data streams, as strict as Elasticsearch: `POST /_bulk`.

An index begins with the mapping of its template, and an `_id` is stored once. What a client needs to apply
templates is here too: `GET /`, `PUT /_component_template/NAME`, `PUT /_index_template/NAME`,
`GET /_data_stream/PATTERN` and `POST /NAME/_rollover`.
"""

import json
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from tools.listener.bodies import BodyError, Record
from tools.listener.elasticsearch_bulk import document_in, pairs_in, record_of
from tools.listener.elasticsearch_fields import ARGUMENT, INDEX_NAME, PARSING, RefusedError
from tools.listener.elasticsearch_mapping import Mapping
from tools.listener.elasticsearch_templates import Templates
from tools.listener.exchange import Outcome, answered, content_type_of, opens, plain_body
from tools.listener.http_server import Incoming

PATH = "/_bulk"
COMPONENT_PATH = "/_component_template/"
INDEX_PATH = "/_index_template/"
_STREAMS_PATH = "/_data_stream/"
_ROLLOVER = "/_rollover"
_VERSION = "8.17.0"
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

    def manage(self, request: Incoming, token: str | None) -> Outcome | None:
        """The answer to a request about the cluster itself; None if it is none."""
        manages = {"GET": self._show, "PUT": self._put, "POST": self._roll_over}.get(request.method)
        is_open = opens(request, ("apikey",), token)
        outcome = manages(request) if manages else None
        return outcome if is_open or outcome is None else _closed()

    def _show(self, request: Incoming) -> Outcome | None:
        if request.path == "/":
            return answered(200, {"version": {"number": _VERSION}, "tagline": "You Know, for Search"})
        if not request.path.startswith(_STREAMS_PATH):
            return None
        pattern = request.path.removeprefix(_STREAMS_PATH)
        names = [{"name": name} for name in self._indices if fnmatchcase(name, pattern)]
        if not names and "*" not in pattern:
            return _error(404, "index_not_found_exception", "no such index")
        return answered(200, {"data_streams": names})

    def _put(self, request: Incoming) -> Outcome | None:
        """Takes a template for the indices to come."""
        if not request.path.startswith((COMPONENT_PATH, INDEX_PATH)):
            return None
        is_component = request.path.startswith(COMPONENT_PATH)
        put = self._templates.put_component if is_component else self._templates.put_index
        try:
            put(request.path.rpartition("/")[2], json.loads(plain_body(request)))
        except RefusedError as error:
            return _error(400, error.kind, error.reason)
        except (BodyError, ValueError, TypeError, AttributeError):
            return _error(400, "parse_exception", "the body is not a template in JSON")
        return answered(200, {"acknowledged": True})

    def _roll_over(self, request: Incoming) -> Outcome | None:
        """A new index takes a data stream's place: with the templates of now, and without the old ids."""
        if not request.path.endswith(_ROLLOVER):
            return None
        name = request.path.removesuffix(_ROLLOVER).removeprefix("/")
        if name not in self._indices:
            return _error(404, "index_not_found_exception", "no such index")
        self._indices[name] = _Index(self._templates.mapping_for(name))
        return answered(200, {"acknowledged": True, "rolled_over": True})

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

    def _results(
        self, pairs: list[tuple[dict[str, Any], bytes]]
    ) -> tuple[list[dict[str, Any]], list[Record]]:
        items, records = [], []
        for options, text in pairs:
            try:
                source = document_in(text)
                is_new = self._store(options, source)
            except RefusedError as error:
                items.append(_item(_REFUSED, error.kind, error.reason))
                continue
            if is_new:
                items.append(_item(_CREATED))
                records.append(record_of(source))
            else:
                items.append(_item(_ALREADY_STORED, "version_conflict_engine_exception", "already exists"))
        return items, records

    def _store(self, options: dict[str, Any], source: dict[str, Any]) -> bool:
        """Stores one document; false if its `_id` is stored already."""
        name, identity = options.get("_index"), options.get("_id")
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


def _item(status: int, kind: str = "", reason: str = "") -> dict[str, Any]:
    error = {"error": {"type": kind, "reason": reason}} if kind else {}
    return {"create": {"status": status} | error}


def _closed() -> Outcome:
    return _error(401, "security_exception", "the API key or the password in Authorization is wrong")


def _error(status: int, kind: str, fault: str) -> Outcome:
    return answered(status, {"error": {"type": kind, "reason": fault}, "status": status}, fault=fault)
