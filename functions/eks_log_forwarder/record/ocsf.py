"""Audit events as API Activity of the Open Cybersecurity Schema Framework.

Source: OCSF schema 1.5.0, class API Activity (6003) with the profile cloud, as AWS maps EKS audit logs
(github.com/ocsf/examples, AWS v1.5.0, EKS Audit Logs). `unmapped` holds the values that the class has no
attribute for; `raw_data` holds the message.
"""

from typing import Any

import msgspec

from eks_log_forwarder.control_plane.audit import AuditHeader, ObjectRef, ResponseStatus, User
from eks_log_forwarder.record.ocsf_values import bodies_of, ip_of, milliseconds_of, observables_of
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
        "time": milliseconds_of(audit.stage_timestamp) or record.timestamp,
        "severity_id": severity_id,
        "severity": severity,
        "metadata": _metadata(record, audit),
        "cloud": {"provider": "AWS", "account": {"uid": record.account or UNKNOWN}}
        | _filled(region=record.region),
        "actor": {"user": _user(audit.user)} | _filled(session=_session(audit.user)),
        "api": _api(record, audit),
        "src_endpoint": _src_endpoint(audit),
        "raw_data": record.message,
        "unmapped": _unmapped(record, audit),
    }
    event |= _filled(
        message=audit.stage,
        start_time=milliseconds_of(audit.request_received_timestamp),
        http_request=_http_request(audit),
    )
    code = audit.response_status.code if audit.response_status else 0
    if code:
        failed = code >= _FIRST_FAILURE
        event["http_response"] = {"code": code}
        event |= {"status_id": 2, "status": "Failure"} if failed else {"status_id": 1, "status": "Success"}
        event["status_code"] = str(code)
    if audit.object_ref is not None:
        event["resources"] = [_resource(audit.object_ref)]
    return event | _filled(observables=observables_of(event))


def _metadata(record: Record, audit: AuditHeader) -> dict[str, Any]:
    product = {
        "name": "Amazon EKS",
        "vendor_name": "AWS",
        "version": audit.api_version,
        "feature": {"name": "Elastic Kubernetes Service"},
    }
    metadata = {
        "version": SCHEMA_VERSION,
        "product": product,
        "profiles": ["cloud"],
        "uid": record.id or UNKNOWN,
        "log_name": record.logGroup,
        "log_provider": record.logStream,
    }
    return metadata | _filled(log_level=audit.level, correlation_uid=audit.audit_id)


def _user(user: User) -> dict[str, Any]:
    named = {"name": user.username or UNKNOWN, "type_id": 0, "type": "Unknown"}
    return named | _filled(
        uid=user.uid or _first(user, "arn"),
        uid_alt=_first(user, "principalId"),
        groups=[{"name": group} for group in user.groups],
    )


def _session(user: User) -> dict[str, Any]:
    return _filled(
        uid=_first(user, "sessionName"),
        issuer=_first(user, "canonicalArn"),
        credential_uid=_first(user, "accessKeyId"),
    )


def _first(user: User, name: str) -> str:
    values = user.extra.get(name)
    return values[0] if values else ""


def _http_request(audit: AuditHeader) -> dict[str, Any]:
    """As in AWS's mapping, the path is the whole requestURI."""
    return _filled(user_agent=audit.user_agent, url=_filled(path=audit.request_uri))


def _api(record: Record, audit: AuditHeader) -> dict[str, Any]:
    ref = audit.object_ref
    request, response = bodies_of(record.message)
    api: dict[str, Any] = {"operation": audit.verb or UNKNOWN, "service": {"name": "kubernetes"}}
    # The schema requires a uid of a request and a code of a response.
    if audit.audit_id:
        api["request"] = {"uid": audit.audit_id} | _filled(data=request)
    if ref is not None:
        api |= _filled(version=ref.api_version, group=_filled(name=ref.api_group))
    if audit.response_status is not None and audit.response_status.code:
        api["response"] = _response(audit.response_status) | _filled(data=response)
    return api


def _response(status: ResponseStatus) -> dict[str, Any]:
    return {"code": status.code} | _filled(error=status.reason, message=status.message)


def _src_endpoint(audit: AuditHeader) -> dict[str, Any]:
    """The API server saw the last address itself; the client can set those before it."""
    addresses = audit.source_ips
    seen = ip_of(addresses[-1]) if addresses else ""
    before = [address for each in addresses[:-1] if (address := ip_of(each))]
    found = _filled(ip=seen, intermediate_ips=before)
    return found if seen else found | {"name": UNKNOWN}


def _resource(ref: ObjectRef) -> dict[str, Any]:
    kind = "/".join(filter(None, (ref.resource, ref.subresource)))
    named = {"name": ref.name or UNKNOWN, "type": kind or UNKNOWN}
    return named | _filled(uid=ref.uid, namespace=ref.namespace, version=ref.resource_version)


def _unmapped(record: Record, audit: AuditHeader) -> dict[str, Any]:
    return _filled(
        cluster=record.cluster,
        extra=audit.user.extra,
        impersonatedUser=msgspec.to_builtins(audit.impersonated_user),
        annotations=audit.annotations,
        sourceIPs=[address for address in audit.source_ips if not ip_of(address)],
        parsed=None if record.parsed else "false",
        truncated=record.truncated,
        redacted=record.redacted,
        detections=msgspec.to_builtins(record.detections),
    )


def _filled(**fields: object) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}
