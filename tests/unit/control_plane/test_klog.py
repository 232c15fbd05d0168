"""klog lines of the API server, the scheduler and the controller managers."""

from datetime import UTC, datetime

import msgspec
import pytest

from eks_log_forwarder.control_plane.klog import KlogLine, parse_klog
from eks_log_forwarder.control_plane.scheduling import Reason, Scheduling

MAY_2024 = 1_714_979_289_000
HEADER = "I0506 07:08:09.123456      11 server.go:77] "
LINE = KlogLine(severity="I", time="2024-05-06T07:08:09.123456Z", thread=11, file="server.go", line=77)

BODIES = [
    ("Serving securely on [::]:6443", "Serving securely on [::]:6443", {}),
    ('FLAG: --authorization-mode="[Node,RBAC]"', 'FLAG: --authorization-mode="[Node,RBAC]"', {}),
    ('volume "pvc-1" entered phase "Bound"', 'volume "pvc-1" entered phase "Bound"', {}),
    ('"csr-1" was approved', '"csr-1" was approved', {}),
    ('Failed: "x" is gone', 'Failed: "x" is gone', {}),
    ('"Ready"', "Ready", {}),
    ('"Say \\"hi\\"" pod="shop/web-0" count=3', 'Say "hi"', {"pod": "shop/web-0", "count": "3"}),
    ('"Synced" key="" pods=["a/b","c/d"]', "Synced", {"pods": '["a/b","c/d"]'}),
    (
        'Filter/VolumeBinding: "PVC is not bound" pod="shop/db-0"',
        "PVC is not bound",
        {"prefix": "Filter/VolumeBinding", "pod": "shop/db-0"},
    ),
    (
        'k8s.io/client-go/informers/factory.go:132: "Watch ended" err="EOF"',
        "Watch ended",
        {"prefix": "k8s.io/client-go/informers/factory.go:132", "err": "EOF"},
    ),
    (
        'k8s.io/client-go/informers/factory.go:132: Failed to list *v1.Pod: User "x" cannot',
        'Failed to list *v1.Pod: User "x" cannot',
        {"prefix": "k8s.io/client-go/informers/factory.go:132"},
    ),
    (
        '"Status" pod="a/b" status=&{code:2 reasons:[no fit] err:<nil> failedPlugin:}',
        "Status",
        {"pod": "a/b", "status": "&{code:2 reasons:[no fit] err:<nil> failedPlugin:}"},
    ),
    (
        '"HTTP" verb="GET" agent="a/1 (b) srcIP="10.0.0.1:5"',
        "HTTP",
        {"verb": "GET", "agent": "a/1 (b)", "srcIP": "10.0.0.1:5"},
    ),
    (
        'verb="GET" URI="/api" latency=1.5ms resp=200 srcIP="10.0.0.1:5":',
        'verb="GET" URI="/api" latency=1.5ms resp=200 srcIP="10.0.0.1:5":',
        {"verb": "GET", "URI": "/api", "latency": "1.5ms", "resp": "200", "srcIP": "10.0.0.1:5"},
    ),
    (
        'Trace[77]: "Get" url:/api/v1/pods (06-May-2024 07:08:09.000) (total time: 560ms):',
        '"Get" url:/api/v1/pods (06-May-2024 07:08:09.000) (total time: 560ms):',
        {"trace": "77"},
    ),
    (
        '"Panic" stack=<\n\tgoroutine 1\n\tmain()\n > id=1',
        "Panic",
        {"stack": "goroutine 1\nmain()", "id": "1"},
    ),
    ("first\nsecond\n", "first\nsecond", {}),
    ("", "", {}),
]


@pytest.mark.parametrize(("body", "text", "fields"), BODIES)
def test_parses_a_line(body: str, text: str, fields: dict[str, str]) -> None:
    """The line has header, message and pairs; text that only looks like pairs is one message."""
    expected = msgspec.structs.replace(LINE, message=text, fields=fields)
    assert parse_klog(HEADER + body, MAY_2024) == expected


@pytest.mark.parametrize("severity", "IWEF")
def test_parses_each_severity(severity: str) -> None:
    """The four letters of klog are its severities."""
    line = parse_klog(f"{severity}0506 07:08:09.123456 1 a.go:1] x", MAY_2024)
    assert line is not None
    assert line.severity == severity


