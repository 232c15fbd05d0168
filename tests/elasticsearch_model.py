"""A small model of how Elasticsearch maps documents: dynamic mapping, explicit types, and `flattened`.

It refuses what Elasticsearch refuses for its mapping, and knows nothing of searching. Sources: Elasticsearch
reference, "Dynamic field mapping", "Mapping limit settings", "ignore_malformed", "Flattened field type";
elastic/elasticsearch, DocumentParser and FlattenedFieldParser.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

MAX_FIELDS = 1000
MAX_DEPTH = 20
MAX_TERM_BYTES = 32_766
_LIKE_A_DATE = re.compile(r"\d{4}[-/]\d\d")
# with ignore_malformed these types skip a value that they cannot read; no type but flattened takes an object
_LENIENT = frozenset({"date", "ip", "long"})


class RefusedError(Exception):
    """The document does not fit; says why."""


class Index:
    """The mapping of one index: empty and dynamic, or with the body of a component template."""

    def __init__(self, template: Mapping[str, Any] | None = None) -> None:
        self.lenient = template is not None
        self.dynamic = template is None
        self.fields: dict[str, str] = {}
        self.limits: dict[str, int] = {}
        if template is not None:
            assert template["template"]["settings"]["index"]["mapping"]["ignore_malformed"] is True
            assert template["template"]["mappings"]["dynamic"] is False
            self._map(template["template"]["mappings"]["properties"], "")

    def put(self, document: bytes) -> None:
        """Maps a document.

        Raises:
            RefusedError: the document does not fit; what it would have added is then not kept.
        """
        before = dict(self.fields)
        try:
            self._object(json.loads(document, object_pairs_hook=_unique), "", 1)
            if sum(1 + (kind == "text") for kind in self.fields.values()) > MAX_FIELDS:
                _refuse("", f"limit of total fields [{MAX_FIELDS}]")
        except RefusedError:
            self.fields = before
            raise

    def _map(self, properties: Mapping[str, Any], prefix: str) -> None:
        for name, body in properties.items():
            path = f"{prefix}{name}"
            self.fields[path] = body.get("type", "object")
            self.limits[path] = body.get("ignore_above", MAX_TERM_BYTES)
            self._map(body.get("properties", {}), f"{path}.")

    def _object(self, members: Mapping[str, Any], prefix: str, depth: int) -> None:
        if depth > MAX_DEPTH:
            _refuse(prefix, "too deep")
        for key, value in members.items():
            if not all(part.strip() for part in key.split(".")):
                _refuse(prefix, "a name is blank, or has a blank part between dots")
            *parents, name = key.split(".")
            path = prefix
            for parent in parents:
                self._enter(f"{path}{parent}")
                path += f"{parent}."
            self._value(value, f"{path}{name}", depth + len(parents))

    def _enter(self, path: str) -> None:
        """The path is an object from now on."""
        if self.dynamic:
            self.fields.setdefault(path, "object")
        if self.fields.get(path, "object") != "object":
            _refuse(path, "a value, and now an object")

    def _value(self, value: Any, path: str, depth: int) -> None:  # noqa: ANN401  # any JSON
        kind = self.fields.get(path)
        if value is None or (kind is None and not self.dynamic):
            return
        if isinstance(value, list):
            for part in value:
                self._value(part, path, depth)
        elif kind == "flattened":
            if not isinstance(value, dict):
                _refuse(path, "flattened takes objects only")
            self._flat(value, [], path)
        elif isinstance(value, dict):
            self._enter(path)
            self._object(value, f"{path}.", depth + 1)
        else:
            self._scalar(value, path)

    def _scalar(self, value: Any, path: str) -> None:  # noqa: ANN401  # any JSON
        kind = self.fields.setdefault(path, _detected(value))
        if kind == "object":
            _refuse(path, "an object, and now a value")
        if kind in _LENIENT and self.lenient and path != "@timestamp":
            return
        if kind == "date" and not (isinstance(value, int) or _is_date(str(value))):
            _refuse(path, "no date")
        if kind == "long" and not (isinstance(value, int) and -(2**63) <= value < 2**63):
            _refuse(path, "no long")
        if kind == "boolean" and not isinstance(value, bool):
            _refuse(path, "no boolean")
        if kind == "keyword" and len(str(value)) <= self.limits[path]:
            _term(str(value), path)

    def _flat(self, value: Any, keys: list[str], path: str) -> None:  # noqa: ANN401  # any JSON
        if len(keys) > MAX_DEPTH:
            _refuse(path, "flattened is too deep")
        if isinstance(value, dict):
            for key, part in value.items():
                if "\0" in key:
                    _refuse(path, "NUL in a name")
                self._flat(part, [*keys, key], path)
        elif isinstance(value, list):
            for part in value:
                self._flat(part, keys, path)
        elif value is not None and len(str(value)) <= self.limits[path]:
            _term(f"{'.'.join(keys)}\0{value}", path)


def _refuse(path: str, why: str) -> None:
    message = f"{path}: {why}"
    raise RefusedError(message)


def _term(text: str, path: str) -> None:
    if len(text.encode()) > MAX_TERM_BYTES:
        _refuse(path, "an immense term")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        _refuse("", "a name stands twice in an object")
    return found


def _detected(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "long"
    if isinstance(value, float):
        return "float"
    return "date" if _is_date(str(value)) else "text"


def _is_date(text: str) -> bool:
    if not _LIKE_A_DATE.match(text):
        return False
    try:
        return bool(datetime.fromisoformat(text.replace("/", "-")))
    except ValueError:
        return False
