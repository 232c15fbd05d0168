"""`DESTINATION_OPTIONS`: a JSON object with options of the chosen collector; unknown ones are faults."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, get_type_hints, override

import msgspec

VARIABLE = "DESTINATION_OPTIONS"

# Elasticsearch, "Create index" path parameters; names of data streams follow the same rules
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


class Compression(StrEnum):
    """The values of the option `compression`."""

    NONE = "none"
    GZIP = "gzip"


class BodyFormat(StrEnum):
    """The values of the option `body_format`."""

    NDJSON = "ndjson"
    ARRAY = "array"
    SINGLE = "single"


@dataclass(frozen=True, slots=True)
class DestinationOptions:
    """The options that every destination has."""

    compression: Compression = Compression.GZIP

    def faults(self) -> Iterator[str]:
        """What the collector does not allow; names the option, never its value."""
        yield from ()

    def warnings(self) -> Iterator[str]:
        """What works with some collectors only."""
        yield from ()


@dataclass(frozen=True, slots=True)
class HttpOptions(DestinationOptions):
    """`body_format`: one record per line, one JSON array, or one record per request."""

    body_format: BodyFormat = BodyFormat.NDJSON


@dataclass(frozen=True, slots=True)
class XplgOptions(HttpOptions):
    """Not compressed by default: whether XPLG reads gzip is not documented."""

    compression: Compression = Compression.NONE

    @override
    def warnings(self) -> Iterator[str]:
        """About compression."""
        if self.compression is not Compression.NONE:
            yield (
                f"compression is {self.compression}: XPLG runs in a servlet container, which does not unpack "
                "request bodies and may answer 200 to them"
            )


@dataclass(frozen=True, slots=True)
class SplunkHecOptions(DestinationOptions):
    """`{type}` in `sourcetype` stands for the log type; an empty `index` means the default of the token."""

    index: str = ""
    sourcetype: str = "aws:eks:{type}"
    ack: bool = False

    @override
    def faults(self) -> Iterator[str]:
        """What Splunk does not allow."""
        if self.index and not _SPLUNK_INDEX.fullmatch(self.index):
            yield "index is not a valid name: use lower-case letters, digits, _ and -"
        if not _SOURCETYPE.fullmatch(_without(self.sourcetype, "{type}")):
            yield "sourcetype is not valid: use letters, digits, : . _ - and {type} for the log type"


@dataclass(frozen=True, slots=True)
class ElasticsearchOptions(DestinationOptions):
    """Documents go to `data_stream`, or to `index`. `templates`: our index templates are applied."""

    index: str = ""
    data_stream: str = "logs-eks.{type}-{namespace}"
    namespace: str = "default"
    ecs: bool = False
    templates: bool = False

    @override
    def faults(self) -> Iterator[str]:
        """What Elasticsearch does not allow."""
        if self.index and not _INDEX_NAME.fullmatch(self.index):
            yield 'index is not a valid name: use lower case, no spaces and none of \\ / * ? " < > | , # :'
        if not _INDEX_NAME.fullmatch(_without(self.data_stream, "{type}", "{namespace}")):
            yield "data_stream is not a valid name; it may contain {type} and {namespace}"
        if self.index and self.data_stream != ElasticsearchOptions().data_stream:
            yield "index and data_stream exclude each other: set only one"
        if not _NAMESPACE.fullmatch(self.namespace):
            yield "namespace is not valid: use lower case, at most 100 characters, no hyphen"


@dataclass(frozen=True, slots=True)
class LokiOptions(DestinationOptions):
    """An empty `tenant` means Loki without multi-tenancy."""

    tenant: str = ""

    @override
    def faults(self) -> Iterator[str]:
        """What Loki does not allow."""
        if self.tenant and not _TENANT.fullmatch(self.tenant):
            yield "tenant is not a valid tenant id: use at most 150 letters, digits and ! - _ . * ' ( )"


@dataclass(frozen=True, slots=True)
class OtlpOptions(DestinationOptions):
    """`{token}` in the value of a header stands for the token of the secret; no header appears in a repr."""

    encoding: Literal["protobuf", "json"] = "protobuf"
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    @override
    def faults(self) -> Iterator[str]:
        """What HTTP does not allow; never shows the value of a header."""
        for name, value in self.headers.items():
            if not _HEADER_NAME.fullmatch(name):
                yield "headers has a name that is not a valid header name"
            elif name.lower() in _HEADERS_OF_OURS:
                yield f"headers has {name}, which the forwarder sets"
            elif not _HEADER_VALUE.fullmatch(value):
                yield f"headers has a value for {name} that is empty or not allowed in a header"


_OPTIONS: dict[str, type[DestinationOptions]] = {
    "xplg": XplgOptions,
    "http": HttpOptions,
    "splunk_hec": SplunkHecOptions,
    "elasticsearch": ElasticsearchOptions,
    "loki": LokiOptions,
    "otlp": OtlpOptions,
}


def read_options(destination: str, text: str, faults: list[str], warnings: list[str]) -> DestinationOptions:
    """The options of a destination; appends faults and warnings, which name the option."""
    kind = _OPTIONS[destination]
    given = _object(text, faults)
    known = get_type_hints(kind)
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            faults.append(f"{VARIABLE}: {destination} has no option {name[:40]!r}; it has {', '.join(known)}")
            continue
        try:
            values[name] = msgspec.convert(value, known[name])
        except msgspec.ValidationError as error:
            faults.append(
                f"{VARIABLE}: {name}: {error}"
            )  # names types and enum values, never the text of a header
    options = kind(**values)
    faults.extend(f"{VARIABLE}: {fault}" for fault in options.faults())
    warnings.extend(f"{VARIABLE}: {warning}" for warning in options.warnings())
    return options


def _without(text: str, *placeholders: str) -> str:
    """The text with each placeholder replaced by a letter; other braces stay and are faults."""
    for placeholder in placeholders:
        text = text.replace(placeholder, "x")
    return text


def _object(text: str, faults: list[str]) -> dict[str, Any]:
    if not text:
        return {}
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeEncodeError):
        faults.append(f'{VARIABLE} is not a JSON object of options, such as {{"index": "eks"}}')
        return {}
