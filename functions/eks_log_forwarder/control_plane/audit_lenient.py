"""Reads the header of an audit event field by field, if fields are missing or have unexpected types."""

from collections.abc import Mapping
from typing import Any

import msgspec

from eks_log_forwarder.control_plane.audit_header import (
    AUDIT_API_GROUP,
    V1,
    V1BETA1,
    AuditHeader,
    ObjectRef,
    ResponseStatus,
    User,
    tidied,
)
from eks_log_forwarder.encoding import encodable

_MAX_CODE_DIGITS = 3  # an HTTP status


def is_of_another_kind(event: Mapping[str, Any]) -> bool:
    """Whether a JSON object declares that it is not an audit event."""
    kind, api_version = event.get("kind"), event.get("apiVersion")
    if isinstance(kind, str) and kind not in {"", "Event"}:
        return True
    return isinstance(api_version, str) and bool(api_version) and not api_version.startswith(AUDIT_API_GROUP)


def is_audit_event(event: Mapping[str, Any]) -> bool:
    """Whether a JSON object is an audit event, judged by its kind, apiVersion and event fields."""
    names = ("apiVersion", "auditID", "verb", "stage", "requestURI")
    return not is_of_another_kind(event) and any(event.get(name) for name in names)


def header_of(event: Mapping[str, Any]) -> AuditHeader:
    """The header of an audit event whose fields may be absent, null or of another type; never raises.

    If a text is expected, a number or a nested value becomes its JSON. If a list is expected, a single value
    becomes a list of one. A value that has no sensible reading counts as absent.
    """
    return tidied(
        AuditHeader(
            level=_text(event.get("level")),
            audit_id=_text(event.get("auditID")),
            stage=_text(event.get("stage")),
            verb=_text(event.get("verb")),
            request_uri=_text(event.get("requestURI")),
            user=_user(event.get("user")),
            impersonated_user=_user(event.get("impersonatedUser")),
            source_ips=_texts(event.get("sourceIPs")),
            user_agent=_text(event.get("userAgent")),
            object_ref=_object_ref(_mapping(event.get("objectRef"))),
            response_status=_status(_mapping(event.get("responseStatus"))),
            annotations={
                encodable(key): _text(value) for key, value in _mapping(event.get("annotations")).items()
            },
            request_received_timestamp=_text(event.get("requestReceivedTimestamp")),
            stage_timestamp=_text(event.get("stageTimestamp")),
            api_version=V1BETA1 if event.get("apiVersion") == V1BETA1 else V1,
        )
    )


def _user(value: object) -> User:
    """A text in place of a user is the user's name."""
    if isinstance(value, str):
        return User(username=_text(value))
    user = _mapping(value)
    return User(
        username=_text(user.get("username")),
        uid=_text(user.get("uid")),
        groups=_texts(user.get("groups")),
        extra={encodable(key): _texts(values) for key, values in _mapping(user.get("extra")).items()},
    )


def _object_ref(ref: Mapping[str, Any]) -> ObjectRef:
    return ObjectRef(
        resource=_text(ref.get("resource")),
        namespace=_text(ref.get("namespace")),
        name=_text(ref.get("name")),
        uid=_text(ref.get("uid")),
        api_group=_text(ref.get("apiGroup")),
        api_version=_text(ref.get("apiVersion")),
        resource_version=_text(ref.get("resourceVersion")),
        subresource=_text(ref.get("subresource")),
    )


def _status(status: Mapping[str, Any]) -> ResponseStatus:
    return ResponseStatus(
        code=_code(status.get("code")),
        reason=_text(status.get("reason")),
        message=_text(status.get("message")),
    )


def _code(value: object) -> int:
    """An HTTP status given as 403, 403.0 or "403"; 0 for anything else."""
    digits = _text(value).removesuffix(".0")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= _MAX_CODE_DIGITS else 0


def _text(value: object) -> str:
    if isinstance(value, str):
        return encodable(value)
    if value is None:
        return ""
    try:
        return msgspec.json.encode(value).decode()
    except (ValueError, RecursionError, OverflowError):
        return ""


def _texts(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text for text in map(_text, values) if text]


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
