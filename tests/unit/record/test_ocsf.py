"""Audit events as OCSF API Activity, against the published schema of 1.5.0."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it has no stubs
from ocsf_json_schema import (  # type: ignore[import-untyped]  # nor has it
    OcsfJsonSchemaEmbedded,
    get_ocsf_schema,
)

from eks_log_forwarder.config.settings import RecordFormat
from eks_log_forwarder.encoding import to_strict_json
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.record.formats import shape_of
from eks_log_forwarder.record.ocsf import ocsf
from eks_log_forwarder.record.record import Record, RuleRef
from tests.records import RULE, any_records, record_of

SCHEMA = OcsfJsonSchemaEmbedded(get_ocsf_schema("1.5.0")).get_class_schema("api_activity", ["cloud"])
VALIDATOR = Draft202012Validator(SCHEMA)
REQUIRED = {
    "activity_id",
    "actor",
    "api",
    "category_uid",
    "class_uid",
    "cloud",
    "metadata",
    "severity_id",
    "src_endpoint",
    "time",
    "type_uid",
}


def event_of(record: Record) -> dict[str, Any]:
    """Return the record as JSON."""
    event: dict[str, Any] = json.loads(to_strict_json(shape_of(RecordFormat.OCSF)(record)))
    return event


def faults_of(event: dict[str, Any]) -> list[str]:
    """What the schema has against an event."""
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(event)]


def test_the_schema_asks_for_what_we_think() -> None:
    """So that a validator which checks nothing is seen."""
    assert set(SCHEMA["required"]) == REQUIRED
    assert faults_of({})


def test_an_audit_event_is_an_api_activity() -> None:
    """Every field has its attribute; fields without one are in `unmapped`."""
    record = record_of(detections=[RULE])
    event = event_of(record)
    assert faults_of(event) == []
    assert event == {
        "activity_id": 2,
        "activity_name": "Read",
        "category_uid": 6,
        "category_name": "Application Activity",
        "class_uid": 6003,
        "class_name": "API Activity",
        "type_uid": 600302,
        "type_name": "API Activity: Read",
        "time": record.timestamp,
        "severity_id": 4,
        "severity": "High",
        "status_id": 2,
        "status": "Failure",
        "status_code": "403",
        "metadata": {
            "version": "1.5.0",
            "product": {
                "name": "Amazon EKS",
                "vendor_name": "AWS",
                "feature": {"name": "Kubernetes audit"},
            },
            "profiles": ["cloud"],
            "uid": record.id,
            "log_name": "/aws/eks/prod/cluster",
            "log_provider": record.logStream,
            "correlation_uid": "5f1c7c1e-0000-4000-8000-000000000001",
        },
        "cloud": {"provider": "AWS", "account": {"uid": "111122223333"}, "region": "us-east-1"},
        "actor": {
            "user": {
                "name": "kubernetes-admin",
                "uid": "arn:aws:sts::111122223333:assumed-role/admin/alice",
                "groups": [{"name": "system:authenticated"}],
            }
        },
        "api": {
            "operation": "get",
            "service": {"name": "kubernetes"},
            "request": {"uid": "5f1c7c1e-0000-4000-8000-000000000001"},
            "version": "v1",
            "response": {"code": 403, "error": "Forbidden"},
        },
        "src_endpoint": {"ip": "10.0.1.5", "intermediate_ips": ["203.0.113.7"]},
        "http_request": {"user_agent": "kubectl/v1.33.0"},
        "http_response": {"code": 403},
        "resources": [{"name": "db", "type": "secrets", "namespace": "shop"}],
        "raw_data": record.message,
        "unmapped": {
            "cluster": "prod",
            "level": "Metadata",
            "stage": "ResponseComplete",
            "requestURI": "/api/v1/namespaces/shop/secrets/db?timeout=5s",
            "extra": {"arn": ["arn:aws:sts::111122223333:assumed-role/admin/alice"]},
            "annotations": {"authorization.k8s.io/decision": "forbid"},
            "detections": [{"id": RULE.id, "title": RULE.title, "level": "high", "tags": ["attack.t1552"]}],
        },
    }


@pytest.mark.parametrize(
    ("verb", "activity"),
    [
        ("create", 1),
        ("get", 2),
        ("list", 2),
        ("watch", 2),
        ("update", 3),
        ("patch", 3),
        ("delete", 4),
        ("deletecollection", 4),
        ("impersonate", 99),
        ("", 0),
    ],
)
def test_a_verb_is_an_activity(verb: str, activity: int) -> None:
    """A type is made of class and activity."""
    event = event_of(record_of(message=json.dumps({"auditID": "a", "kind": "Event", "verb": verb})))
    assert faults_of(event) == []
    assert (event["activity_id"], event["type_uid"]) == (activity, 600300 + activity)


def test_what_is_required_and_missing_is_unknown() -> None:
    """An event that says next to nothing is still a valid one."""
    record = record_of(message='{"kind":"Event","auditID":"a"}')
    record.account = record.id = ""
    event = event_of(record)
    assert faults_of(event) == []
    assert event["actor"] == {"user": {"name": "unknown"}}
    assert event["src_endpoint"] == {"name": "unknown"}
    assert event["api"]["operation"] == "unknown"
    assert event["cloud"]["account"] == {"uid": "unknown"}
    assert event["metadata"]["uid"] == "unknown"


@pytest.mark.parametrize(
    ("levels", "severity"),
    [([], 1), (["informational"], 1), (["low", "medium"], 3), (["critical", "high"], 5), (["odd"], 1)],
)
def test_the_severity_is_the_gravest_detections(levels: list[str], severity: int) -> None:
    """Informational without any."""
    detections = [RuleRef("id", "title", level, []) for level in levels]
    assert event_of(record_of(detections=detections))["severity_id"] == severity


@pytest.mark.parametrize("log_type", [log_type for log_type in LogType if log_type is not LogType.AUDIT])
def test_other_log_types_stay_enriched(log_type: LogType) -> None:
    """And an audit event that does not parse."""
    record = record_of(log_type)
    assert ocsf(record) is record
    broken = record_of(message="no json")
    assert ocsf(broken) is broken


@given(any_records())
@settings(max_examples=50, deadline=None)
def test_any_record_is_written_as_json_in_utf_8(record: Record) -> None:
    """And is valid where it is of an audit event."""
    event = event_of(record)
    if record.audit is not None:
        assert faults_of(event) == []
