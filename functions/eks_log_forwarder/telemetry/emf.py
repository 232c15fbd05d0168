"""CloudWatch's embedded metric format (EMF), as a metrics provider of Powertools.

Powertools' own provider writes each value as an array and publishes every metric by every dimension set. Each
byte of a log is billed, so this one writes only what it is given.

Source: CloudWatch user guide, "Specification: Embedded metric format".
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import time
from typing import override

import msgspec
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.base import BaseProvider
from aws_lambda_powertools.utilities.typing import LambdaContext

type Value = float | Sequence[float]
"""A metric's value, or at most 100 values."""

_SERVICE_VARIABLE = "POWERTOOLS_SERVICE_NAME"
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Document:
    """One line of the log that CloudWatch also reads as metrics.

    `sets` are sets of dimensions, each with the metrics that it publishes. A name has one value in a document
    and so a further value of a dimension needs a further document. `fields` are not metrics.
    """

    dimensions: dict[str, str]
    values: dict[str, Value] = field(default_factory=dict)
    units: dict[str, MetricUnit] = field(default_factory=dict)
    sets: list[tuple[list[str], list[str]]] = field(default_factory=list)
    fields: dict[str, object] = field(default_factory=dict)

    def add(self, name: str, unit: MetricUnit, value: Value) -> None:
        """Adds a metric, unless its value is zero."""
        if value:
            self.values[name] = value
            self.units[name] = unit

    def publish_by(self, *dimensions: str, only: str | None = None) -> None:
        """Publishes all metrics, or one of them, by a set of dimensions."""
        names = [name for name in self.values if only in {None, name}]
        if names:
            self.sets.append((list(dimensions), names))


class EmfProvider(BaseProvider):
    """Prints documents in the order in which they were added, each on a line of its own, at the flush."""

    def __init__(self, namespace: str, clock: Callable[[], float] = time) -> None:
        self.namespace = namespace
        self.service = os.environ.get(_SERVICE_VARIABLE, "")
        self._clock = clock
        self._documents: list[Document] = []

    @override
    def add_metric(self, document: Document) -> None:
        """Takes a document, which can hold several metrics."""
        self._documents.append(document)

    @override
    def serialize_metric_set(self, document: Document) -> str:
        """The document as one line of JSON."""
        directives = [
            {
                "Namespace": self.namespace,
                "Dimensions": [dimensions],
                "Metrics": [{"Name": name, "Unit": document.units[name].value} for name in names],
            }
            for dimensions, names in document.sets
        ]
        line: dict[str, object] = {}
        if directives:
            line["_aws"] = {"Timestamp": int(self._clock() * 1000), "CloudWatchMetrics": directives}
        return _encode(line | document.fields | document.dimensions | document.values).decode()

    @override
    def flush_metrics(self, *, raise_on_empty_metrics: bool = False) -> None:
        """Prints what was added since the last flush; nothing where nothing was."""
        documents, self._documents = self._documents, []
        for document in documents:
            print(self.serialize_metric_set(document))  # noqa: T201  # Lambda's log is standard output

    @override
    def clear_metrics(self) -> None:
        self._documents.clear()

    @override
    def add_cold_start_metric(self, context: LambdaContext) -> None:
        """Does nothing: Lambda's own report says which invocations were cold starts."""
