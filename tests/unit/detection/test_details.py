"""What a detection says about its event: who, from where, and how it ended."""

import json
from typing import Any

import pytest

from eks_log_forwarder.control_plane.parsing import parse
from eks_log_forwarder.detection.details import details_of, told
from eks_log_forwarder.detection.matcher import line_fields
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent, unread
from eks_log_forwarder.record.record import Details

JWT_PARTS = ("eyJhbGciOiJSUzI1NiJ9", "eyJzdWIiOiJhbmEifQ", "c2lnbmF0dXJlLW9mLWEtdGVzdA")
JWT = ".".join(JWT_PARTS)
AUDIT: dict[str, Any] = {
    "apiVersion": "audit.k8s.io/v1",
    "auditID": "0a1b",
    "stage": "ResponseComplete",
    "verb": "delete",
    "requestURI": "/api/v1/namespaces/shop/pods/cart",
    "user": {
        "username": "ana",
        "groups": ["developers", "system:authenticated"],
        "extra": {"arn": ["arn:aws:sts::111122223333:assumed-role/dev/ana"], "sessionName": ["ana"]},
    },
    "impersonatedUser": {"username": "root"},
    "sourceIPs": ["10.0.0.7", "203.0.113.9"],
    "userAgent": "kubectl/v1.33.1",
    "objectRef": {"resource": "pods", "namespace": "shop", "name": "cart"},
    "responseStatus": {"status": "Failure", "reason": "Forbidden", "code": 403},
    "requestReceivedTimestamp": "2026-01-14T10:00:00.1Z",
    "stageTimestamp": "2026-01-14T10:00:00.2Z",
}


def details(log_type: LogType, message: str, extracted: object = None) -> Details:
    """The details of a line."""
    event = LogEvent("37", 1_768_384_800_000, message, unread(extracted))
    parsed = parse(log_type, event)
    line = parsed.authenticator or parsed.klog
    return details_of(event, parsed.audit, {} if line is None else line_fields(line))


def of_audit(**changes: object) -> Details:
    """The details of the audit event, with these changes."""
    return details(LogType.AUDIT, json.dumps(AUDIT | changes))


def test_reads_an_audit_event() -> None:
    """All that it says; account and region are left to the log group's unless the event names its own."""
    assert of_audit() == Details(
        verb="delete",
        groups=["developers", "system:authenticated"],
        arn="arn:aws:sts::111122223333:assumed-role/dev/ana",
        session="ana",
        impersonated="root",
        source_addresses=["10.0.0.7", "203.0.113.9"],
        user_agent="kubectl/v1.33.1",
        namespace="shop",
        response_code=403,
        reason="Forbidden",
        time="2026-01-14T10:00:00.1Z",
    )


def test_reads_a_line_of_the_authenticator() -> None:
    """It has no verb and no code; its text says how it ended."""
    line = (
        'time="2026-01-14T10:00:03Z" level=warning msg="access denied" arn="arn:aws:iam::1:role/ci"'
        ' client="10.0.0.1:9" groups="[a b]"'
    )
    assert details(LogType.AUTHENTICATOR, line) == Details(
        groups=["a", "b"],
        arn="arn:aws:iam::1:role/ci",
        source_addresses=["10.0.0.1:9"],
        reason="access denied",
        time="2026-01-14T10:00:03Z",
    )


def test_reads_a_line_of_the_scheduler() -> None:
    """The text of the message."""
    line = 'I0114 10:00:02.733418      11 schedule_one.go:1055] "Unable to schedule pod" pod="shop/cart"'
    assert details(LogType.SCHEDULER, line) == Details(
        reason="Unable to schedule pod", time="2026-01-14T10:00:02.733418Z"
    )


def test_centralised_logs_name_account_and_region() -> None:
    """As on the record."""
    extracted = {"@aws.account": "444455556666", "@aws.region": "eu-west-2"}
    found = details(LogType.AUDIT, json.dumps(AUDIT), extracted)
    assert (found.account, found.region) == ("444455556666", "eu-west-2")


def test_an_event_without_a_time_has_that_of_cloudwatch() -> None:
    """In whole seconds."""
    assert of_audit(requestReceivedTimestamp=None, stageTimestamp=None).time == "2026-01-14T10:00:00Z"


@pytest.mark.parametrize(
    "changes",
    [
        {"verb": JWT},
        {"user": {"username": "ana", "groups": [JWT]}},
        {"user": {"username": "ana", "extra": {"arn": [JWT], "sessionName": [JWT]}}},
        {"impersonatedUser": {"username": JWT}},
        {"sourceIPs": [JWT]},
        {"userAgent": f"curl/8 Bearer {JWT}"},
        {"objectRef": {"resource": "pods", "namespace": JWT}},
        {"responseStatus": {"reason": JWT, "code": 400}},
        {"requestReceivedTimestamp": JWT},
    ],
)
def test_holds_no_token(changes: dict[str, object]) -> None:
    """Wherever a client puts it."""
    assert JWT not in repr(of_audit(**changes))


def test_many_groups_and_addresses_are_cut() -> None:
    """Ten of each; of the addresses the last, because the API server saw that one."""
    found = of_audit(
        user={"username": "ana", "groups": [f"g{number}" for number in range(500)]},
        sourceIPs=[f"10.0.{number // 250}.{number % 250}" for number in range(500)],
    )
    assert found.groups == [f"g{number}" for number in range(10)]
    assert (len(found.source_addresses), found.source_addresses[-1]) == (10, "10.0.1.249")


def test_every_text_is_bounded() -> None:
    """A client could otherwise fill the function's log."""
    huge = "x" * 100_000
    found = of_audit(
        verb=huge,
        user={"username": huge, "groups": [huge] * 100, "extra": {"arn": [huge], "sessionName": [huge]}},
        impersonatedUser={"username": huge},
        sourceIPs=[huge] * 100,
        userAgent=huge,
        objectRef={"resource": huge, "namespace": huge},
        responseStatus={"reason": huge, "code": 400},
        requestReceivedTimestamp=huge,
    )
    assert len(repr(found)) < 6_000


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("plain ä 漢", "plain ä 漢"),
        ("a\nb\rc\td\x00e\x1b[31m", "a\ufffdb\ufffdc\ufffdd\ufffde\ufffd[31m"),
        ("line\u2028paragraph\u2029next\x85", "line\ufffdparagraph\ufffdnext\ufffd"),
        ("right-to-left\u202e", "right-to-left\ufffd"),
        ("lone\ud800", "lone\ufffd"),
        ("a" * 512, "a" * 512),
        ("a" * 513, "a" * 512 + "…"),
    ],
)
def test_a_text_has_no_control_characters(text: str, kept: str) -> None:
    """Nor characters that change the direction of the text."""
    assert told(text) == kept
