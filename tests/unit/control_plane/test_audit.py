"""Audit events: the typed header of every audit event."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eks_log_forwarder.control_plane.audit import (
    AuditHeader,
    ObjectRef,
    ResponseStatus,
    User,
    parse_audit,
)

EKS_EVENT = {
    "kind": "Event",
    "apiVersion": "audit.k8s.io/v1",
    "level": "RequestResponse",
    "auditID": "5f1c6f3e-0000-4000-8000-00000000aa01",
    "stage": "ResponseComplete",
    "requestURI": "/api/v1/namespaces/shop/configmaps/prices?dryRun=All",
    "verb": "patch",
    "user": {
        "username": "arn:aws:sts::111122223333:assumed-role/ops/dana",
        "uid": "aws-iam-authenticator:111122223333:AROAEXAMPLE",
        "groups": ["ops", "system:authenticated"],
        "extra": {"arn": ["arn:aws:sts::111122223333:assumed-role/ops/dana"], "sessionName": ["dana"]},
    },
    "impersonatedUser": {"username": "system:admin", "groups": ["system:masters"]},
    "sourceIPs": ["198.51.100.7", "10.0.3.4"],
    "userAgent": "kubectl/v1.31.2 (linux/amd64)",
    "objectRef": {
        "resource": "configmaps",
        "namespace": "shop",
        "name": "prices",
        "uid": "u-1",
        "apiGroup": "",
        "apiVersion": "v1",
        "resourceVersion": "42",
        "subresource": "status",
    },
    "responseStatus": {
        "metadata": {},
        "status": "Failure",
        "message": "configmaps is forbidden",
        "code": 403,
        "reason": "Forbidden",
    },
    "requestReceivedTimestamp": "2026-11-20T08:15:30.104211Z",
    "stageTimestamp": "2026-11-20T08:15:30.112873Z",
    "requestObject": {"verb": "not the event's", "kind": "ConfigMap"},
    "annotations": {"authorization.k8s.io/decision": "forbid", "authorization.k8s.io/reason": ""},
}
EKS_HEADER = AuditHeader(
    level="RequestResponse",
    audit_id="5f1c6f3e-0000-4000-8000-00000000aa01",
    stage="ResponseComplete",
    request_uri="/api/v1/namespaces/shop/configmaps/prices?dryRun=All",
    verb="patch",
    user=User(
        username="arn:aws:sts::111122223333:assumed-role/ops/dana",
        uid="aws-iam-authenticator:111122223333:AROAEXAMPLE",
        groups=["ops", "system:authenticated"],
        extra={"arn": ["arn:aws:sts::111122223333:assumed-role/ops/dana"], "sessionName": ["dana"]},
    ),
    impersonated_user=User(username="system:admin", groups=["system:masters"]),
    source_ips=["198.51.100.7", "10.0.3.4"],
    user_agent="kubectl/v1.31.2 (linux/amd64)",
    object_ref=ObjectRef(
        resource="configmaps",
        namespace="shop",
        name="prices",
        uid="u-1",
        api_version="v1",
        resource_version="42",
        subresource="status",
    ),
    response_status=ResponseStatus(code=403, reason="Forbidden", message="configmaps is forbidden"),
    request_received_timestamp="2026-11-20T08:15:30.104211Z",
    stage_timestamp="2026-11-20T08:15:30.112873Z",
    annotations={"authorization.k8s.io/decision": "forbid"},
)
LONE_SURROGATE = "\ud83d"


def test_parses_every_field_that_the_pipeline_looks_at() -> None:
    """Each field of an EKS event lands in the header, and an empty annotation does not."""
    assert parse_audit(json.dumps(EKS_EVENT)) == EKS_HEADER


def test_encodes_under_the_events_own_names_without_empty_fields() -> None:
    """An encoded header has the event's names and nesting, without empty or constant fields."""
    header = parse_audit(
        '{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"a","verb":"get","requestURI":"/x",'
        '"user":{"username":"dana","groups":[],"extra":{"scopes":[]}},"sourceIPs":["10.0.0.1"],'
        '"impersonatedUser":{"username":"eve","extra":{"scopes":[]}},"userAgent":"","objectRef":{},'
        '"responseStatus":{"metadata":{}},"annotations":{"authorization.k8s.io/reason":""}}'
    )
    assert msgspec.json.decode(msgspec.json.encode(header)) == {
        "auditID": "a",
        "verb": "get",
        "requestURI": "/x",
        "user": {"username": "dana"},
        "impersonatedUser": {"username": "eve"},
        "sourceIPs": ["10.0.0.1"],
    }


@pytest.mark.parametrize("user", ["{}", '{"username":""}', '{"username":"","groups":[],"extra":{}}', "null"])
def test_leaves_out_a_user_that_says_nothing(user: str) -> None:
    """An empty user, object, status or impersonation does not show in a record."""
    header = parse_audit(f'{{"auditID":"a","user":{user},"impersonatedUser":{user},"responseStatus":{{}}}}')
    assert msgspec.json.encode(header) == b'{"auditID":"a"}'


@pytest.mark.parametrize("code", ["", ',"code":422'])
@pytest.mark.parametrize(("length", "expected"), [(1024, "m" * 1024), (1025, "m" * 1023 + "…")])
def test_bounds_the_message_of_the_status(code: str, length: int, expected: str) -> None:
    """The answer's message repeats what the client sent, so the header has at most 1024 characters of it."""
    header = parse_audit(f'{{"verb":"create","responseStatus":{{"message":"{"m" * length}"{code}}}}}')
    assert header is not None
    assert header.response_status is not None
    assert header.response_status.message == expected


