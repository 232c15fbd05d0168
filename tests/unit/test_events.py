"""The events in events/: up to date with their lines, and of the shapes that CloudWatch and EKS write."""

import base64
import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from eks_log_forwarder.intake.log_stream import origin_of
from eks_log_forwarder.intake.log_type import log_type_of_stream
from tools import make_event

EVENTS = Path(make_event.EVENTS)
LINES_BY_EVENT = {
    "api": ("api", 10),
    "authenticator": ("authenticator", 8),
    "cloud-controller-manager": ("controllerManager", 6),
    "controller-manager": ("controllerManager", 7),
    "cw": ("audit", 13),
    "scheduler": ("scheduler", 7),
}
VENDED_LINES_BY_EVENT = {
    "auto-mode-block-storage": ("autoModeBlockStorage", 4),
    "auto-mode-compute": ("autoModeCompute", 7),
    "auto-mode-ipam": ("autoModeIpam", 3),
    "auto-mode-load-balancing": ("autoModeLoadBalancing", 4),
    "capability-ack": ("capabilityAck", 3),
    "capability-argocd": ("capabilityArgocd", 4),
    "capability-kro": ("capabilityKro", 3),
}


def payload_of(stem: str) -> dict[str, Any]:
    """What an event's file holds."""
    event = json.loads((EVENTS / f"{stem}.json").read_text(encoding="utf-8"))
    payload: dict[str, Any] = json.loads(
        gzip.decompress(base64.b64decode(event["awslogs"]["data"], validate=True))
    )
    return payload


def messages(stem: str) -> list[str]:
    """The messages of an event."""
    return [event["message"] for event in payload_of(stem)["logEvents"]]


def test_every_event_is_up_to_date_with_its_lines() -> None:
    """`make_event.py --all` would change no payload (the bytes depend on the machine's zlib)."""
    made = make_event.all_payloads()
    assert {path.stem for path in EVENTS.glob("*.json")} >= {*made, "malformed"}
    assert {stem: payload_of(stem) for stem in made} == made


@pytest.mark.parametrize(("stem", "log_type", "count"), [(s, t, c) for s, (t, c) in LINES_BY_EVENT.items()])
def test_an_event_holds_the_lines_of_one_stream(stem: str, log_type: str, count: int) -> None:
    """The forwarder knows the stream's log type, and the stream's name ends in 32 hex digits."""
    payload = payload_of(stem)
    assert (payload["messageType"], payload["owner"]) == ("DATA_MESSAGE", "111122223333")
    assert payload["logGroup"] == "/aws/eks/demo/cluster"
    assert log_type_of_stream(payload["logStream"]) == log_type
    assert re.search(r"-[0-9a-f]{32}$", payload["logStream"])
    assert len(payload["logEvents"]) == count


@pytest.mark.parametrize(
    ("stem", "log_type", "count"), [(stem, *rest) for stem, rest in VENDED_LINES_BY_EVENT.items()]
)
def test_an_event_of_vended_logs_names_its_cluster_and_type_twice(
    stem: str, log_type: str, count: int
) -> None:
    """The name of its filter says both, and so does that of its log group."""
    payload = payload_of(stem)
    origins = {
        origin_of(payload["logGroup"], payload["logStream"], payload["subscriptionFilters"]),
        origin_of(payload["logGroup"], payload["logStream"], []),
        origin_of("/any", "0a1b", payload["subscriptionFilters"]),
    }
    assert (origins, len(payload["logEvents"])) == ({("demo", log_type)}, count)


def test_ids_are_unique_across_all_events() -> None:
    """79 events of 56 digits, so that a doubled one is seen whatever files were sent."""
    ids = [
        event["id"]
        for stem in (*LINES_BY_EVENT, *VENDED_LINES_BY_EVENT)
        for event in payload_of(stem)["logEvents"]
    ]
    assert len(ids) == len(set(ids)) == 79
    assert all(len(event_id) == 56 and event_id.isdecimal() for event_id in ids)


