"""The stages of one event: what is forwarded, dropped and counted."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eks_log_forwarder.audit_policy import Policy
from eks_log_forwarder.control_plane.parsing import Parsed
from eks_log_forwarder.intake.log_stream import LogStream
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent
from eks_log_forwarder.record.record import Detection, Record, RuleRef
from eks_log_forwarder.redaction import redact
from eks_log_forwarder.stages import Match, Stages
from eks_log_forwarder.telemetry.tally import Tally
from tests.policy_samples import policy_of

ALL = frozenset(LogType)
RULE = RuleRef("a-rule", "A Rule", "high", ["attack.t1609"])
DROP_ALL = policy_of("- {level: None}")
TRIM_ALL = policy_of("- {level: Metadata}")
EVENT: dict[str, Any] = {
    "kind": "Event",
    "apiVersion": "audit.k8s.io/v1",
    "level": "RequestResponse",
    "auditID": "0a1b",
    "stage": "ResponseComplete",
    "requestURI": "/api/v1/namespaces/shop/pods/cart",
    "verb": "get",
    "user": {"username": "ana"},
    "objectRef": {"resource": "pods", "namespace": "shop", "name": "cart"},
    "responseStatus": {"code": 200},
    "requestObject": {"a": 1},
}
JWT_PARTS = ("eyJhbGciOiJSUzI1NiJ9", "eyJzdWIiOiJhbmEifQ", "c2lnbmF0dXJlLW9mLWEtdGVzdA")
JWT = ".".join(JWT_PARTS)


def message_of(**fields: object) -> str:
    """An audit event's message; fields replace or join those of EVENT."""
    return json.dumps(EVENT | fields)


def stream_of(log_type: LogType) -> LogStream:
    """A stream of a log type."""
    return LogStream("/aws/eks/demo/cluster", f"{log_type}-1", "111122223333", "demo", log_type)


def tally_of(log_type: LogType = LogType.AUDIT) -> Tally:
    """An empty tally."""
    return Tally("demo", log_type)


def finding(*found: RuleRef) -> Match:
    """A matcher that finds these in every event."""

    def match(_log_type: LogType, _parsed: Parsed, event: LogEvent) -> list[Detection]:
        return [Detection(rule, event.id, "ana", "pods") for rule in found]

    return match


def staged(
    message: str, stages: Stages, log_type: LogType = LogType.AUDIT, tally: Tally | None = None
) -> Record | None:
    """What the stages make of one line."""
    event = LogEvent("37", 1_768_384_800_000, message)
    return stages.record(event, stream_of(log_type), tally or tally_of(log_type))


def recorded(message: str, stages: Stages, log_type: LogType = LogType.AUDIT) -> Record:
    """The record of a line that the stages forward."""
    record = staged(message, stages, log_type)
    assert record is not None
    return record


@pytest.mark.parametrize("log_type", [LogType.AUDIT, LogType.API])
def test_selects_the_named_log_types(log_type: LogType) -> None:
    """And no other, but for a stream of no known type, which is always wanted."""
    stages = Stages(frozenset({log_type}))
    assert {one for one in LogType if stages.selects(one)} == {log_type, LogType.UNKNOWN}


@pytest.mark.parametrize(
    ("log_type", "message", "part"),
    [
        (LogType.AUDIT, message_of(), "audit"),
        (
            LogType.AUTHENTICATOR,
            'time="2026-01-14T10:00:03Z" level=warning msg="access denied"',
            "authenticator",
        ),
        (LogType.AUTHENTICATOR, "W0114 10:00:03.007741      10 reflector.go:561] gone", "klog"),
        (LogType.API, "W0114 10:00:03.007741      10 reflector.go:561] gone", "klog"),
        (LogType.CONTROLLER_MANAGER, "W0114 10:00:03.007741      10 reflector.go:561] gone", "klog"),
        (LogType.SCHEDULER, "W0114 10:00:03.007741      10 reflector.go:561] gone", "klog"),
        (LogType.UNKNOWN, message_of(), None),
    ],
)
def test_adds_the_parsed_part_beside_the_untouched_message(
    log_type: LogType, message: str, part: str | None
) -> None:
    """One part by the line's format, and none for a stream that no parser is asked about."""
    record = recorded(message, Stages(ALL), log_type)
    assert record.message is message
    assert [name for name in ("audit", "authenticator", "klog") if getattr(record, name)] == [
        name for name in [part] if name
    ]
    assert (record.parsed, record.truncated, record.redacted, record.detections) == (True, False, 0, [])


