"""A detection names its actor and its target."""

import json

import pytest

from eks_log_forwarder.control_plane.parsing import parse
from eks_log_forwarder.detection.matcher import Matcher
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent
from eks_log_forwarder.record.record import Detection
from tests.unit.detection_rules import detections_of, rule_text

ANY_DELETE = rule_text("s: {verb: delete}\ncondition: s", more="level: medium\ntags: [attack.t1485]")
ANY_POD = rule_text("s: {objectRef.resource: pods}\ncondition: s")
DENIED = rule_text(
    "s: {level: warning}\ncondition: s", log_source="{product: aws, service: eks, category: authenticator}"
)
PENDING = rule_text(
    "s: {message|startswith: Unable}\ncondition: s",
    log_source="{product: aws, service: eks, category: scheduler}",
)
DELETION = {
    "apiVersion": "audit.k8s.io/v1",
    "auditID": "0a1b",
    "verb": "delete",
    "requestURI": "/api/v1/namespaces/shop/pods/cart",
    "user": {"username": "ana"},
    "objectRef": {"resource": "pods", "namespace": "shop", "name": "cart"},
}
JWT_PARTS = ("eyJhbGciOiJSUzI1NiJ9", "eyJzdWIiOiJhbmEifQ", "c2lnbmF0dXJlLW9mLWEtdGVzdA")
JWT = ".".join(JWT_PARTS)


def detected(log_type: LogType, message: str) -> list[Detection]:
    """What the matcher returns for a line."""
    event = LogEvent("37", 1_768_384_800_000, message)
    matcher = Matcher(detections_of(ANY_DELETE, ANY_POD, DENIED, PENDING))
    return matcher(log_type, parse(log_type, event), event)


@pytest.mark.parametrize(
    ("log_type", "message", "rules", "actor", "target"),
    [
        (LogType.AUDIT, json.dumps(DELETION), ["0", "1"], "ana", "pods shop/cart"),
        (
            LogType.AUTHENTICATOR,
            'time="2026-01-14T10:00Z" level=warning msg=x arn="arn:aws:iam::1:role/ci" client=10.0.0.1:9',
            ["2"],
            "arn:aws:iam::1:role/ci",
            "10.0.0.1:9",
        ),
        (
            LogType.SCHEDULER,
            'I0114 10:00:02.733418      11 schedule_one.go:1055] "Unable to schedule pod" pod="shop/cart"',
            ["3"],
            "scheduler",
            "shop/cart",
        ),
    ],
)
def test_keeps_who_and_what(
    log_type: LogType, message: str, rules: list[str], actor: str, target: str
) -> None:
    """Each rule that matches is one detection of the event, by its id."""
    found = detected(log_type, message)
    assert [(one.rule.id, one.event_id, one.actor, one.target) for one in found] == [
        (rule, "37", actor, target) for rule in rules
    ]


@pytest.mark.parametrize(
    ("log_type", "message"),
    [
        (LogType.AUDIT, json.dumps(DELETION | {"verb": "get", "objectRef": {"resource": "nodes"}})),
        (LogType.AUTHENTICATOR, 'time="2026-01-14T10:00:03Z" level=info msg=x'),
        (LogType.SCHEDULER, "not klog at all"),
        (LogType.UNKNOWN, json.dumps(DELETION)),
    ],
)
def test_keeps_nothing_of_what_no_rule_matches(log_type: LogType, message: str) -> None:
    """A stream of unknown type has no detections."""
    assert detected(log_type, message) == []


def test_who_and_what_hold_no_token() -> None:
    """Actor and target are written to the function's own log, which never holds a token."""
    request = {"requestURI": f"/callback/{JWT}", "objectRef": None, "user": {"username": f"Bearer {JWT}"}}
    (detection,) = detected(LogType.AUDIT, json.dumps(DELETION | request))
    assert JWT not in f"{detection.actor} {detection.target}"
    assert detection.target == f"/callback/[REDACTED:{len(JWT)}]"


@pytest.mark.parametrize(("name", "kept"), [("a" * 512, "a" * 512), ("a" * 513, "a" * 512 + "…")])
def test_who_and_what_are_cut_at_512_characters(name: str, kept: str) -> None:
    """A client could otherwise fill the function's log with long names."""
    request = {"user": {"username": name}, "objectRef": None, "requestURI": f"{name}?watch=1"}
    (detection,) = detected(LogType.AUDIT, json.dumps(DELETION | request))
    assert (detection.actor, detection.target) == (kept, kept)


def test_a_token_is_taken_out_before_the_cut() -> None:
    """Half a token would not be recognised."""
    request = {"user": {"username": "a" * 480 + f"/{JWT}"}}
    (detection, _) = detected(LogType.AUDIT, json.dumps(DELETION | request))
    assert detection.actor == "a" * 480 + f"/[REDACTED:{len(JWT)}]"


PROXIED = {
    "apiVersion": "audit.k8s.io/v1",
    "verb": "create",
    "objectRef": {"resource": "pods", "name": "cart", "subresource": "proxy"},
}


@pytest.mark.parametrize(
    ("events", "counts"),
    [
        ([("a", "ResponseComplete")], [1]),
        ([("a", "ResponseStarted"), ("a", "ResponseComplete")], [1, 0]),
        ([("a", "ResponseStarted"), ("b", "ResponseComplete"), ("a", "ResponseComplete")], [1, 1, 0]),
        ([("a", "ResponseStarted"), ("a", "ResponseStarted"), ("a", "ResponseComplete")], [1, 1, 0]),
        ([("a", "ResponseStarted"), ("a", "ResponseComplete"), ("a", "ResponseComplete")], [1, 0, 1]),
        ([("a" * 257, "ResponseStarted"), ("a" * 257, "ResponseComplete")], [1, 1]),
    ],
)
def test_a_proxied_request_is_one_detection(events: list[tuple[str, str]], counts: list[int]) -> None:
    """Its end counts only if its start was not seen. A repeated audit ID hides no start."""
    matcher = Matcher(detections_of(ANY_POD))
    found = []
    for audit_id, stage in events:
        event = LogEvent("37", 0, json.dumps(PROXIED | {"auditID": audit_id, "stage": stage}))
        found.append(len(matcher(LogType.AUDIT, parse(LogType.AUDIT, event), event)))
    assert found == counts
