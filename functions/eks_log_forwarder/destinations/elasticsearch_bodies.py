"""Whether a whole audit event fits the index templates, with the bodies of its request and response.

The bodies are what the client sent. The templates take any object and any list of objects, but not a text or
a number in its place, no name twice in an object, and no value whose path and text exceed a term of Lucene.

Sources: Elasticsearch reference, "Flattened field type"; elastic/elasticsearch, FlattenedFieldParser;
opensearch-project/OpenSearch, FlatObjectFieldMapper; audit.k8s.io/v1.
"""

import re

import msgspec

from eks_log_forwarder.destinations.elasticsearch_values import MAX_CODE
from eks_log_forwarder.record.record import ParsedRecord

# Lucene's limit is 32,766 bytes, with a separator and, in OpenSearch, the name of the field
MAX_LEAF_BYTES = 32_000
_LONG_BYTES = 1000  # the names of 20 levels and a value of at most this length fit
_LONG_NUMBER_BYTES = 300
_LONG_NUMBER = re.compile(rb"[0-9.eE+-]{%d}" % _LONG_NUMBER_BYTES)
# a colon, which is counted below, and NUL, which `flattened` does not take in a name
_ESCAPES = (b"\\u003a", b"\\u003A", b"\\u0000")


class _User(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    username: str = ""
    uid: str = ""
    groups: list[str] | None = None
    extra: dict[str, list[str]] | None = None


class _Object(msgspec.Struct, forbid_unknown_fields=True, rename="camel", gc=False):
    resource: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    api_group: str = ""
    api_version: str = ""
    resource_version: str = ""
    subresource: str = ""


class _Status(msgspec.Struct, forbid_unknown_fields=True, rename="camel", gc=False):
    kind: str = ""
    api_version: str = ""
    metadata: dict[str, object] | None = None
    status: str = ""
    message: str = ""
    reason: str = ""
    details: dict[str, object] | None = None
    code: int = 0


type _Body = dict[str, object] | list[dict[str, object]] | None  # a JSON patch is a list


class _Event(msgspec.Struct, forbid_unknown_fields=True, rename="camel", gc=False):
    """An audit event with the types of the templates."""

    kind: str = ""
    api_version: str = ""
    level: str = ""
    audit_id: str = msgspec.field(default="", name="auditID")
    stage: str = ""
    request_uri: str = msgspec.field(default="", name="requestURI")
    verb: str = ""
    user: _User | None = None
    impersonated_user: _User | None = None
    authentication_metadata: dict[str, object] | None = None
    source_ips: list[str] | None = msgspec.field(default=None, name="sourceIPs")
    user_agent: str = ""
    object_ref: _Object | None = None
    response_status: _Status | None = None
    request_object: _Body = None
    response_object: _Body = None
    request_received_timestamp: str = ""
    stage_timestamp: str = ""
    annotations: dict[str, str] | None = None


def fits(record: ParsedRecord) -> bool:
    """Whether the templates take the record; linear in its length."""
    if record.audit is None:
        return True
    raw = bytes(record.audit)
    try:
        event = msgspec.json.decode(raw)
        status = msgspec.convert(event, _Event).response_status
        # a name that stands twice in an object, and its colon, stand there once after decoding
        if any(escape in raw for escape in _ESCAPES) or raw.count(b":") != msgspec.json.encode(event).count(
            b":"
        ):
            return False
        if status is not None and not 0 <= status.code <= MAX_CODE:
            return False
        return _terms_fit(raw, event)
    except (ValueError, RecursionError, OverflowError):  # ValueError: also half a surrogate pair
        return False


def _terms_fit(raw: bytes, event: object) -> bool:
    """Looks at each value only if a text or a number is long."""
    if b"\\" in raw:  # without escaped quotes, every second quote ends a string
        raw = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    pieces = raw.split(b'"')
    between = pieces[::2]
    if max(map(len, between)) >= _LONG_NUMBER_BYTES and any(map(_LONG_NUMBER.search, between)):
        return False
    return max(map(len, pieces)) <= _LONG_BYTES or _leaves_fit(event, 0)


def _leaves_fit(value: object, path_bytes: int) -> bool:
    if isinstance(value, dict):
        return all(_leaves_fit(part, path_bytes + len(name.encode()) + 1) for name, part in value.items())
    if isinstance(value, list):
        return all(_leaves_fit(part, path_bytes) for part in value)
    size = len(value.encode()) if isinstance(value, str) else _LONG_BYTES
    return path_bytes + size <= MAX_LEAF_BYTES