def test_a_line_that_does_not_parse_is_forwarded_as_text() -> None:
    """It is counted and says so."""
    tally = tally_of()
    record = staged("audit backend restarted", Stages(ALL, policy=DROP_ALL), tally=tally)
    assert record is not None
    assert (record.message, record.parsed, record.audit) == ("audit backend restarted", False, None)
    assert (tally.unparsed, tally.truncated, tally.filtered) == (1, 0, 0)


def test_drops_and_counts_what_the_policy_does_not_want() -> None:
    """Nothing else is counted of a dropped event but its request."""
    tally = tally_of()
    assert staged(message_of(), Stages(ALL, policy=DROP_ALL, redact=redact), tally=tally) is None
    assert (tally.filtered, tally.trimmed, tally.redacted, tally.api_requests) == (
        1,
        0,
        0,
        {("pods", "get"): 1},
    )


def test_trims_what_the_policy_does_not_want_whole() -> None:
    """The record's header is the header of the forwarded text, with the lower level."""
    tally = tally_of()
    record = staged(message_of(), Stages(ALL, policy=TRIM_ALL), tally=tally)
    assert record is not None
    assert record.audit is not None
    left = {name: value for name, value in EVENT.items() if name != "requestObject"} | {"level": "Metadata"}
    assert json.loads(record.message) == left
    assert record.audit.level == "Metadata"
    assert (tally.trimmed, tally.filtered) == (1, 0)


def test_what_has_no_body_is_not_counted_as_trimmed() -> None:
    """The text is the event's own."""
    tally = tally_of()
    message = json.dumps(
        {name: value for name, value in EVENT.items() if name != "requestObject"} | {"level": "Metadata"}
    )
    record = staged(message, Stages(ALL, policy=TRIM_ALL), tally=tally)
    assert record is not None
    assert record.message is message
    assert tally.trimmed == 0


@pytest.mark.parametrize("policy", [DROP_ALL, TRIM_ALL], ids=["drop", "trim"])
@pytest.mark.parametrize(
    ("message", "found"),
    [
        (message_of(), [RULE]),
        (message_of(responseStatus={"code": 401}), []),
        (message_of(responseStatus={"code": 403}), []),
        (message_of(responseStatus={"code": 403}), [RULE]),
    ],
    ids=["detected", "401", "403", "detected 403"],
)
def test_what_is_detected_or_denied_is_forwarded_whole(
    policy: Policy, message: str, found: list[RuleRef]
) -> None:
    """Whatever the policy says."""
    tally = tally_of()
    record = staged(message, Stages(ALL, match=finding(*found), policy=policy), tally=tally)
    assert record is not None
    assert record.message is message
    assert record.detections == found
    assert (tally.filtered, tally.trimmed) == (0, 0)


@pytest.mark.parametrize(
    ("level", "is_kept"),
    [("informational", False), ("low", False), ("medium", True), ("high", True), ("critical", True)],
)
def test_only_serious_detections_protect_an_event(level: str, *, is_kept: bool) -> None:
    """A policy may drop what a rule of level low found; the detection is counted all the same."""
    tally = tally_of()
    rule = msgspec.structs.replace(RULE, level=level)
    record = staged(message_of(), Stages(ALL, match=finding(rule), policy=DROP_ALL), tally=tally)
    assert (record is not None) is is_kept
    assert (tally.filtered, len(tally.detections)) == (int(not is_kept), 1)


def test_a_cut_event_is_not_trimmed() -> None:
    """It is forwarded unchanged, marked and counted, with the fields that could be read."""
    tally = tally_of()
    message = message_of()[:-20] + "[Truncated...]"
    record = staged(message, Stages(ALL, policy=TRIM_ALL), tally=tally)
    assert record is not None
    assert record.audit is not None
    assert (record.message, record.truncated, record.parsed) == (message, True, False)
    assert (record.audit.audit_id, record.audit.verb, record.audit.user.username) == ("0a1b", "get", "ana")
    assert (tally.truncated, tally.unparsed, tally.trimmed) == (1, 1, 0)


