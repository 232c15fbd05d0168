"""The derived fields `dryRun` and `readsEverything` of an audit event: true, or absent."""

from collections.abc import Mapping
from typing import NamedTuple

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.detection.nodes import Field, Fields, HeaderValues, Values
from eks_log_forwarder.detection.request_query import query_values

_TRUE = (True,)
_ABSENT: HeaderValues = ()
_WRITES = frozenset({"create", "update", "patch"})
_DELETIONS = frozenset({"delete", "deletecollection"})
# The API server connects a client or computes an answer, and does not look at dryRun.
_WITHOUT_DRY_RUN = frozenset({"attach", "exec", "portforward", "proxy", "token"})
_REVIEWS = "reviews"  # tokenreviews, selfsubjectrulesreviews, …
_ALL = "All"
# Any other value is true for the API server (k8s.io/apimachinery, Convert_Slice_string_To_bool).
_FALSE = frozenset({"false", "0"})
_ANY_VERSION = frozenset({"", "0"})
# Reading a query takes time for each rule. A longer one counts as no dry run, and as reading everything.
MAX_URI = 8192


class _Request(NamedTuple):
    verb: str
    uri: str
    resource: str
    subresource: str


def _of_header(header: AuditHeader) -> _Request:
    reference = header.object_ref
    if reference is None:
        return _Request(header.verb, header.request_uri, "", "")
    return _Request(header.verb, header.request_uri, reference.resource, reference.subresource)


def _of_fields(fields: Fields) -> _Request:
    reference = fields.get("objectRef")
    known: Mapping[str, object] = reference if isinstance(reference, dict) else {}
    return _Request(
        _text(fields.get("verb")),
        _text(fields.get("requestURI")),
        _text(known.get("resource")),
        _text(known.get("subresource")),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _asks_for_dry_run(request: _Request) -> bool:
    """Whether the query has `dryRun=All`, and the API server looks at it."""
    return (
        "?" in request.uri
        and len(request.uri) <= MAX_URI
        and request.subresource not in _WITHOUT_DRY_RUN
        and not request.resource.endswith(_REVIEWS)
        and _ALL in query_values(request.uri, "dryRun")
    )


def _dry_run_of_header(header: AuditHeader) -> HeaderValues | None:
    if header.verb in _DELETIONS:
        return None  # the body decides
    return _TRUE if header.verb in _WRITES and _asks_for_dry_run(_of_header(header)) else _ABSENT


def _dry_run(fields: Fields) -> Values:
    request = _of_fields(fields)
    if request.verb in _DELETIONS and (options := fields.get("requestObject")) is not None:
        # DeleteOptions. With a body, the API server ignores the query.
        asked = options.get("dryRun") if isinstance(options, dict) else None
        return _TRUE if isinstance(asked, list) and _ALL in asked else _ABSENT
    is_write = request.verb in _WRITES or request.verb in _DELETIONS
    return _TRUE if is_write and _asks_for_dry_run(request) else _ABSENT


def _reads_everything(request: _Request) -> HeaderValues:
    """A list; or a watch that begins with all objects, because it continues no earlier list or watch."""
    if request.verb == "list":
        return _TRUE
    if request.verb != "watch":
        return _ABSENT
    if len(request.uri) > MAX_URI:
        return _TRUE
    version = query_values(request.uri, "resourceVersion")
    initial = query_values(request.uri, "sendInitialEvents")
    begins = not version or version[0] in _ANY_VERSION or (initial and initial[0].lower() not in _FALSE)
    return _TRUE if begins else _ABSENT


REQUEST_FIELDS = {
    field.name: field
    for field in (
        Field("dryRun", _dry_run, _dry_run_of_header, (_TRUE, _ABSENT)),
        Field(
            "readsEverything",
            lambda fields: _reads_everything(_of_fields(fields)),
            lambda header: _reads_everything(_of_header(header)),
        ),
    )
}
