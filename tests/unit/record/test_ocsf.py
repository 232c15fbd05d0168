"""Audit events as OCSF API Activity, against the published schema of 1.5.0."""

import json
import os
from pathlib import Path
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
from tests.records import AUDIT, RULE, any_records, record_of

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
                "version": "audit.k8s.io/v1",
                "feature": {"name": "Elastic Kubernetes Service"},
            },
            "profiles": ["cloud"],
            "uid": record.id,
            "log_name": "/aws/eks/prod/cluster",
            "log_provider": record.logStream,
            "log_level": "Metadata",
            "correlation_uid": "5f1c7c1e-0000-4000-8000-000000000001",
        },
        "cloud": {"provider": "AWS", "account": {"uid": "111122223333"}, "region": "us-east-1"},
        "actor": {
            "user": {
                "name": "kubernetes-admin",
                "type_id": 0,
                "type": "Unknown",
                "uid": "aws-iam-authenticator:111122223333:AROAEXAMPLE",
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
        "http_request": {
            "user_agent": "kubectl/v1.33.0",
            "url": {"path": "/api/v1/namespaces/shop/secrets/db?timeout=5s"},
        },
        "message": "ResponseComplete",
        "observables": [
            {"name": "actor.user.name", "value": "kubernetes-admin", "type_id": 4, "type": "User Name"},
            {"name": "src_endpoint.ip", "value": "10.0.1.5", "type_id": 2, "type": "IP Address"},
            {
                "name": "src_endpoint.intermediate_ips",
                "value": "203.0.113.7",
                "type_id": 2,
                "type": "IP Address",
            },
            {
                "name": "http_request.url.path",
                "value": "/api/v1/namespaces/shop/secrets/db?timeout=5s",
                "type_id": 6,
                "type": "URL String",
            },
        ],
        "http_response": {"code": 403},
        "resources": [{"name": "db", "type": "secrets", "namespace": "shop"}],
        "raw_data": record.message,
        "unmapped": {
            "cluster": "prod",
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
    assert event["actor"] == {"user": {"name": "unknown", "type_id": 0, "type": "Unknown"}}
    assert event["src_endpoint"] == {"name": "unknown"}
    assert event["api"]["operation"] == "unknown"
    assert event["cloud"]["account"] == {"uid": "unknown"}
    assert event["metadata"]["uid"] == "unknown"


def test_maps_an_event_as_aws_does() -> None:
    """Session, times of the stages, API group, bodies, subresource and uid of the resource."""
    pod = {"kind": "Pod", "spec": {"containers": [{"name": "c"}]}}
    user = {
        "username": "system:node:ip-10-0-1-2",
        "uid": "aws-iam-authenticator:111122223333:AROAEXAMPLE",
        "extra": {
            "accessKeyId": ["ASIAEXAMPLE"],
            "canonicalArn": ["arn:aws:iam::111122223333:role/node"],
            "principalId": ["AROAEXAMPLE"],
            "sessionName": ["i-0123456789abcdef0"],
        },
    }
    audit = json.loads(AUDIT) | {
        "user": user,
        "verb": "create",
        "objectRef": {
            "resource": "deployments",
            "subresource": "scale",
            "name": "cart",
            "uid": "4ecf628a",
            "apiGroup": "apps",
            "apiVersion": "v1",
        },
        "responseStatus": {"code": 409, "reason": "Conflict", "message": "already exists"},
        "requestReceivedTimestamp": "2026-01-14T10:00:00.104211Z",
        "stageTimestamp": "2026-01-14T10:00:00.512873Z",
        "requestObject": pod,
        "responseObject": None,
    }
    event = event_of(record_of(message=json.dumps(audit)))
    assert faults_of(event) == []
    assert (event["start_time"], event["time"]) == (1_768_384_800_104, 1_768_384_800_513)
    assert event["actor"]["session"] == {
        "uid": "i-0123456789abcdef0",
        "issuer": "arn:aws:iam::111122223333:role/node",
        "credential_uid": "ASIAEXAMPLE",
    }
    assert event["actor"]["user"]["uid_alt"] == "AROAEXAMPLE"
    assert json.loads(event["api"]["request"].pop("data")) == pod
    assert event["api"] == {
        "operation": "create",
        "service": {"name": "kubernetes"},
        "request": {"uid": audit["auditID"]},
        "version": "v1",
        "group": {"name": "apps"},
        "response": {"code": 409, "error": "Conflict", "message": "already exists"},
    }
    assert event["resources"] == [{"name": "cart", "type": "deployments/scale", "uid": "4ecf628a"}]
    assert event["observables"][-1] == {
        "name": "resources.uid",
        "value": "4ecf628a",
        "type_id": 10,
        "type": "Resource UID",
    }


@pytest.mark.parametrize(
    ("addresses", "endpoint", "others"),
    [
        (["10.0.1.5"], {"ip": "10.0.1.5"}, None),
        (
            ["unknown", "2001:db8::1", "10.0.1.5"],
            {"ip": "10.0.1.5", "intermediate_ips": ["2001:db8::1"]},
            ["unknown"],
        ),
        (["10.0.1.5", ""], {"name": "unknown", "intermediate_ips": ["10.0.1.5"]}, [""]),
        (["fe80::1%eth0"], {"name": "unknown"}, ["fe80::1%eth0"]),
        (["10.0.1.5:443"], {"name": "unknown"}, ["10.0.1.5:443"]),
    ],
)
def test_leaves_out_an_address_that_is_none(
    addresses: list[str], endpoint: dict[str, object], others: list[str] | None
) -> None:
    """It would make the record invalid, so it is in `unmapped`."""
    event = event_of(record_of(message=json.dumps(json.loads(AUDIT) | {"sourceIPs": addresses})))
    assert faults_of(event) == []
    assert event["src_endpoint"] == endpoint
    assert event["unmapped"].get("sourceIPs") == others


@pytest.mark.parametrize("time", ["", "yesterday", "2026-13-01T00:00:00Z", "1960-01-01T00:00:00Z"])
def test_without_a_time_of_the_stage_the_record_has_that_of_the_event(time: str) -> None:
    """CloudWatch's time of the event."""
    record = record_of(message=json.dumps(json.loads(AUDIT) | {"stageTimestamp": time}))
    event = event_of(record)
    assert faults_of(event) == []
    assert event["time"] == record.timestamp


def test_every_published_event_is_valid() -> None:
    """1,936 audit events of the corpus, and 12 with the identities of EKS."""
    folder = os.environ.get("EKS_LOG_CORPUS")
    if not folder:
        pytest.skip("EKS_LOG_CORPUS names no folder of published log lines")
    lines = [
        line
        for name in ("audit.ndjson", "audit_eks_denormalised.ndjson")
        for line in (Path(folder) / name).read_text(encoding="utf-8").splitlines()
    ]
    assert len(lines) == 1948
    faults = {
        number: found
        for number, line in enumerate(lines, 1)
        if (record := record_of(message=line)).audit is not None and (found := faults_of(event_of(record)))
    }
    assert faults == {}


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