def test_the_audit_event_shows_what_is_worth_looking_at() -> None:
    """Each line is an audit.k8s.io/v1 Event; every end (200, 201, 101, 403) is there."""
    events = [json.loads(message) for message in messages("cw")]
    assert {(event["kind"], event["apiVersion"]) for event in events} == {("Event", "audit.k8s.io/v1")}
    told = {
        (
            event["verb"],
            event["objectRef"]["resource"],
            event.get("responseStatus", {}).get("code"),
            event["stage"],
        )
        for event in events
    }
    assert told >= {
        ("delete", "pods", 200, "ResponseComplete"),
        ("deletecollection", "pods", 403, "ResponseComplete"),
        ("list", "secrets", 403, "ResponseComplete"),
        ("get", "pods", 101, "ResponseStarted"),
        ("create", "pods", 201, "ResponseComplete"),
        ("update", "leases", 200, "ResponseComplete"),
        ("create", "serviceaccounts", None, "RequestReceived"),
    }
    sessions = {event["user"].get("extra", {}).get("sessionName", [""])[0] for event in events}
    assert sessions >= {"alice", "bob"}


@pytest.mark.parametrize(
    ("stem", "text"),
    [
        ("authenticator", 'msg="access granted" arn="arn:aws:iam::111122223333:role/PlatformAdmin"'),
        ("authenticator", 'msg="STS response" accesskeyid='),
        ("authenticator", 'msg="access denied" arn="arn:aws:iam::111122223333:role/ci-deployer"'),
        ("authenticator", 'msg="access denied" client="127.0.0.1:40134" error="sts getCallerIdentity failed'),
        ("authenticator", r"{\"Error\":{\"Code\":\"ExpiredToken\""),
        (
            "scheduler",
            '"Unable to schedule pod; no fit; waiting" pod="prod/checkout-6f7c9d5b8-x2x7k" err="0/6 nodes',
        ),
        ("api", "Trace[1840213377]: [1.605321984s] [1.605321984s] END"),
    ],
)
def test_a_text_event_holds_the_line_that_a_use_case_needs(stem: str, text: str) -> None:
    """Exactly one message of the event has it."""
    assert sum(text in message for message in messages(stem)) == 1


@pytest.mark.parametrize("stem", ["api", "cloud-controller-manager", "controller-manager", "scheduler"])
def test_klog_lines_have_a_header_unless_a_trace_goes_on(stem: str) -> None:
    """Lmmdd hh:mm:ss.uuuuuu, a thread, and file:line."""
    header = re.compile(r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ [\w.]+:\d+\] \S")
    assert [
        m for m in messages(stem) if not header.match(m) and not m.startswith("Trace[1840213377]: ")
    ] == []


def test_the_control_message_carries_no_log_group() -> None:
    """As CloudWatch sends it: owner CloudwatchLogs, and an event without an id."""
    payload = payload_of("control-message")
    assert (payload["messageType"], payload["owner"], payload["logGroup"]) == (
        "CONTROL_MESSAGE",
        "CloudwatchLogs",
        "",
    )
    assert [event["id"] for event in payload["logEvents"]] == [""]


def test_the_records_of_a_stream_are_whole_payloads_of_two_accounts() -> None:
    """The probe of CloudWatch Logs, and those of three other events; the sequence numbers grow."""
    event = json.loads((EVENTS / "stream.json").read_text(encoding="utf-8"))
    kinesis = [record["kinesis"] for record in event["Records"]]
    payloads = [json.loads(gzip.decompress(base64.b64decode(one["data"], validate=True))) for one in kinesis]
    owners = [payload["owner"] for payload in payloads]
    assert owners == ["CloudwatchLogs", "111122223333", "444455556666", "111122223333"]
    made = ("control-message", "cw", "scheduler", "auto-mode-compute")
    assert [one["logEvents"] for one in payloads] == [payload_of(stem)["logEvents"] for stem in made]
    numbers = [int(one["sequenceNumber"]) for one in kinesis]
    assert numbers == sorted(set(numbers))
    assert {len(one["sequenceNumber"]) for one in kinesis} == {56}


def test_the_malformed_event_is_not_gzip() -> None:
    """Its base64 is sound, so the fault lies one layer down."""
    with pytest.raises(gzip.BadGzipFile):
        payload_of("malformed")
