"""A record as a document of Elasticsearch, under the names of the Elastic Common Schema (ECS).

Source: ECS field reference 8 (base, cloud, event, log, orchestrator, rule, source, user, user_agent).
Values without an ECS field are under `kubernetes.audit`, `aws.eks` and `aws.cloudwatch`, as in Elastic's own
integrations.
"""

import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.destinations.severity import gravest
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.record.record import Record

ECS_VERSION = "8.17.0"

# the dataset of a data stream must be lower case
DATASETS = {log_type: re.sub("([A-Z])", r"_\1", log_type).lower() for log_type in LogType}
_KLOG_LEVELS = {"I": "info", "W": "warning", "E": "error", "F": "fatal"}
_FIRST_FAILURE = 400
# event.severity of the gravest detection; the numbers of OCSF's severity_id
SEVERITIES = {"informational": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}


def iso_time(timestamp: int) -> str | int:
    """RFC 3339 in UTC with milliseconds; the number itself if it is outside the calendar."""
    try:
        moment = datetime.fromtimestamp(timestamp // 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return timestamp
    return f"{moment.isoformat()[:19]}.{timestamp % 1000:03d}Z"


def ecs_document(record: Record) -> dict[str, Any]:
    """The record under ECS names, written as nested objects."""
    event: dict[str, Any] = {
        "kind": "event",
        "module": "eks",
        "dataset": f"eks.{DATASETS[record.logType]}",
        "id": record.id,
    }
    document: dict[str, Any] = {
        "@timestamp": iso_time(record.timestamp),
        "ecs": {"version": ECS_VERSION},
        "message": record.message,
        "event": event,
        "cloud": {
            "provider": "aws",
            "account": {"id": record.account},
            "region": record.region,
            "service": {"name": "eks"},
        },
        "orchestrator": {"type": "kubernetes", "cluster": {"name": record.cluster}},
        "aws": {"cloudwatch": {"log_group": record.logGroup, "log_stream": record.logStream}},
    }
    if record.audit is not None:
        _add_audit(document, record.audit)
    elif record.authenticator is not None:
        line = record.authenticator
        document["log"] = {"level": line.level}
        document["user"] = _filled(name=line.username, id=line.arn)
        document["error"] = _filled(message=line.error)
        document["aws"]["eks"] = {"authenticator": msgspec.to_builtins(line)}
    elif record.klog is not None:
        document["log"] = {"level": _KLOG_LEVELS.get(record.klog.severity, "")}
        document["log"]["origin"] = {"file": {"name": record.klog.file, "line": record.klog.line}}
        document["aws"]["eks"] = {"klog": msgspec.to_builtins(record.klog)}
    _add_remarks(document, record)
    return {name: value for name, value in document.items() if value}


def _add_audit(document: dict[str, Any], audit: AuditHeader) -> None:
    event = document["event"]
    event["action"] = audit.verb
    code = audit.response_status.code if audit.response_status else 0
    event["outcome"] = ("failure" if code >= _FIRST_FAILURE else "success") if code else "unknown"
    if code:
        document["http"] = {"response": {"status_code": code}}
    document["user"] = _filled(name=audit.user.username, id=audit.user.uid)
    document["user_agent"] = _filled(original=audit.user_agent)
    document["url"] = _filled(original=audit.request_uri)
    if audit.source_ips:
        document["source"] = {"ip": audit.source_ips[-1]}
    if audit.object_ref is not None:
        ref = audit.object_ref
        document["orchestrator"] |= _filled(namespace=ref.namespace, api_version=ref.api_version)
        document["orchestrator"]["resource"] = _filled(type=ref.resource, name=ref.name)
    document["kubernetes"] = {"audit": msgspec.to_builtins(audit)}


def _add_remarks(document: dict[str, Any], record: Record) -> None:
    if record.detections:
        document["rule"] = {
            "id": [detection.id for detection in record.detections],
            "name": [detection.title for detection in record.detections],
        }
        document["tags"] = [tag for detection in record.detections for tag in detection.tags]
        document["event"]["severity"] = SEVERITIES.get(gravest(record.detections), 1)
    remarks = _filled(
        detections=msgspec.to_builtins(record.detections),
        truncated=record.truncated,
        redacted=record.redacted,
        unparsed=not record.parsed,
    )
    if remarks:
        document["aws"].setdefault("eks", {}).update(remarks)


def _filled(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value}
