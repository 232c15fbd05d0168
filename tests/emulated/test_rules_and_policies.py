"""What a deployed stack detects in the lines, and what an audit policy leaves out."""

import hashlib
import time
from collections import Counter
from typing import Any

import pytest

from tests.emulated.deployment import STACK, Deployed
from tools import demo
from tools.make_event import EVENTS, read_lines

pytestmark = pytest.mark.emulated

DENIED_ROLE = ("dc9bbcf3-c0e7-44df-a0b2-828aec4af60a", "IAM Identity Denied by the Cluster")
KUBECTL_DELETE = ("2d7e7d0e-c4f9-4439-9a9c-22dd49646b52", "Deletion With kubectl by a Person")
PENDING_POD = ("43aec047-67fb-412f-a6b5-b4881a0fcbe3", "Pod Cannot Be Scheduled")

_QUIET_STREAM = f"kube-apiserver-audit-{hashlib.sha256(b'quiet').hexdigest()[:32]}"
_WAIT_SECONDS = 60


@pytest.mark.parametrize(
    ("rule", "log_type", "count", "actor", "target"),
    [
        (
            DENIED_ROLE,
            "authenticator",
            4,
            "arn:aws:iam::111122223333:role/ci-deployer",
            "127.0.0.1:40126",
        ),
        (KUBECTL_DELETE, "audit", 2, "kubernetes-admin", "pods prod/web-0"),
        (PENDING_POD, "scheduler", 3, "scheduler", "prod/checkout-6f7c9d5b8-x2x7k"),
    ],
    ids=["a denied role", "a deletion with kubectl", "a pending pod"],
)
def test_a_detection_is_on_the_record_in_the_metrics_and_in_the_log(  # noqa: PLR0913, PLR0917  # a table
    deployed: Deployed, rule: tuple[str, str], log_type: str, count: int, actor: str, target: str
) -> None:
    """The collector, the alarms and the log all show it."""
    first_records = deployed.listener.records[: deployed.arrived.total()]
    named = Counter(
        (record["logType"], found["id"], found["title"])
        for record in first_records
        for found in detections_of(record)
    )
    assert {key: times for key, times in named.items() if key[1] == rule[0]} == {(log_type, *rule): count}
    lines = deployed.first_log
    counted = [line for line in lines if "_aws" in line and line.get("rule") == rule[0]]
    assert [line["service"] for line in counted] == [STACK]
    assert [line["Detections"] for line in counted] == [count]
    logged = [line for line in lines if line.get("message") == "detection" and line["rule"] == rule[0]]
    assert len(logged) == count
    assert (actor, target, demo.CLUSTER) in {
        (one.get("actor"), one["target"], one["cluster"]) for one in logged
    }


def detections_of(record: Any) -> list[dict[str, Any]]:  # noqa: ANN401  # a JSON object as it arrived
    """The detections that a record names."""
    found: list[dict[str, Any]] = record.get("detections", [])
    return found


def test_the_policy_quiet_drops_and_counts(deployed: Deployed) -> None:
    """The parameter alone, in an update of the stack: no dropped event arrives, and all are counted."""
    aws = deployed.aws
    aws.deploy(deployed.build_dir, STACK, deployed.parameters | {"AuditPolicy": "quiet"})
    try:
        messages = read_lines(EVENTS / "lines" / "audit.log")
        logs = aws.client("logs")
        logs.create_log_stream(logGroupName=demo.LOG_GROUP, logStreamName=_QUIET_STREAM)
        before = len(_summaries(deployed))
        now_ms = int(time.time() * 1000)
        logs.put_log_events(
            logGroupName=demo.LOG_GROUP,
            logStreamName=_QUIET_STREAM,
            logEvents=[{"timestamp": now_ms, "message": message} for message in messages],
        )
        summary = _last_summary_after(deployed, before)
        dropped = [message for message in messages if _is_machine_talk(message)]
        arrived = [one["message"] for one in deployed.listener.records if one["logStream"] == _QUIET_STREAM]
        assert arrived == [message for message in messages if message not in dropped]
        assert (summary["EventsReceived"], summary["EventsDelivered"], summary["EventsFiltered"]) == (
            13,
            12,
            1,
        )
    finally:
        aws.deploy(deployed.build_dir, STACK, deployed.parameters | {"AuditPolicy": "none"})


def _is_machine_talk(message: str) -> bool:
    return '"resource":"leases"' in message


def _summaries(deployed: Deployed) -> list[dict[str, Any]]:
    return [line for line in deployed.json_written() if line.get("message") == "summary"]


def _last_summary_after(deployed: Deployed, before: int) -> dict[str, Any]:
    give_up_at = time.monotonic() + _WAIT_SECONDS
    while len(found := _summaries(deployed)) == before:
        assert time.monotonic() < give_up_at, f"no summary line within {_WAIT_SECONDS} s"
        time.sleep(0.2)
    return found[-1]
