"""The options of each collector, and what is wrong with their values."""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import ClassVar, Literal, override

import msgspec

from eks_log_forwarder.config.headers import header_faults, header_warnings, token_header_faults
from eks_log_forwarder.config.hidden_fields import HiddenFields

# Patterns are text here, so that only those of the chosen destination are compiled.
# Elasticsearch, "Create index" path parameters; names of data streams follow the same rules
_INDEX_NAME = r"[^-_+.A-Z\\/*?\"<>| ,#:{}][^A-Z\\/*?\"<>| ,#:{}]{0,254}"
_NAMESPACE = r"[^-A-Z\\/*?\"<>| ,#:{}]{1,100}"
# Splunk, indexes.conf
_SPLUNK_INDEX = r"[a-z0-9_][a-z0-9_-]{0,79}"
_SOURCETYPE = r"(?a:[\w:.-]{1,128})"
# Grafana Loki, "Manage tenants"
_TENANT = r"[A-Za-z0-9!_.*'()-]{1,150}"
TOKEN_PLACEHOLDER = "{token}"  # noqa: S105  # in the headers of otlp


class Compression(StrEnum):
    """The values of the option `compression`."""

    NONE = "none"
    GZIP = "gzip"


class BodyFormat(StrEnum):
    """The values of the option `body_format`."""

    NDJSON = "ndjson"
    ARRAY = "array"
    SINGLE = "single"


class DestinationOptions(HiddenFields, msgspec.Struct, frozen=True):
    """The options that every destination has; `proxy` is the URL of an HTTP proxy, empty without one."""

    hidden: ClassVar[tuple[str, ...]] = ("proxy",)

    compression: Compression = Compression.GZIP
    proxy: str = ""  # a wrong URL may hold a password

    def faults(self) -> Iterator[str]:
        """What the collector does not allow; names the option, never its value."""
        yield from ()

    def warnings(self) -> Iterator[str]:
        """What works with some collectors only."""
        yield from ()


class JsonOptions(DestinationOptions, frozen=True):
    """`body_format`: one record per line, one JSON array, or one record per request."""

    body_format: BodyFormat = BodyFormat.NDJSON


class HttpOptions(JsonOptions, frozen=True):
    """`token_prefix` stands before the token; None: `Bearer` in `Authorization`, nothing in other headers."""

    hidden = ("proxy", "headers")

    headers: dict[str, str] = msgspec.field(default_factory=dict)
    token_header: str = "Authorization"  # noqa: S105  # the name of a header
    token_prefix: str | None = None

    @override
    def faults(self) -> Iterator[str]:
        """What HTTP does not allow."""
        yield from header_faults("headers", self.headers)
        yield from token_header_faults(self.token_header, self.token_prefix, self.headers)

    @override
    def warnings(self) -> Iterator[str]:
        """About headers without effect."""
        return header_warnings("headers", self.headers)


class XplgOptions(JsonOptions, frozen=True):
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


class SplunkHecOptions(DestinationOptions, frozen=True):
    """`{type}` in `sourcetype` stands for the log type; an empty `index` means the default of the token."""

    index: str = ""
    sourcetype: str = "aws:eks:{type}"
    ack: bool = False

    @override
    def faults(self) -> Iterator[str]:
        """What Splunk does not allow."""
        if self.index and not re.fullmatch(_SPLUNK_INDEX, self.index):
            yield "index is not a valid name: use lower-case letters, digits, _ and -"
        if not re.fullmatch(_SOURCETYPE, _without(self.sourcetype, "{type}")):
            yield "sourcetype is not valid: use letters, digits, : . _ - and {type} for the log type"


class ElasticsearchOptions(DestinationOptions, frozen=True):
    """Documents go to `data_stream`, or to `index`. `templates`: our index templates are applied.

    `auth`: the secret's login, or a signature of the function's role.
    """

    index: str = ""
    data_stream: str = "logs-eks.{type}-{namespace}"
    namespace: str = "default"
    ecs: bool = False
    templates: bool = False
    auth: Literal["secret", "sigv4"] = "secret"

    @override
    def faults(self) -> Iterator[str]:
        """What Elasticsearch does not allow."""
        if self.index and not re.fullmatch(_INDEX_NAME, self.index):
            yield 'index is not a valid name: use lower case, no spaces and none of \\ / * ? " < > | , # :'
        if not re.fullmatch(_INDEX_NAME, _without(self.data_stream, "{type}", "{namespace}")):
            yield "data_stream is not a valid name; it may contain {type} and {namespace}"
        if self.index and self.data_stream != ElasticsearchOptions().data_stream:
            yield "index and data_stream exclude each other: set only one"
        if not re.fullmatch(_NAMESPACE, self.namespace):
            yield "namespace is not valid: use lower case, at most 100 characters, no hyphen"


class LokiOptions(DestinationOptions, frozen=True):
    """An empty `tenant` means Loki without multi-tenancy."""

    tenant: str = ""

    @override
    def faults(self) -> Iterator[str]:
        """What Loki does not allow."""
        if self.tenant and not re.fullmatch(_TENANT, self.tenant):
            yield "tenant is not a valid tenant id: use at most 150 letters, digits and ! - _ . * ' ( )"


class OtlpOptions(DestinationOptions, frozen=True):
    """`{token}` in the value of a header stands for the token of the secret; no header appears in a repr."""

    hidden = ("proxy", "headers")

    encoding: Literal["protobuf", "json"] = "protobuf"
    headers: dict[str, str] = msgspec.field(default_factory=dict)

    @override
    def faults(self) -> Iterator[str]:
        """What HTTP does not allow."""
        yield from header_faults("headers", self.headers, placeholder=TOKEN_PLACEHOLDER)

    @override
    def warnings(self) -> Iterator[str]:
        """About headers without effect."""
        return header_warnings("headers", self.headers)


def _without(text: str, *placeholders: str) -> str:
    """The text with each placeholder replaced by a letter; other braces stay and are faults."""
    for placeholder in placeholders:
        text = text.replace(placeholder, "x")
    return text
