"""`DESTINATION_OPTIONS`: a JSON object of the chosen collector's own options, a closed set for each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, get_type_hints

import msgspec

VARIABLE = "DESTINATION_OPTIONS"

# Elasticsearch, "Create index" path parameters; a data stream's name follows the same rules
_INDEX_NAME = re.compile(r"[^-_+.A-Z\\/*?\"<>| ,#:{}][^A-Z\\/*?\"<>| ,#:{}]{0,254}")
_NAMESPACE = re.compile(r"[^-A-Z\\/*?\"<>| ,#:{}]{1,100}")
# Splunk, indexes.conf
_SPLUNK_INDEX = re.compile(r"[a-z0-9_][a-z0-9_-]{0,79}")
_SOURCETYPE = re.compile(r"[\w:.-]{1,128}", re.ASCII)
# Grafana Loki, "Manage tenants"
_TENANT = re.compile(r"[A-Za-z0-9!_.*'()-]{1,150}")
# RFC 9110, sections 5.1 and 5.5
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_HEADERS_OF_OURS = frozenset(
    {"connection", "content-encoding", "content-length", "content-type", "host", "transfer-encoding"}
)


@dataclass(frozen=True, slots=True)
class NoOptions:
    """The options of a collector that has none."""

    def faults(self) -> Iterator[str]:
        """None."""
        yield from ()


@dataclass(frozen=True, slots=True)
class SplunkHecOptions:
    """`{type}` in `sourcetype` stands for the log type; an empty `index` is the token's own."""

    index: str = ""
    sourcetype: str = "aws:eks:{type}"
    ack: bool = False

    def faults(self) -> Iterator[str]:
        """What Splunk would refuse."""
        if self.index and not _SPLUNK_INDEX.fullmatch(self.index):
            yield "index is no name of an index: lower-case letters, digits, _ and -"
        if not _SOURCETYPE.fullmatch(_without(self.sourcetype, "{type}")):
            yield "sourcetype is no source type: letters, digits, : . _ - and {type} for the log type"


@dataclass(frozen=True, slots=True)
class ElasticsearchOptions:
    """Documents go into `data_stream`, or into `index` where one is given."""

    index: str = ""
    data_stream: str = "logs-eks.{type}-{namespace}"
    namespace: str = "default"
    ecs: bool = False

    def faults(self) -> Iterator[str]:
        """What Elasticsearch would refuse."""
        if self.index and not _INDEX_NAME.fullmatch(self.index):
            yield 'index is no name of an index: lower case, without spaces and any of \\ / * ? " < > | , # :'
        if not _INDEX_NAME.fullmatch(_without(self.data_stream, "{type}", "{namespace}")):
            yield "data_stream is no name of a data stream; {type} and {namespace} may stand in it"
        if self.index and self.data_stream != ElasticsearchOptions().data_stream:
            yield "index and data_stream exclude each other: leave one out"
        if not _NAMESPACE.fullmatch(self.namespace):
            yield "namespace is no data stream's namespace: lower case, at most 100 characters, no hyphen"


@dataclass(frozen=True, slots=True)
class LokiOptions:
    """An empty `tenant` is none: Loki without multi-tenancy."""

    tenant: str = ""

    def faults(self) -> Iterator[str]:
        """What Loki would refuse."""
        if self.tenant and not _TENANT.fullmatch(self.tenant):
            yield "tenant is no tenant's name: at most 150 letters, digits and ! - _ . * ' ( )"


@dataclass(frozen=True, slots=True)
class OtlpOptions:
    """`{token}` in a header's value stands for the secret's token; headers never show in a repr."""

    encoding: Literal["protobuf", "json"] = "protobuf"
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    def faults(self) -> Iterator[str]:
        """What HTTP would refuse; never a header's value."""
        for name, value in self.headers.items():
            if not _HEADER_NAME.fullmatch(name):
                yield "headers has a name that is no header's name"
            elif name.lower() in _HEADERS_OF_OURS:
                yield f"headers has {name}, which the forwarder sets itself"
            elif not _HEADER_VALUE.fullmatch(value):
                yield f"headers has a value for {name} that is empty or holds what no header can"


type DestinationOptions = NoOptions | SplunkHecOptions | ElasticsearchOptions | LokiOptions | OtlpOptions

_OPTIONS: dict[str, type[DestinationOptions]] = {
    "splunk_hec": SplunkHecOptions,
    "elasticsearch": ElasticsearchOptions,
    "loki": LokiOptions,
    "otlp": OtlpOptions,
}


def read_options(destination: str, text: str, faults: list[str]) -> DestinationOptions:
    """The options of a destination; appends every fault, each with the option's name and never its value."""
    kind = _OPTIONS.get(destination, NoOptions)
    given = _object(text, faults)
    known = get_type_hints(kind)
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            has = f"it has {', '.join(known)}" if known else "it has none"
            faults.append(f"{VARIABLE}: {destination} has no option {name[:40]!r}; {has}")
            continue
        try:
            values[name] = msgspec.convert(value, known[name])
        except msgspec.ValidationError as error:
            faults.append(f"{VARIABLE}: {name}: {error}")  # types, paths and enums; no text of a header
    options = kind(**values)
    faults.extend(f"{VARIABLE}: {fault}" for fault in options.faults())
    return options


def _without(text: str, *placeholders: str) -> str:
    """The text with something harmless in the place of its placeholders; other braces stay, as faults."""
    for placeholder in placeholders:
        text = text.replace(placeholder, "x")
    return text


def _object(text: str, faults: list[str]) -> dict[str, Any]:
    if not text:
        return {}
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeEncodeError):
        faults.append(f'{VARIABLE} is no JSON object of options, such as {{"index": "eks"}}')
        return {}
