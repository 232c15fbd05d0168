"""Parsing of events of every log type."""

import json
import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.control_plane.authenticator import AuthenticatorLine
from eks_log_forwarder.control_plane.klog import KlogLine
from eks_log_forwarder.control_plane.parsing import Parsed, parse
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent

MAY_2024 = 1_714_979_289_000
KLOG_TEXT = "I0506 07:08:09.123456 1 a.go:1] x"
KLOG = KlogLine(severity="I", time="2024-05-06T07:08:09.123456Z", thread=1, file="a.go", line=1, message="x")
AUDIT_TEXT = '{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"a","verb":"get"}'
LOGRUS_TEXT = "level=info msg=started"
JSON_TEXT = '{"level":"warn","msg":"slow","took":"2s"}'
JSON_LINE = KlogLine(severity="W", message="slow", fields={"took": "2s"})
LOGRUS_LINE = KlogLine(severity="I", message="started")
VENDED = [
    *("autoModeBlockStorage", "autoModeCompute", "autoModeIpam", "autoModeLoadBalancing"),
    *("capabilityAck", "capabilityArgocd", "capabilityKro"),
]
PANIC = ("panic: assignment to entry in nil map", "", "goroutine 9 [running]:", "\t/src/a.go:9 +0x1c")
EVENTS = [
    (LogType.AUDIT, AUDIT_TEXT, Parsed(audit=AuditHeader(audit_id="a", verb="get"), parsed=True)),
    (
        LogType.AUDIT,
        '{"auditID":"a","verb":"get","annotations":{"audit.k8s.io/truncated":"true"}}',
        Parsed(
            audit=AuditHeader(audit_id="a", verb="get", annotations={"audit.k8s.io/truncated": "true"}),
            parsed=True,
            truncated=True,
        ),
    ),
    (
        LogType.AUDIT,
        '{"auditID":"a","verb":"get","requestObject":{"verb":"x[Truncated...]',
        Parsed(audit=AuditHeader(audit_id="a", verb="get"), parsed=False, truncated=True),
    ),
    (LogType.AUDIT, '{"auditID":"', Parsed(parsed=False, truncated=True)),
    (LogType.AUDIT, '{"kind":"Pod"}', Parsed(parsed=False)),
    (LogType.AUDIT, KLOG_TEXT, Parsed(parsed=False)),
    (
        LogType.AUTHENTICATOR,
        LOGRUS_TEXT,
        Parsed(authenticator=AuthenticatorLine(level="info", msg="started"), parsed=True),
    ),
    (LogType.AUTHENTICATOR, KLOG_TEXT, Parsed(klog=KLOG, parsed=True)),
    (LogType.AUTHENTICATOR, "text", Parsed(parsed=False)),
    *[
        (log_type, KLOG_TEXT, Parsed(klog=KLOG, parsed=True))
        for log_type in ("api", "controllerManager", "scheduler")
    ],
    *[
        (log_type, JSON_TEXT, Parsed(klog=JSON_LINE, parsed=True))
        for log_type in ("api", "controllerManager", "scheduler", "authenticator")
    ],
    *[
        (log_type, text, Parsed(klog=line, parsed=True))
        for log_type in VENDED
        for text, line in ((JSON_TEXT, JSON_LINE), (KLOG_TEXT, KLOG), (LOGRUS_TEXT, LOGRUS_LINE))
    ],
    *[
        (log_type, text, Parsed(parsed=False))
        for log_type in VENDED
        for text in (*PANIC, AUDIT_TEXT, JSON_TEXT[:-1], "text", "2026-01-14 info text")
    ],
    *[(LogType.API, text, Parsed(parsed=False)) for text in PANIC],
    (LogType.API, AUDIT_TEXT, Parsed(parsed=False)),
    (LogType.SCHEDULER, "", Parsed(parsed=False)),
    *[(LogType.UNKNOWN, text, Parsed()) for text in (AUDIT_TEXT, KLOG_TEXT, LOGRUS_TEXT, "text")],
]


@pytest.mark.parametrize(("log_type", "message", "expected"), EVENTS)
def test_parses_by_the_log_type(log_type: str, message: str, expected: Parsed) -> None:
    """Each log type is read in its format; the result says whether it parsed and whether it was cut."""
    parsed = parse(LogType(log_type), LogEvent("1", MAY_2024, message))
    assert msgspec.structs.replace(parsed, audit_fields=None) == expected


