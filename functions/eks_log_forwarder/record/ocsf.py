"""Audit events as API Activity of the Open Cybersecurity Schema Framework.

Source: OCSF schema 1.5.0, class API Activity (6003) with the profile cloud. `unmapped` holds the values
that the class has no attribute for; `raw_data` holds the message.
"""

from typing import Any

import msgspec

from eks_log_forwarder.control_plane.audit import AuditHeader, ObjectRef, User
from eks_log_forwarder.record.record import Record

SCHEMA_VERSION = "1.5.0"
CLASS_UID = 6003
UNKNOWN = "unknown"

# activity_id: Create, Read, Update, Delete; Other for all other verbs
_ACTIVITIES = {
    "create": (1, "Create"),
    "get": (2, "Read"),
    "list": (2, "Read"),
    "watch": (2, "Read"),
    "head": (2, "Read"),
    "update": (3, "Update"),
    "patch": (3, "Update"),
    "put": (3, "Update"),
    "post": (1, "Create"),
    "delete": (4, "Delete"),
    "deletecollection": (4, "Delete"),
}
_OTHER = (99, "Other")
_NO_ACTIVITY = (0, "Unknown")
# severity_id; without a detection an audit event is Informational
_SEVERITIES = {
    "informational": (1, "Informational"),
    "low": (2, "Low"),
    "medium": (3, "Medium"),
    "high": (4, "High"),
    "critical": (5, "Critical"),
}
_FIRST_FAILURE = 400


def ocsf(record: Record) -> object:
    """Return the API Activity of an audit event; other records are unchanged."""
    return record if record.audit is None else _api_activity(record, record.audit)


def _api_activity(record: Record, audit: AuditHeader) -> dict[str, Any]:
    verb = audit.verb
    activity_id, activity = _ACTIVITIES.get(verb, _OTHER if verb else _NO_ACTIVITY)
    severity_id, severity = max(
        (_SEVERITIES.get(detection.level, (1, "Informational")) for detection in record.detections),
        default=(1, "Informational"),
    )
    event: dict[str, Any] = {
        "activity_id": activity_id,
        "activity_name": activity,
        "category_uid": 6,
        "category_name": "Application Activity",
        "class_uid": CLASS_UID,
        "class_name": "API Activity",
        "type_uid": CLASS_UID * 100 + activity_id,
        "type_name": f"API Activity: {activity}",
        "time": record.timestamp,
        "severity_id": severity_id,
        "severity": severity,
        "metadata": _metadata(record, audit),
        "cloud": {"provider": "AWS", "account": {"uid": record.account or UNKNOWN}}
        | _filled(region=record.region),
        "actor": {"user": _user(audit.user)},
        "api": _api(audit),
        "src_endpoint": _src_endpoint(audit),
        "raw_data": record.message,
        "unmapped": _unmapped(record, audit),
    }
    if audit.user_agent:
        event["http_request"] = {"user_agent": audit.user_agent}
    code = audit.response_status.code if audit.response_status else 0
    if code:
        failed = code >= _FIRST_FAILURE
        event["http_response"] = {"code": code}
        event |= {"status_id": 2, "status": "Failure"} if failed else {"status_id": 1, "status": "Success"}
        event["status_code"] = str(code)
    if audit.object_ref is not None:
        event["resources"] = [_resource(audit.object_ref)]
    return event


def _metadata(record: Record, audit: AuditHeader) -> dict[str, Any]:
    metadata = {
        "version": SCHEMA_VERSION,
        "product": {"name": "Amazon EKS", "vendor_name": "AWS", "feature": {"name": "Kubernetes audit"}},
        "profiles": ["cloud"],
        "uid": record.id or UNKNOWN,
        "log_name": record.logGroup,
        "log_provider": record.logStream,
    }
    if audit.audit_id:
        metadata["correlation_uid"] = audit.audit_id
    return metadata


def _user(user: User) -> dict[str, Any]:
    found: dict[str, Any] = {"name": user.username or UNKNOWN}
    arn = user.extra.get("arn")
    if arn or user.uid:
        found["uid"] = arn[0] if arn else user.uid
    if key_id := user.extra.get("accessKeyId"):
        found["credential_uid"] = key_id[0]
    if user.groups:
        found["groups"] = [{"name": group} for group in user.groups]
    return found


def _api(audit: AuditHeader) -> dict[str, Any]:
    ref = audit.object_ref
    api: dict[str, Any] = {"operation": audit.verb or UNKNOWN, "service": {"name": "kubernetes"}}
    if audit.audit_id:
        api["request"] = {"uid": audit.audit_id}
    if ref is not None and ref.api_version:
        api["version"] = f"{ref.api_group}/{ref.api_version}" if ref.api_group else ref.api_version
    if audit.response_status is not None and audit.response_status.code:
        api["response"] = {"code": audit.response_status.code}
        if audit.response_status.reason:
            api["response"]["error"] = audit.response_status.reason
    return api


def _src_endpoint(audit: AuditHeader) -> dict[str, Any]:
    """The API server saw the last address itself; the client can set those before it."""
    if not audit.source_ips:
        return {"name": UNKNOWN}
    before = audit.source_ips[:-1]
    return {"ip": audit.source_ips[-1]} | ({"intermediate_ips": before} if before else {})


def _resource(ref: ObjectRef) -> dict[str, Any]:
    named = {"name": ref.name or UNKNOWN, "type": ref.resource or UNKNOWN}
    return named | _filled(uid=ref.uid, namespace=ref.namespace, version=ref.resource_version)


def _unmapped(record: Record, audit: AuditHeader) -> dict[str, Any]:
    ref = audit.object_ref
    return _filled(
        cluster=record.cluster,
        level=audit.level,
        stage=audit.stage,
        requestURI=audit.request_uri,
        subresource=ref.subresource if ref else "",
        extra=audit.user.extra,
        impersonatedUser=msgspec.to_builtins(audit.impersonated_user),
        annotations=audit.annotations,
        parsed=None if record.parsed else "false",
        truncated=record.truncated,
        redacted=record.redacted,
        detections=msgspec.to_builtins(record.detections),
    )


def _filled(**fields: object) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}
