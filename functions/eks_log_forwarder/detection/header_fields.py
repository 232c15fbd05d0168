"""The audit event fields (audit.k8s.io/v1, kind Event) that the typed header holds.

An object that is missing in the header (objectRef, responseStatus, impersonatedUser) counts as absent. The
API server omits empty fields, so it never writes an object that contains only empty texts.
"""

from collections.abc import Callable

from eks_log_forwarder.control_plane.audit import AuditHeader, ObjectRef, ResponseStatus
from eks_log_forwarder.detection.nodes import Field, HeaderValues, Values
from eks_log_forwarder.detection.paths import path_reader

# The header has the same value for absent, null and empty, so each of these readings is possible.
_TEXT: tuple[Values, ...] = ((), (None,), ("",))
_NUMBER: tuple[Values, ...] = ((), (None,), (0,))
_LIST: tuple[Values, ...] = ((), (None,), ([],))

type _Reader = Callable[[AuditHeader], HeaderValues | None]


def _text(get: Callable[[AuditHeader], str]) -> _Reader:
    def read(header: AuditHeader) -> HeaderValues | None:
        value = get(header)
        return (value,) if value else None

    return read


def _within[Part](part_of: Callable[[AuditHeader], Part | None], get: Callable[[Part], str | int]) -> _Reader:
    """A field of an object that may be absent. If the object is absent, so is the field."""

    def read(header: AuditHeader) -> HeaderValues | None:
        part = part_of(header)
        if part is None:
            return ()
        value = get(part)
        return (value,) if value else None

    return read


def _reference(get: Callable[[ObjectRef], str]) -> _Reader:
    return _within(lambda header: header.object_ref, get)


def _status(get: Callable[[ResponseStatus], str | int]) -> _Reader:
    return _within(lambda header: header.response_status, get)


def _impersonated_groups(header: AuditHeader) -> HeaderValues | None:
    return () if header.impersonated_user is None else tuple(header.impersonated_user.groups) or None


def _field(name: str, from_header: _Reader, empty: tuple[Values, ...]) -> Field:
    return Field(name, path_reader(name), from_header, empty)


HEADER_FIELDS = {
    field.name: field
    for field in (
        _field("level", _text(lambda header: header.level), _TEXT),
        _field("auditID", _text(lambda header: header.audit_id), _TEXT),
        _field("stage", _text(lambda header: header.stage), _TEXT),
        _field("verb", _text(lambda header: header.verb), _TEXT),
        _field("requestURI", _text(lambda header: header.request_uri), _TEXT),
        _field("userAgent", _text(lambda header: header.user_agent), _TEXT),
        _field("user.username", _text(lambda header: header.user.username), _TEXT),
        _field("user.groups", lambda header: tuple(header.user.groups) or None, _LIST),
        _field(
            "impersonatedUser.username",
            _within(lambda header: header.impersonated_user, lambda user: user.username),
            _TEXT,
        ),
        _field("impersonatedUser.groups", _impersonated_groups, _LIST),
        _field("sourceIPs", lambda header: tuple(header.source_ips) or None, _LIST),
        _field("objectRef.resource", _reference(lambda reference: reference.resource), _TEXT),
        _field("objectRef.subresource", _reference(lambda reference: reference.subresource), _TEXT),
        _field("objectRef.namespace", _reference(lambda reference: reference.namespace), _TEXT),
        _field("objectRef.name", _reference(lambda reference: reference.name), _TEXT),
        _field("objectRef.apiGroup", _reference(lambda reference: reference.api_group), _TEXT),
        _field("objectRef.apiVersion", _reference(lambda reference: reference.api_version), _TEXT),
        _field("responseStatus.code", _status(lambda status: status.code), _NUMBER),
        _field("responseStatus.reason", _status(lambda status: status.reason), _TEXT),
    )
}
