"""Index and component templates of Elasticsearch: the mapping with which an index or data stream begins.

Source: Elasticsearch reference, "Create or update an index template" and "… a component template".
"""

from fnmatch import fnmatchcase
from typing import Any

from tools.listener.elasticsearch_fields import ARGUMENT, RefusedError
from tools.listener.elasticsearch_mapping import Mapping


class Templates:
    """The templates that have been put; an index without one has a purely dynamic mapping."""

    def __init__(self) -> None:
        self._components: dict[str, dict[str, Any]] = {}
        self._indices: dict[str, dict[str, Any]] = {}

    def put_component(self, name: str, body: dict[str, Any]) -> None:
        """Takes a component template.

        Raises:
            RefusedError: its mapping is not valid.
        """
        mapping_of([body])
        self._components[name] = body

    def put_index(self, name: str, body: dict[str, Any]) -> None:
        """Takes an index template.

        Raises:
            RefusedError: it has no patterns, a part is missing, or its mapping is not valid.
        """
        if not body.get("index_patterns"):
            raise RefusedError(ARGUMENT, "index_patterns are missing")
        missing = [part for part in body.get("composed_of", []) if part not in self._components]
        if missing:
            reason = f"index template [{name}] specifies component templates {missing} that do not exist"
            raise RefusedError(ARGUMENT, reason)
        self._mapping_with(body)
        self._indices[name] = body

    def mapping_for(self, name: str) -> Mapping:
        """The mapping with which an index of this name begins."""
        matching = [
            body
            for body in self._indices.values()
            if any(fnmatchcase(name, pattern) for pattern in _list_of(body["index_patterns"]))
        ]
        if not matching:
            return Mapping()
        return self._mapping_with(max(matching, key=lambda body: int(body.get("priority", 0))))

    def _mapping_with(self, body: dict[str, Any]) -> Mapping:
        return mapping_of([*(self._components[part] for part in body.get("composed_of", [])), body])


def mapping_of(bodies: list[dict[str, Any]]) -> Mapping:
    """The mapping of several templates, the later over the earlier ones.

    Raises:
        RefusedError: a mapping is not valid.
    """
    mappings: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    for body in bodies:
        template = body.get("template", {})
        mappings = _merged(mappings, template.get("mappings", {}))
        settings |= _flat(template.get("settings", {}))
    named = {f"index.{name.removeprefix('index.')}": value for name, value in settings.items()}
    return Mapping(mappings, named)


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    both = dict(old)
    for name, value in new.items():
        known = both.get(name)
        if isinstance(known, dict) and isinstance(value, dict):
            both[name] = _merged(known, value)
        elif isinstance(known, list) and isinstance(value, list):  # dynamic templates
            both[name] = known + value
        else:
            both[name] = value
    return both


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Settings as `a.b.c`, however they are nested."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def _list_of(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
