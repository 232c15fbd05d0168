"""The words that a rule requires: they exclude events before decoding, and never one that matches."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eks_log_forwarder.control_plane.audit_bounds import MOST_SURELY_SMALL
from eks_log_forwarder.control_plane.audit_event import decode_event
from eks_log_forwarder.detection.event import Event
from eks_log_forwarder.detection.rule_set import RuleSet
from tests.unit import shipped_rules
from tests.unit.detection_rules import detections_of, found_in, header_of, rule_text

CREATED = {"verb": "create", "objectRef": {"resource": "pods"}}


def _required(selection: str, condition: str = "s") -> tuple[set[str], set[str]] | None:
    """The keys and the values, of which a rule requires one."""
    (rule,) = detections_of(rule_text(f"s: {selection}\ncondition: {condition}")).rules
    return None if rule.literals is None else (set(rule.literals.keys), set(rule.literals.values))


@pytest.mark.parametrize(
    ("selection", "condition", "expected"),
    [
        ("{hostPID: true}", "s", ({"hostPID"}, set())),
        ("{hostPath: '*'}", "s", ({"hostPath"}, set())),
        ("{hostPID: true, hostNetwork: true}", "s", ({"hostNetwork"}, set())),
        ("[{hostPID: true}, {hostIPC: true}]", "s", ({"hostPID", "hostIPC"}, set())),
        ("[{hostPID: true}, {requestObject.spec.containers.name: a}]", "s", None),
        ("{capabilities.add|endswith: [ALL, BPF]}", "s", ({"capabilities"}, set())),
        ("{requestObject.roleRef.name: cluster-admin}", "s", (set(), {"cluster-admin"})),
        ("{requestObject.roleRef.name: [cluster-admin, Admins]}", "s", ({"roleRef"}, set())),
        ("{requestObject.spec.containers.image|contains: /XMRig}", "s", (set(), {"xmrig"})),
        ("{requestObject.spec.containers.image|cased|contains: XMRig}", "s", (set(), {"xmrig"})),
        ("{requestObject.spec.containers.image|contains: 'xmr?g'}", "s", None),
        ("{requestObject.spec.containers.image|re: xmrig}", "s", None),
        ("{requestObject.spec.containers.ports.hostPort|gte: 1}", "s", ({"hostPort"}, set())),
        ("{requestObject.metadata.labels.example.com/odd-label: a}", "s", ({"odd-label"}, set())),
        ("{hostPID: null}", "s", None),
        ("{hostPID: null}", "not s", ({"hostPID"}, set())),
        ("{hostPID|exists: false}", "not s", ({"hostPID"}, set())),
        ("{hostPID: true}", "not s", None),
        ("{hostPID|fieldref: hostIPC}", "s", ({"hostPID"}, set())),
        ("{verb: create}", "s", None),
        ("{requestObject.spec.activeDeadlineSeconds: 403}", "s", ({"activeDeadlineSeconds"}, set())),
        ("['crypto miner']", "s", (set(), {"crypto"})),
    ],
)
def test_a_rule_requires_what_its_test_fails_without(
    selection: str, condition: str, expected: tuple[set[str], set[str]] | None
) -> None:
    """The rarest word that is enough; none where the field may be absent or every event has the word."""
    assert _required(selection, condition) == expected


@pytest.mark.parametrize(
    ("spec", "decoded"),
    [
        ('{"hostPID":true}', True),
        ('{"host\\u0050ID":true}', True),
        ('{"a":"\\u0041"}', True),
        ('{"a":"\\u003c\\u003e\\u0026\\u001b\\u2028"}', False),
        ('{"hostpid":true}', False),
        ('{"hostNetwork":false}', False),
    ],
)
def test_decodes_only_where_a_word_is_there_or_a_letter_is_escaped(
    monkeypatch: pytest.MonkeyPatch, spec: str, *, decoded: bool
) -> None:
    """An escaped letter may hide a word; the escapes that Go writes do not."""
    decodings = 0

    def counted(message: str) -> object:
        nonlocal decodings
        decodings += 1
        return decode_event(message)

    monkeypatch.setattr("eks_log_forwarder.detection.event.decode_event", counted)
    rules = detections_of(rule_text("s: {verb: create, hostPID: true}\ncondition: s"))
    message = json.dumps(CREATED)[:-1] + f', "requestObject": {{"spec": {spec}}}}}'
    assert bool(found_in(rules, message)) is ("true" in spec and "hostpid" not in spec)
    assert decodings == decoded


def test_an_event_of_many_values_is_looked_at_whatever_its_text_has() -> None:
    """It may be decoded in part only, and rules see that as a field which is in no text."""
    rules = detections_of(rule_text("s: {verb: create, bodyUnreadable: true}\ncondition: s"))
    padding = json.dumps([0] * (MOST_SURELY_SMALL // 2))
    assert found_in(rules, json.dumps(CREATED)[:-1] + f', "requestObject": {padding}}}') == ["0"]
    assert found_in(rules, json.dumps(CREATED)) == []


SELECTIONS: list[dict[str, Any]] = [
    {"hostPID": True},
    {"hostIPC": None},
    {"privileged": "TRUE"},
    {"requestObject.roleRef.name|contains": "luster-ADMIN"},
    {"requestObject.roleRef.name|startswith": "System:masters"},
    {"requestObject.roleRef.name|cased": "system:masters"},
    {"requestObject.roleRef.name|endswith": ["masters", "ﬀort", "straSSe"]},
    {"requestObject.roleRef.name|fieldref": "requestObject.other"},
    {"requestObject.other|exists": True},
    {"requestObject.other|contains": "?asters"},
    {"requestObject.other": ["Infinity", 403, "1.5e300", "kelvin"]},
]


def _escaped(text: str, share: int) -> str:
    """The text with some of its letters as JSON escapes."""
    letters = list(text)
    for number in range(share, len(text), 7):
        if letters[number].isalnum() and letters[number].isascii():
            letters[number] = f"\\u{ord(letters[number]):04x}"
    return "".join(letters)


PLAIN: list[object] = [True, False, None, 403, 403.0, 1.5e300, "true", "cluster-admin", "CLUSTER-admin", []]
LONG_S = "\N{LATIN SMALL LETTER LONG S}ystem:masters"
ODD = [LONG_S, "SYSTEM:MASTERS", "eﬀort", "STRAßE", "\N{KELVIN SIGN}elvin", "\ud800"]
VALUES = st.one_of(st.sampled_from(PLAIN), st.sampled_from(ODD))


@st.composite
def events(draw: st.DrawFn) -> str:
    """The text of an event, with and without the words, and with some letters as escapes."""
    pod = {name: draw(VALUES) for name in draw(st.sets(st.sampled_from(["hostPID", "hostIPC"])))}
    if draw(st.booleans()):
        pod["containers"] = [{"securityContext": {"privileged": draw(VALUES)}}]
    body: dict[str, Any] = {"spec": pod}
    if draw(st.booleans()):
        body["roleRef"] = {"name": draw(VALUES)}
    if draw(st.booleans()):
        body["other"] = draw(VALUES)
    text = json.dumps(body, ensure_ascii=draw(st.booleans()))
    share = draw(st.integers(0, 20))
    if share < 7:
        text = _escaped(text, share)
    return json.dumps(CREATED)[:-1] + f', "requestObject": {text}}}'


@st.composite
def rules(draw: st.DrawFn) -> str:
    """A rule with two selections."""
    detection: dict[str, object] = {name: draw(st.sampled_from(SELECTIONS)) for name in ("a", "b")}
    detection["condition"] = draw(
        st.sampled_from(["a", "not a", "a and b", "a or b", "a and not b", "not (a and b)", "not (a or b)"])
    )
    return rule_text(json.dumps(detection))


def _each_alone(detections: RuleSet, message: str) -> list[str]:
    return [rule.detection.id for rule in detections.rules if rule.matches(Event(message))]


@given(st.lists(rules(), min_size=1, max_size=3), st.lists(events(), min_size=1, max_size=8))
@example(
    [rule_text('a: {requestObject.other: "kelvin"}\ncondition: a')],
    [json.dumps(CREATED)[:-1] + ', "requestObject": {"other": "\\u212aelvin"}}'],
)
@settings(max_examples=300, deadline=None)
def test_never_changes_the_result(texts: list[str], messages: list[str]) -> None:
    """The same rules match as when each is tried on the whole event."""
    detections = detections_of.__wrapped__(*texts)
    for message in messages:
        assert found_in(detections, message) == _each_alone(detections, message)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_shipped_rules_find_the_same_in_changed_lines(data: st.DataObject) -> None:
    """In lines of all rules, with a part removed, doubled, escaped or in another case."""
    events_of_rules = [line.message for line in shipped_rules.lines() if line.message.startswith("{")]
    line = data.draw(st.sampled_from(events_of_rules))
    start = data.draw(st.integers(0, len(line)))
    end = min(len(line), start + data.draw(st.integers(0, 40)))
    part = line[start:end]
    changed = data.draw(st.sampled_from(["", part * 2, part.upper(), part.lower(), _escaped(part, 0), "\\/"]))
    message = line[:start] + changed + line[end:]
    if header_of(message) is None:
        return
    detections = shipped_rules.shipped()
    audit = [rule for rule in detections.rules if rule.log_type == "audit"]
    expected = [rule.detection.id for rule in audit if rule.matches(Event(message))]
    assert found_in(detections, message) == expected