def test_redacts_the_text_and_the_parsed_part() -> None:
    """Both say the same; two tokens in one event are one redacted event."""
    tally = tally_of()
    message = message_of(requestURI=f"/api?token={JWT}", userAgent=f"curl {JWT}")
    record = staged(message, Stages(ALL, redact=redact), tally=tally)
    assert record is not None
    assert record.audit is not None
    marker = f"[REDACTED:{len(JWT)}]"
    assert record.message == message.replace(JWT, marker)
    assert (record.audit.request_uri, record.audit.user_agent) == (f"/api?token={marker}", f"curl {marker}")
    assert (record.redacted, tally.redacted) == (2, 1)


def test_rules_see_the_event_before_redaction() -> None:
    """A rule may look for what is then taken out."""
    seen = []

    def match(_log_type: LogType, _parsed: Parsed, event: LogEvent) -> list[Detection]:
        seen.append(event.message)
        return [Detection(RULE, event.id, "ana", "pods")]

    message = message_of(userAgent=f"curl {JWT}")
    record = recorded(message, Stages(ALL, match=match, redact=redact))
    assert seen == [message]
    assert JWT not in record.message


def test_without_a_redactor_a_token_is_forwarded() -> None:
    """The text is the event's own."""
    message = message_of(userAgent=f"curl {JWT}")
    record = recorded(message, Stages(ALL))
    assert (record.message, record.redacted) == (message, 0)


LINES = st.one_of(
    st.text(),
    st.builds(
        message_of,
        verb=st.text(max_size=5),
        requestURI=st.text(max_size=20),
        userAgent=st.sampled_from(["kubectl/v1.31", f"curl {JWT}"]),
        responseStatus=st.sampled_from([{"code": 200}, {"code": 401}, {"code": 403}, {}]),
        requestObject=st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=10),
            lambda inner: (
                st.dictionaries(st.text(max_size=5), inner, max_size=3) | st.lists(inner, max_size=3)
            ),
            max_leaves=5,
        ),
    ).flatmap(lambda line: st.just(line) | st.integers(0, len(line)).map(lambda cut: line[:cut])),
    st.text(max_size=30).map(lambda text: f"E0114 10:00:03.007741      10 wrap.go:58] {text}"),
    st.text(max_size=30).map(lambda text: f'time="2026-01-14T10:00:03Z" level=warning {text}'),
)
POLICIES = st.sampled_from([None, DROP_ALL, TRIM_ALL])
FOUND = st.sampled_from([(), (RULE,)])


@given(message=LINES, log_type=st.sampled_from(LogType), policy=POLICIES, found=FOUND, redacts=st.booleans())
def test_a_message_is_forwarded_byte_for_byte(
    message: str, log_type: LogType, policy: Policy | None, found: Sequence[RuleRef], *, redacts: bool
) -> None:
    """Unless it is counted as dropped, trimmed or redacted; a denial and a detection only as redacted."""
    tally = tally_of(log_type)
    stages = Stages(ALL, match=finding(*found), policy=policy, redact=redact if redacts else None)
    record = staged(message, stages, log_type, tally)
    if record is None:
        assert (tally.filtered, policy, found) == (1, DROP_ALL, ())
        assert '"code": 401' not in message
        assert '"code": 403' not in message
        return
    assert tally.filtered == 0
    assert (record.message is message) == (tally.trimmed + tally.redacted == 0)
    assert (record.redacted > 0) == (tally.redacted == 1)
    if found or policy is not TRIM_ALL or '"code": 40' in message:
        assert tally.trimmed == 0


@given(message=LINES, log_type=st.sampled_from(LogType))
def test_a_redacted_record_is_redacted_throughout(message: str, log_type: LogType) -> None:
    """No part of it holds a token that redaction finds."""
    record = recorded(message, Stages(ALL, redact=redact), log_type)
    parts = (record.message, record.audit, record.authenticator, record.klog)
    if record.redacted and JWT not in record.message:
        assert not any(JWT in str(part) for part in parts)
    assert f"curl {JWT}" not in record.message