@pytest.mark.parametrize(
    ("event", "line", "expected"),
    [
        (datetime(2024, 5, 6, 7, 8, 10, tzinfo=UTC), "0506", "2024-05-06T23:59:59.900000Z"),
        (datetime(2024, 5, 6, tzinfo=UTC), "0911", "2024-09-11T23:59:59.900000Z"),
        (datetime(2025, 1, 1, 0, 0, 1, tzinfo=UTC), "1231", "2024-12-31T23:59:59.900000Z"),
        (datetime(2025, 1, 1, 0, 0, 1, tzinfo=UTC), "0101", "2025-01-01T23:59:59.900000Z"),
        (datetime(2024, 12, 31, 23, 59, 59, tzinfo=UTC), "0101", "2025-01-01T23:59:59.900000Z"),
        (datetime(2024, 12, 31, 23, 59, 59, tzinfo=UTC), "0102", "2024-01-02T23:59:59.900000Z"),
        (datetime(2024, 2, 29, tzinfo=UTC), "0229", "2024-02-29T23:59:59.900000Z"),
        (datetime(2025, 3, 1, tzinfo=UTC), "0229", ""),
        (datetime(2025, 3, 1, tzinfo=UTC), "1332", ""),
    ],
)
def test_completes_the_time_with_the_events_year(event: datetime, line: str, expected: str) -> None:
    """The event's year is used, except at the turn of the year; an impossible day gives no time."""
    parsed = parse_klog(f"I{line} 23:59:59.900000 1 a.go:1] x", int(event.timestamp() * 1000))
    assert parsed is not None
    assert (parsed.time, parsed.message) == (expected, "x")


@pytest.mark.parametrize("timestamp", [10**30, -(10**30), 10**17, -(10**15)])
def test_an_impossible_timestamp_costs_only_the_time(timestamp: int) -> None:
    """If the event's timestamp is outside the calendar, the line parses without a time."""
    assert parse_klog(HEADER + "x", timestamp) == msgspec.structs.replace(LINE, time="", message="x")


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (
            'Trace[1298498081]: ---"About to write" 560ms (07:08:09.165)',
            '---"About to write" 560ms (07:08:09.165)',
        ),
        ("Trace[1298498081]: [560.2ms] [560.2ms] END", "[560.2ms] [560.2ms] END"),
    ],
)
def test_a_trace_goes_on_without_a_header(message: str, text: str) -> None:
    """A continuation line of a trace parses to its text and its number."""
    assert parse_klog(message, MAY_2024) == KlogLine(message=text, fields={"trace": "1298498081"})


@pytest.mark.parametrize("text", ["Unable to schedule pod; no fit; waiting", "Unable to schedule pod"])
def test_says_why_a_pod_cannot_be_scheduled(text: str) -> None:
    """The parsed line has the pod and the reasons with their node counts."""
    line = parse_klog(
        f'{HEADER}"{text}" pod="shop/web-0" err="0/3 nodes are available: 1 Insufficient cpu, '
        '2 node(s) had untolerated taint {team: \\"a\\"}."',
        MAY_2024,
    )
    assert line is not None
    assert line.fields["pod"] == "shop/web-0"
    assert line.scheduling == Scheduling(
        3, 0, [Reason("Insufficient cpu", 1), Reason('node(s) had untolerated taint {team: "a"}', 2)]
    )


@pytest.mark.parametrize(
    "message",
    [
        "",
        "goroutine 1 [running]:",
        "I0506 07:08:09 1 a.go:1] no fraction",
        "D0506 07:08:09.123456 1 a.go:1] no such severity",
        "I0506 07:08:09.123456 1 a.go] no line",
        " I0506 07:08:09.123456 1 a.go:1] not at the start",
        "I0506 07:08:09.123456 99999999999 a.go:1] no such thread",
        "Trace: none",
    ],
)
def test_text_without_a_header_is_no_line(message: str) -> None:
    """Text without a klog header that does not continue a trace gives None."""
    assert parse_klog(message, MAY_2024) is None