def test_keeps_a_uid_without_a_username() -> None:
    """A user without a name, an object without a resource and a status without a code keep the rest."""
    header = parse_audit(
        '{"verb":"get","user":{"uid":"u"},"objectRef":{"name":"n"},"responseStatus":{"reason":"Expired"}}'
    )
    assert header == AuditHeader(
        verb="get",
        user=User(uid="u"),
        object_ref=ObjectRef(name="n"),
        response_status=ResponseStatus(reason="Expired"),
    )


def test_parses_v1beta1_with_its_timestamp_and_metadata() -> None:
    """A v1beta1 event, with the two fields that v1 dropped, parses and says its version."""
    header = parse_audit(
        '{"kind":"Event","apiVersion":"audit.k8s.io/v1beta1","metadata":{"creationTimestamp":null},'
        '"level":"Request","timestamp":"2019-01-01T00:00:00Z","auditID":"b","verb":"list"}'
    )
    assert header == AuditHeader(
        level="Request", audit_id="b", verb="list", api_version="audit.k8s.io/v1beta1"
    )


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("user", '{"username":"dana","groups":null}', AuditHeader(user=User(username="dana"))),
        ("user", '{"username":7,"groups":"ops"}', AuditHeader(user=User(username="7", groups=["ops"]))),
        ("user", '{"extra":{"arn":"a","n":[1]}}', AuditHeader(user=User(extra={"arn": ["a"], "n": ["1"]}))),
        ("user", '"dana"', AuditHeader(user=User(username="dana"))),
        ("user", "[]", AuditHeader()),
        ("impersonatedUser", '"dana"', AuditHeader(impersonated_user=User(username="dana"))),
        ("sourceIPs", "null", AuditHeader()),
        ("sourceIPs", '"10.0.0.1"', AuditHeader(source_ips=["10.0.0.1"])),
        ("objectRef", '{"resource":"pods","name":null}', AuditHeader(object_ref=ObjectRef(resource="pods"))),
        ("objectRef", '"pods"', AuditHeader()),
        ("responseStatus", '{"code":"403"}', AuditHeader(response_status=ResponseStatus(code=403))),
        ("responseStatus", '{"code":403.0}', AuditHeader(response_status=ResponseStatus(code=403))),
        (
            "responseStatus",
            '{"code":true,"reason":"x"}',
            AuditHeader(response_status=ResponseStatus(reason="x")),
        ),
        ("responseStatus", '{"code":1e400}', AuditHeader()),
        (
            "annotations",
            '{"a":1,"b":null,"c":{"d":[]}}',
            AuditHeader(annotations={"a": "1", "c": '{"d":[]}'}),
        ),
        ("userAgent", r'"kubectl \ud83d"', AuditHeader(user_agent="kubectl �")),
        ("userAgent", f'"kubectl {LONE_SURROGATE}"', AuditHeader(user_agent="kubectl �")),
        ("requestObject", r'"\ud800"', AuditHeader()),
        ("apiVersion", '"audit.k8s.io/v1alpha1"', AuditHeader()),
        ("apiVersion", "null", AuditHeader()),
        ("kind", "null", AuditHeader()),
    ],
)
def test_one_odd_field_does_not_lose_the_event(field: str, value: str, expected: AuditHeader) -> None:
    """An event parses whatever the type of one field, and that field has a sensible reading."""
    header = parse_audit(f'{{"kind":"Event","auditID":"a","verb":"get","{field}":{value}}}')
    assert header == msgspec.structs.replace(expected, audit_id="a", verb="get")


@pytest.mark.parametrize(
    "message",
    [
        '{"kind":"Event","apiVersion":"audit.k8s.io/v1"}',
        '{"kind":"Event","stage":"ResponseComplete"}',
        '{"requestURI":"/healthz"}',
        '{"verb":"get"}',
        ' {"auditID":"a"}\n',
    ],
)
def test_recognises_an_event_that_lacks_fields(message: str) -> None:
    """The API version, or any field that only an audit event has, is enough."""
    assert parse_audit(message) is not None


@pytest.mark.parametrize(
    "message",
    [
        "",
        "null",
        "[]",
        "{}",
        "42",
        '"Event"',
        "Trace[1]: x",
        '{"kind":"Event"}',
        '{"kind":"Event","apiVersion":"v1","verb":"get","involvedObject":{}}',
        '{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[]}',
        '{"kind":"Pod","verb":"get"}',
        '{"auditID":"a","verb":NaN}',
        '{"auditID":"a","verb":"get"} {"auditID":"b"}',
        '{"auditID":"a","verb":"ge',
        '{"auditID":"a","requestObject":' + "[" * 20_000 + "]" * 20_000 + "}",
    ],
)
def test_other_text_is_no_audit_event(message: str) -> None:
    """Broken JSON, other JSON and objects of another kind have no header."""
    assert parse_audit(message) is None


def has_empty_field(value: object) -> bool:
    """Whether any field of a JSON value, at any depth, is empty."""
    if isinstance(value, list):
        return any(map(has_empty_field, value))
    if isinstance(value, dict):
        return any(field in ("", None, [], {}) or has_empty_field(field) for field in value.values())
    return False


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=())),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=4), children, max_size=3)
    ),
    max_leaves=6,
)


@given(
    changes=st.dictionaries(
        st.sampled_from([name for name in EKS_EVENT if name not in {"kind", "apiVersion"}]), JSON_VALUES
    )
)
def test_an_event_parses_whatever_its_fields_hold(changes: dict[str, Any]) -> None:
    """With any JSON in the place of any fields, the event has a header, and the header can be encoded."""
    header = parse_audit(json.dumps(EKS_EVENT | changes))
    assert header is not None
    assert not has_empty_field(msgspec.json.decode(msgspec.json.encode(header)))
