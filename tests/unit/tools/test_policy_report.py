"""The report on a policy counts what it would do, and measures it in each record format."""

import io
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from eks_log_forwarder.audit_policy import Action
from eks_log_forwarder.control_plane.parsing import parse
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent
from tests.policy_samples import header_of, object_of, policy_of
from tools.policy_report import main, print_report
from tools.policy_savings import Report, measure, record_bytes

POLICY = policy_of(
    """
- {level: None, resources: [{group: coordination.k8s.io}]}
- {level: Metadata, verbs: [patch]}
- {level: RequestResponse}
"""
)


def line_of(**fields: object) -> str:
    """Encode an event as one line."""
    return msgspec.json.encode(header_of(**fields)).decode()


LEASE = line_of(
    verb="update", objectRef=object_of("leases.coordination.k8s.io"), user={"username": "kubelet"}
)
PATCH = line_of(verb="patch")[:-1] + ',"requestObject":{"a":1}}'
TRIMMED_PATCH = line_of(verb="patch", level="Metadata")
CUT = PATCH[:-5]
LINES = [
    LEASE,
    LEASE,
    PATCH,
    line_of(),
    line_of(objectRef=None, requestURI="/version?x", userAgent="k3s/v1"),
    line_of(stage="RequestReceived"),
    line_of(verb="patch", level="Metadata", responseStatus={"code": 403}),
    CUT,
    "audit log rotated",
]


def plain_bytes(*lines: str) -> int:
    """The bytes of the plain records of these lines."""
    return sum(record_bytes(line)["plain"] for line in lines)


@pytest.fixture
def report() -> Report:
    """The report on LINES."""
    return measure(LINES, POLICY)


def test_counts_events_and_bytes(report: Report) -> None:
    """Two leases dropped, one patch trimmed, four kept, a cut one too; a newline belongs to each record."""
    assert report.total.events == {Action.DROP: 2, Action.TRIM: 1, Action.KEEP: 4}
    assert report.by_action[Action.DROP].saved["plain"] == plain_bytes(LEASE, LEASE)
    assert report.by_action[Action.TRIM].saved["plain"] == plain_bytes(PATCH) - plain_bytes(TRIMMED_PATCH)
    assert report.by_action[Action.KEEP].saved["plain"] == 0
    assert report.total.before["plain"] == plain_bytes(*LINES[:5], *LINES[6:8])


def test_groups_by_verb_resource_and_user(report: Report) -> None:
    """A URL stands for the resource where there is no object."""
    assert {
        group: {value: one.events.total() for value, one in sums.items()}
        for group, sums in report.groups.items()
    } == {
        "verb": {"update": 2, "patch": 3, "get": 2},
        "resource": {"leases.coordination.k8s.io": 2, "pods": 4, "/version": 1},
        "user": {"kubelet": 2, "ana": 5},
    }


def test_says_what_it_left_out(report: Report) -> None:
    """RequestReceived, lines that are no event, cut ones, denials and a k3s cluster are named."""
    left_out = (report.request_received, report.no_event, report.cut, report.denials)
    assert (left_out, report.from_k3s) == ((1, 1, 1, 1), True)
    text = io.StringIO()
    print_report(report, Console(file=text, width=200), rows=1)
    for sentence in (
        "Events of stage RequestReceived: 1. They are not counted",
        "Lines that are not audit events: 1. They are not counted",
        "Truncated events: 1. Never trimmed",
        "Events answered 401 or 403: 1.",
        "come from a k3s cluster",
        "│ 2 others ",
    ):
        assert sentence in text.getvalue()


def test_measures_the_records_that_the_forwarder_writes() -> None:
    """Parsed has the event in the place of its header and of the text, plain has the four keys alone."""
    parsed = parse(LogType.AUDIT, LogEvent(id="", timestamp=0, message=LEASE))
    four_keys = {
        "timestamp": 1_700_000_000_000,
        "logGroup": "/aws/eks/prod/cluster",
        "logStream": "kube-apiserver-audit-" + 32 * "0",
        "message": LEASE,
    }
    others = {
        "id": 56 * "3",
        "account": "111122223333",
        "region": "us-east-1",
        "cluster": "prod",
        "logType": "audit",
    }
    enriched = four_keys | others | {"audit": parsed.audit}
    whole = {name: value for name, value in enriched.items() if name != "message"} | {
        "audit": msgspec.Raw(LEASE)
    }
    assert (
        record_bytes(LEASE).items()
        >= {
            "enriched": len(msgspec.json.encode(enriched)) + 1,
            "parsed": len(msgspec.json.encode(whole)) + 1,
            "plain": len(msgspec.json.encode(four_keys)) + 1,
        }.items()
    )


def test_the_command_prints_a_table_for_each_group(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A user's name cannot style the report."""
    path = tmp_path / "lines.ndjson"
    path.write_text(line_of(user={"username": "[red]ana"}) + "\n\n", encoding="utf-8")
    assert main([str(path), "quiet"]) == 0
    printed = capsys.readouterr().out
    for word in ("By verb", "By resource", "By user", "[red]ana"):
        assert word in printed


@pytest.mark.parametrize(
    ("policy", "fault"),
    [("none", "choose one of quiet, security"), ("loud", "choose one of quiet, security")],
)
def test_the_command_refuses_what_is_no_policy(
    policy: str, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is 2 and the reason stands on the error stream."""
    assert main(["lines.ndjson", policy]) == 2
    assert fault in capsys.readouterr().err


def test_the_command_refuses_a_missing_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is 2 and the file is named."""
    path = tmp_path / "missing"
    assert main([str(path), "quiet"]) == 2
    assert str(path) in capsys.readouterr().err