MANY = " ".join(f'k{number}="v"' for number in range(1001))


@pytest.mark.parametrize(
    ("log_type", "message"),
    [
        (LogType.API, f'{KLOG_TEXT[:-1]}"x" {MANY}'),
        (LogType.API, f"{KLOG_TEXT[:-1]}{MANY}"),
        (LogType.API, json.dumps({"msg": "x"} | {f"k{number}": "v" for number in range(1001)})),
        (LogType.AUTHENTICATOR, f"{LOGRUS_TEXT} {MANY}"),
        (LogType.CAPABILITY_ARGOCD, f"{LOGRUS_TEXT} {MANY}"),
    ],
)
def test_a_line_with_over_a_thousand_fields_says_so_and_keeps_the_first(
    log_type: LogType, message: str
) -> None:
    """Its record has the whole message beside the first fields, in every format."""
    parsed = parse(log_type, LogEvent("1", MAY_2024, message))
    line = parsed.klog or parsed.authenticator
    assert line is not None
    assert (line.fields["k0"], line.fields["fieldsOmitted"]) == ("v", "true")
    assert "k1000" not in line.fields
    assert (parsed.parsed, parsed.truncated) == (False, True)


ANY_TEXT = st.text(st.characters(exclude_categories=()))
FRAGMENTS = [
    *('{"', '"', ":", ",", "{", "}", "[", "]", "\\", "=", " ", "\n", "\t", "a", "\\ud800", "\ud800", "\x00"),
    *('{"kind":"Event","auditID":"a",', "[Truncated...]", "level=info msg=", KLOG_TEXT, "Trace[1]: "),
    *(
        '"Unable to schedule pod" err="',
        "0/3 nodes are available: 1 x",
        'error="{\\"Error\\":',
        "<\n\t",
        "\n >",
    ),
]
LIKELY_TEXT = st.lists(st.sampled_from(FRAGMENTS)).map("".join)


@given(
    log_type=st.sampled_from(LogType),
    timestamp=st.integers(),
    message=ANY_TEXT | LIKELY_TEXT | LIKELY_TEXT.map((KLOG_TEXT + " ").__add__),
)
def test_no_message_whatever_raises(log_type: LogType, timestamp: int, message: str) -> None:
    """Any text at any time gives a result whose parts can be encoded, and at most one part."""
    parsed = parse(log_type, LogEvent("1", timestamp, message))
    parts = [part for part in (parsed.audit, parsed.authenticator, parsed.klog) if part is not None]
    msgspec.json.encode(parts)
    assert len(parts) == 1 if parsed.parsed else len(parts) <= parsed.truncated
    assert (parsed.parsed is None) == (log_type is LogType.UNKNOWN)


CORPUS = {
    "audit.ndjson": (LogType.AUDIT, 1936),
    "audit_eks_denormalised.ndjson": (LogType.AUDIT, 12),
    "authenticator.log": (LogType.AUTHENTICATOR, 3),
    "api.log": (LogType.API, 3),
    "controller-manager.log": (LogType.CONTROLLER_MANAGER, 11),
    "scheduler.log": (LogType.SCHEDULER, 12),
}


@pytest.mark.parametrize("name", CORPUS)
def test_parses_every_line_of_the_corpus(name: str) -> None:
    """Every real line parses, and no parsed message is empty."""
    folder = os.environ.get("EKS_LOG_CORPUS")
    if not folder:
        pytest.skip("EKS_LOG_CORPUS names no folder of real control-plane log lines")
    log_type, count = CORPUS[name]
    lines = (Path(folder) / name).read_text(encoding="utf-8").splitlines()
    parsed = [parse(log_type, LogEvent("1", MAY_2024, line)) for line in lines]
    assert len(lines) == count
    assert [line for line, result in zip(lines, parsed, strict=True) if not result.parsed] == []
    assert [result.truncated for result in parsed] == [False] * count
    assert all(result.audit.verb for result in parsed if result.audit)
    assert all(result.klog.message and result.klog.time for result in parsed if result.klog)
    assert all(result.authenticator.msg for result in parsed if result.authenticator)
