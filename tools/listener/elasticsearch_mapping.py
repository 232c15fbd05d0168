"""The mapping of one index of Elasticsearch: what it has, and what documents add to it.

Source: Elasticsearch reference, "Dynamic mapping", "Dynamic templates" and "Mapping limit settings". A field
is an object or a value for ever, a name with dots is an object, and a refused document changes nothing.
"""

from collections import ChainMap
from collections.abc import Iterator, MutableMapping
from fnmatch import fnmatchcase
from typing import Any

from tools.listener.elasticsearch_fields import (
    ARGUMENT,
    OBJECTS,
    PARSING,
    STRICT,
    Field,
    RefusedError,
    is_date,
)

type Path = tuple[str, ...]
type Fields = ChainMap[Path, Field]
"""What a document adds, before what the mapping has."""

MAX_FIELDS = 1000
MAX_LEVELS = 20
_DEFAULTS: dict[str, dict[str, Any]] = {
    "object": {"type": "object"},
    "string": {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}},
    "date": {"type": "date"},
    "long": {"type": "long"},
    "double": {"type": "float"},
    "boolean": {"type": "boolean"},
}


class Mapping:
    """A mapping that grows with the documents that it takes."""

    def __init__(
        self, mappings: dict[str, Any] | None = None, settings: dict[str, Any] | None = None
    ) -> None:
        """`mappings` and `settings` are the JSON of a template; settings have names such as `index.…`.

        Raises:
            RefusedError: the mapping has a type that the model does not know.
        """
        mappings, settings = mappings or {}, settings or {}
        limit = "index.mapping.total_fields.limit"
        self._max_fields = int(settings.get(limit, MAX_FIELDS))
        self._max_levels = int(settings.get("index.mapping.depth.limit", MAX_LEVELS))
        malformed = settings.get("index.mapping.ignore_malformed", False)
        self._ignores_malformed = str(malformed).lower() == "true"
        beyond = settings.get("index.mapping.total_fields.ignore_dynamic_beyond_limit", False)
        self._ignores_beyond = str(beyond).lower() == "true"
        self._detects_dates = bool(mappings.get("date_detection", True))
        self._templates = [next(iter(one.values())) for one in mappings.get("dynamic_templates", [])]
        self._root = Field("object", str(mappings.get("dynamic", True)).lower())
        self._fields: dict[Path, Field] = {}
        self._declare((), self._root, mappings.get("properties", {}))
        self._total = _counted(self._fields)

    def take(self, document: dict[str, Any]) -> None:
        """Takes a document, and the fields that are new in it.

        Raises:
            RefusedError: it contradicts the mapping, or exceeds a limit; the mapping is as before.
        """
        trial: Fields = ChainMap({}, self._fields)
        self._take_object(trial, (), self._root, document)
        self._fields |= trial.maps[0]
        self._total += _counted(trial.maps[0])

    @property
    def types(self) -> dict[str, str]:
        """The type of each field, by its name with dots."""
        return {".".join(path): field.type for path, field in self._fields.items()}

    def _declare(self, path: Path, parent: Field, properties: dict[str, Any]) -> None:
        for key, config in properties.items():
            at = path
            for name in key.split("."):
                at = (*at, name)
                self._fields.setdefault(at, Field("object", parent.dynamic))
            field = Field.of(config, parent.dynamic, ignore_malformed=self._ignores_malformed)
            self._fields[at] = field
            self._declare(at, field, config.get("properties", {}))

    def _take_object(self, trial: Fields, path: Path, field: Field, value: dict[str, Any]) -> None:
        if len(path) + 1 > self._max_levels:
            limit = f"Limit of mapping depth [{self._max_levels}]"
            reason = f"{limit} has been exceeded due to object field [{'.'.join(path)}]"
            raise RefusedError(ARGUMENT, reason)
        for key, part in value.items():
            first, *rest = _names_in(key)
            for name in reversed(rest):
                part = {name: part}  # noqa: PLW2901  # a name with dots is an object in an object
            self._take_value(trial, (*path, first), field, part)

    def _take_value(self, trial: Fields, path: Path, parent: Field, value: object) -> None:
        field = trial.get(path)
        if field is None and parent.dynamic == "strict":
            reason = f"mapping set to strict, dynamic introduction of [{path[-1]}] is not allowed"
            raise RefusedError(STRICT, reason)
        if isinstance(value, list):
            for element in value:
                self._take_value(trial, path, parent, element)
            return
        if value is None:
            return
        field = field or self._added(trial, path, parent, value)
        if field is None or (field.type in OBJECTS and not field.enabled):
            return
        name = ".".join(path)
        if field.type not in OBJECTS:
            field.take(name, value)
        elif isinstance(value, dict):
            self._take_object(trial, path, field, value)
        else:
            tried = f"tried to parse field [{path[-1]}] as object, but found a concrete value"
            reason = f"object mapping for [{name}] {tried}"
            raise RefusedError(PARSING, reason)

    def _added(self, trial: Fields, path: Path, parent: Field, value: object) -> Field | None:
        """The field that a value adds to the mapping; None if it is ignored."""
        kind = self._kind_of(value)
        if parent.dynamic == "false" or (parent.dynamic == "runtime" and kind != "object"):
            return None
        config = dict(next(self._configs(path, kind)))
        config["type"] = str(config.get("type", _DEFAULTS[kind]["type"])).replace("{dynamic_type}", kind)
        field = Field.of(config, parent.dynamic, ignore_malformed=self._ignores_malformed)
        if self._total + _counted(trial.maps[0]) + field.counted > self._max_fields:
            if self._ignores_beyond:
                return None
            reason = f"Limit of total fields [{self._max_fields}] has been exceeded while adding new fields"
            raise RefusedError(ARGUMENT, reason)
        trial[path] = field
        return field

    def _configs(self, path: Path, kind: str) -> Iterator[dict[str, Any]]:
        """The mapping of the first dynamic template that matches, then the default one."""
        for template in self._templates:
            if kind in _listed(template.get("match_mapping_type", kind), kind) and _matches(template, path):
                yield template["mapping"]
        yield _DEFAULTS[kind]

    def _kind_of(self, value: object) -> str:
        match value:
            case dict():
                return "object"
            case bool():
                return "boolean"
            case int():
                return "long"
            case float():
                return "double"
        is_found = self._detects_dates and not str(value).isdecimal() and is_date(str(value))
        return "date" if is_found else "string"


def _counted(fields: MutableMapping[Path, Field]) -> int:
    return sum(field.counted for field in fields.values())


def _names_in(key: str) -> list[str]:
    """The names of a key, which dots separate."""
    names = key.split(".")
    if all(name.strip() for name in names):
        return names
    why = "cannot be an empty string" if not key else "cannot contain only whitespace or dots"
    raise RefusedError(PARSING, f"field name {why}")


def _listed(value: object, kind: str) -> list[str]:
    values = [str(one) for one in (value if isinstance(value, list) else [value])]
    return [kind] if "*" in values else values


def _matches(template: dict[str, Any], path: Path) -> bool:
    texts = {"match": path[-1], "path_match": ".".join(path)}
    for name, text in texts.items():
        unless = name.replace("match", "unmatch")
        if name in template and not any(fnmatchcase(text, glob) for glob in _listed(template[name], "*")):
            return False
        if unless in template and any(fnmatchcase(text, glob) for glob in _listed(template[unless], "*")):
            return False
    return True
