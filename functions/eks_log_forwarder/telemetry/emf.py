"""CloudWatch's embedded metric format (EMF), as a metrics provider of Powertools.

Powertools' own provider writes each value as an array and publishes every metric by every dimension set. Each
byte of a log is billed, so this one writes only what it is given.

Source: CloudWatch user guide, "Specification: Embedded metric format".
"""

import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from time import time
from typing import override

import msgspec
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.base import BaseProvider
from aws_lambda_powertools.utilities.typing import LambdaContext

type Value = float | Sequence[float]
"""A metric's value, or at most 100 values."""

type Directive = tuple[tuple[str, ...], tuple[tuple[str, str], ...]]
"""A set of dimensions, and the name and unit of each metric that it publishes."""

_SERVICE_VARIABLE = "POWERTOOLS_SERVICE_NAME"
_encode = msgspec.json.Encoder().encode


class Document(msgspec.Struct):
    """One line of the log that CloudWatch also reads as metrics.

    A name has one value in a document, and so a further value of a dimension needs a further document.
    `fields` are not metrics.
    """

    dimensions: dict[str, str]
    values: dict[str, Value] = msgspec.field(default_factory=dict)
    units: dict[str, str] = msgspec.field(default_factory=dict)
    directives: list[Directive] = msgspec.field(default_factory=list)
    fields: dict[str, object] = msgspec.field(default_factory=dict)

    def add(self, name: str, unit: MetricUnit, value: Value) -> None:
        """Adds a metric, unless its value is zero."""
        if value:
            self.values[name] = value
            self.units[name] = unit.value

    def publish_by(self, *dimensions: str, only: str | None = None) -> None:
        """Publishes all metrics, or one of them, by a set of dimensions."""
        metrics = tuple(self.units.items())
        if only is not None:
            metrics = tuple(metric for metric in metrics if metric[0] == only)
        if metrics:
            self.directives.append((dimensions, metrics))


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
        line: dict[str, object] = {}
        if document.directives:
            directives = _encoded(self.namespace, tuple(document.directives))
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


@lru_cache(maxsize=256)
def _encoded(namespace: str, directives: tuple[Directive, ...]) -> msgspec.Raw:
    """The directives as JSON; they are kept, because most invocations publish the same metrics."""
    return msgspec.Raw(
        _encode(
            [
                {
                    "Namespace": namespace,
                    "Dimensions": [dimensions],
                    "Metrics": [{"Name": name, "Unit": unit} for name, unit in metrics],
                }
                for dimensions, metrics in directives
            ]
        )
    )
