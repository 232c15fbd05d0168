"""The mapping of one index, as the listener's Elasticsearch has it."""

from collections.abc import Mapping
from typing import Any

from tools.listener.elasticsearch_bulk import document_in
from tools.listener.elasticsearch_fields import RefusedError
from tools.listener.elasticsearch_templates import mapping_of

__all__ = ["Index", "RefusedError"]


class Index:
    """Empty and dynamic, or with the body of a component template."""

    def __init__(self, template: Mapping[str, Any] | None = None) -> None:
        self._mapping = mapping_of([dict(template)] if template else [])

    @property
    def fields(self) -> dict[str, str]:
        """The type of each field."""
        return self._mapping.types

    def put(self, document: bytes) -> None:
        """Takes a document.

        Raises:
            RefusedError: it does not fit; what it would have added is then not kept.
        """
        self._mapping.take(document_in(document))
