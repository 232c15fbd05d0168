"""JSON lines in klog streams."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eks_log_forwarder.control_plane.klog import KlogLine
from eks_log_forwarder.control_plane.klog_json import parse_klog_json, parse_logrus
from eks_log_forwarder.control_plane.scheduling import Reason, Scheduling

ZAP = {
    "level": "error",
    "ts": "2026-03-04T05:06:07.123456Z",
    "logger": "etcd-client",
    "caller": "clientv3@v3.6.1/watch.go:88",
    "msg": "lost the connection",
    "attempt": 0,
    "endpoints": ["127.0.0.1:2379"],
    "error": "deadline",
    "empty": "",
    "none": None,
}


def line_of(**members: Any) -> KlogLine:  # noqa: ANN401  # JSON values
    """Return the parsed line with these members."""
    line = parse_klog_json(json.dumps(members))
    assert line is not None
    return line


def test_a_zap_line_is_read_by_zaps_names() -> None:
    """Values that are not texts are JSON under `fields`; empty ones are left out."""
    assert parse_klog_json(" " + json.dumps(ZAP) + "\n") == KlogLine(
        severity="E",
        time="2026-03-04T05:06:07.123456Z",
        file="clientv3@v3.6.1/watch.go",
        line=88,
        message="lost the connection",
        fields={
            "logger": "etcd-client",
            "attempt": "0",
            "endpoints": '["127.0.0.1:2379"]',
            "error": "deadline",
        },
    )


def test_a_line_of_the_kubernetes_json_format_is_read() -> None:
    """`ts` is in ms, and a line without a level has no severity."""
    line = line_of(ts=1768384800123.5, caller="app/server.go:7", msg="Ready", v=2, pod="shop/db-0")
    assert line == KlogLine(
        time="2026-01-14T10:00:00.123500Z",
        file="app/server.go",
        line=7,
        message="Ready",
        fields={"v": "2", "pod": "shop/db-0"},
    )


@pytest.mark.parametrize(
    ("level", "severity"),
    [
        *(("debug", "I"), ("info", "I"), ("INFO", "I"), ("warn", "W"), ("Warning", "W"), ("error", "E")),
        *(("dpanic", "E"), ("panic", "F"), ("fatal", "F"), ("Level(-3)", "I")),
    ],
)
@pytest.mark.parametrize("key", ["level", "severity"])
def test_levels_become_severities(key: str, level: str, severity: str) -> None:
    """The letter is that of klog."""
    line = line_of(**{key: level, "message": "x"})
    assert (line.severity, line.message, line.fields) == (severity, "x", {})


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-01-14T10:00:00Z", "2026-01-14T10:00:00Z"),
        ("2026-01-14T12:00:00.5+0200", "2026-01-14T10:00:00.500000Z"),
        ("2026-01-14T10:00:00", "2026-01-14T10:00:00.000000Z"),
        (1768384800, "2026-01-14T10:00:00.000000Z"),
        (1768384800.25, "2026-01-14T10:00:00.250000Z"),
        (1768384800250, "2026-01-14T10:00:00.250000Z"),
        (1768384800250000, "2026-01-14T10:00:00.250000Z"),
        (1768384800250000000, "2026-01-14T10:00:00.250000Z"),
    ],
)
@pytest.mark.parametrize("key", ["ts", "time", "timestamp", "event_timestamp"])
def test_times_become_rfc_3339_in_utc(key: str, time: object, expected: str) -> None:
    """A number is in seconds, ms, us or ns, depending on its size."""
    line = line_of(**{key: time, "msg": "x"})
    assert (line.time, line.fields) == (expected, {})


@pytest.mark.parametrize(
    ("members", "fields"),
    [
        ({"level": "loud"}, {"level": "loud"}),
        ({"level": -2}, {"level": "-2"}),
        ({"level": "level(9)"}, {"level": "level(9)"}),
        ({"time": "2026-01-14T10:00:00Z", "event_timestamp": 5}, {"event_timestamp": "5"}),
        ({"ts": "noon"}, {"ts": "noon"}),
        ({"ts": 10**30}, {"ts": "1" + "0" * 30}),
        ({"ts": True}, {"ts": "true"}),
        ({"caller": "server.go"}, {"caller": "server.go"}),
        ({"caller": {"file": "a.go"}}, {"caller": '{"file":"a.go"}'}),
        ({"ts": {"s": 1}, "message": "y"}, {"ts": '{"s":1}', "message": "y"}),
    ],
)
def test_what_has_no_place_stays_under_fields(members: dict[str, Any], fields: dict[str, str]) -> None:
    """Nothing is guessed, and nothing is lost."""
    line = line_of(msg="x", **members)
    assert (line.message, line.severity, line.fields) == ("x", "", fields)


def test_a_line_that_says_why_a_pod_is_pending_has_its_scheduling() -> None:
    """As in klog text."""
    line = line_of(
        msg="Unable to schedule pod; no fit; waiting", err="0/2 nodes are available: 2 Too many pods."
    )
    assert line.scheduling == Scheduling(2, 0, [Reason("Too many pods", 2)])


@pytest.mark.parametrize(
    "message",
    [
        *("", "{", "{}", "[]", '"msg"', "null", "panic: boom", "goroutine 1 [running]:", "main.main()"),
        *("\t/go/src/main.go:7 +0x1d", '{"level":"info"}', '{"ts":1}', '{"msg":{"a":1}}', '{"msg":'),
        '{"kind":"Event","level":"Metadata","verb":"get"}',
        '{"msg":"x","deep":' + "[" * 200_000 + "]" * 200_000 + "}",
    ],
)
def test_other_text_is_no_line(message: str) -> None:
    """A Go panic and any JSON without a message, or a level and a time, is not a log line."""
    assert parse_klog_json(message) is None


def test_a_line_of_many_members_keeps_the_first_thousand() -> None:
    """The line says that the others were omitted."""
    line = line_of(msg="x", **{f"k{number}": number for number in range(5000)})
    assert len(line.fields) == 1001
    assert line.fields["k999"] == "999"
    assert line.fields["fieldsOmitted"] == "true"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["level", "ts", "msg", "caller", "err", "x", "\ud83d"]), JSON_VALUES))
def test_no_json_raises(members: dict[str, object]) -> None:
    """The parsed line can be encoded."""
    msgspec.json.encode(parse_klog_json(json.dumps(members)))


def test_a_line_of_vended_logs_is_read_by_cloudwatchs_names() -> None:
    """Its controller's names stay under `fields`, and so does the ARN of the cluster."""
    line = line_of(
        level="ERROR",
        message="Reconciler error",
        controller="nodeclaim.lifecycle",
        reconcileID="c0ffee",
        error="launching nodeclaim",
        resource_arn="arn:aws:eks:eu-west-1:111122223333:cluster/shop-2",
        event_timestamp=1768384800250,
    )
    assert line == KlogLine(
        severity="E",
        time="2026-01-14T10:00:00.250000Z",
        message="Reconciler error",
        fields={
            "controller": "nodeclaim.lifecycle",
            "reconcileID": "c0ffee",
            "error": "launching nodeclaim",
            "resource_arn": "arn:aws:eks:eu-west-1:111122223333:cluster/shop-2",
        },
    )


def test_logrus_text_has_the_same_names() -> None:
    """As Argo CD writes it."""
    text = 'time="2026-01-14T10:00:00Z" level=warning msg="Failed to sync" application=shop caller="a/b.go:7"'
    assert parse_logrus(f" {text}\n") == KlogLine(
        severity="W",
        time="2026-01-14T10:00:00Z",
        file="a/b.go",
        line=7,
        message="Failed to sync",
        fields={"application": "shop"},
    )


@pytest.mark.parametrize(
    "message",
    [
        *("", "level=", "level=info", "level=info x=y", "time=1 msg=x", "a level=info msg=x"),
        *('{"msg":"level=info msg=x"', "xlevel=info msg=x", "levels=info msg=x"),
    ],
)
def test_other_text_is_no_logrus_line(message: str) -> None:
    """A line begins with its time or its level, and has a message or a time besides."""
    assert parse_logrus(message) is None
