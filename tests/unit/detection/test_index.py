"""The index and the header's bounds avoid decoding and do not change the result; nothing raises."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eks_log_forwarder.control_plane.audit import AuditHeader, ObjectRef, ResponseStatus, User
from eks_log_forwarder.detection.event import Event
from eks_log_forwarder.detection.index import AuditIndex
from eks_log_forwarder.detection.rule import Rule
from eks_log_forwarder.detection.rule_set import RuleSet
from eks_log_forwarder.intake.log_type import LogType
from tests.unit.detection_rules import detections_of, found_in, header_of, rule_text

VERBS = ["get", "GET", "list", "watch", "create", "patch", "delete", "", None, 5]
RESOURCES = ["pods", "Pods", "secrets", "", None]
FIELDS: dict[str, list[Any]] = {
    "verb": VERBS,
    "stage": ["RequestReceived", "ResponseStarted", "ResponseComplete", "", None],
    "level": ["Metadata", "Request", ""],
    "objectRef.resource": RESOURCES,
    "objectRef.subresource": ["exec", "", "log", None],
    "objectRef.namespace": ["kube-system", "default", ""],
    "user.username": ["system:anonymous", "alice", "", None],
    "user.groups": ["dev", "ops"],
    "responseStatus.code": [0, 200, 403, 403.0, "403"],
    "requestURI": ["/x", "/x?dryRun=All", "/x?resourceVersion=7", "", None, 5],
    "dryRun": [True],
    "readsEverything": [True],
    "sourceIP": ["10.0.0.1", "52.1.2.3"],
    "sourceIPPublic": [True, False],
    "impersonatedUser.username": ["admin", ""],
    "requestObject.spec.x": [1, "1", True, None],
    "hostPath": ["/etc", None],
}
DERIVED = ("source", "host", "user.groups", "dryRun", "readsEverything")  # not in an event as such
MODIFIERS = [
    "",
    "|contains",
    "|startswith",
    "|neq",
    "|cased",
    "|exists",
    "|re",
    "|gte",
    "|contains|all",
    "|fieldref",
]


def _value(field: str, modifier: str, values: list[Any]) -> object:
    if modifier == "|exists":
        return bool(len(values) % 2)
    if modifier == "|gte":
        return 300
    if modifier == "|fieldref":
        return "level"
    if modifier in {"", "|neq"}:
        return values
    return [str(value) for value in values if value not in {None, "", "*"}] or [field[:1]]


@st.composite
def selections(draw: st.DrawFn) -> dict[str, object]:
    """A map of one to three items."""
    names = draw(st.lists(st.sampled_from(sorted(FIELDS)), min_size=1, max_size=3, unique=True))
    items: dict[str, object] = {}
    for name in names:
        modifier = draw(st.sampled_from(MODIFIERS))
        values = draw(st.lists(st.sampled_from([*FIELDS[name], "*"]), min_size=1, max_size=3))
        items[name + modifier] = _value(name, modifier, values)
    return items


CONDITIONS = [
    "a",
    "not a",
    "a and b",
    "a or b",
    "a and not b",
    "not (a and b)",
    "not (a or not b)",
    "a and (b or k)",
]


@st.composite
def rules(draw: st.DrawFn) -> str:
    """A rule's file, its detection section as JSON, which is YAML."""
    detection = {
        "a": draw(selections()),
        "b": draw(st.one_of(selections(), st.lists(selections(), min_size=1, max_size=2))),
        "k": ["kube"],
        "condition": draw(st.sampled_from(CONDITIONS)),
    }
    return rule_text(json.dumps(detection))


@st.composite
def events(draw: st.DrawFn) -> dict[str, object]:
    """An audit event of the fields that the rules ask for, some absent, some of an odd type."""
    event: dict[str, Any] = {}
    for path, values in FIELDS.items():
        if path.startswith(DERIVED) or draw(st.booleans()):
            continue
        target = event
        *parents, last = path.split(".")
        for parent in parents:
            target = target.setdefault(parent, {})
        target[last] = draw(st.sampled_from(values))
    if draw(st.booleans()):
        event["sourceIPs"] = draw(st.lists(st.sampled_from(["10.0.0.1", "52.1.2.3", "", "odd"]), max_size=2))
    if draw(st.booleans()):
        event.setdefault("user", {})["groups"] = draw(
            st.lists(st.sampled_from(["dev", "ops", "Dev"]), max_size=2)
        )
    if draw(st.booleans()):
        event["objectRef.resource"] = "secrets"
    if draw(st.booleans()):
        event.setdefault("requestObject", {})["dryRun"] = ["All"]
    if draw(st.booleans()):
        event.pop("objectRef", None)
    return event


def _brute_force(detections: RuleSet, message: str) -> list[str]:
    fields = json.loads(message)
    return [rule.detection.id for rule in detections.rules if rule.matches(Event(message, None, fields))]


@given(st.lists(rules(), min_size=1, max_size=3), st.lists(events(), min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_never_changes_the_result(texts: list[str], found: list[dict[str, object]]) -> None:
    """With index and header, the same rules match as when each is tried on the whole event."""
    detections = detections_of.__wrapped__(*texts)
    for event in found:
        message = json.dumps(event)
        assert found_in(detections, message) == _brute_force(detections, message)


EVERYTHING = [
    rule_text(f"a: {{{item}}}\ncondition: {condition}")
    for item in (
        "verb|contains: g",
        "requestObject.a.b|re: '^(a+)+$'",
        "requestObject.a|gt: 3",
        "requestObject.a: '*a*b?c*'",
        "sourceIPs|cidr: 10.0.0.0/8",
        "sourceIPPublic: true",
        "hostPath: '*'",
        "capabilities.add|contains|all: [a, b]",
        "requestObject|exists: true",
        "requestObject.a|fieldref: verb",
        "'|contains': a",
        "'|re': 'a.*b'",
    )
    for condition in ("a", "not a")
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["a", "b", "a.b", "spec", "volumes", "verb", "containers"]), inner, max_size=4
        )
    ),
    max_leaves=20,
)
NAMES = [
    "verb",
    "requestObject",
    "responseObject",
    "sourceIPs",
    "user",
    "objectRef",
    "stage",
    "responseStatus",
]


@given(st.dictionaries(st.sampled_from(NAMES), JSON), st.text())
@example({"requestObject": {"a": "a" * 100_000 + "!", "b": "a" * 100_000}}, "a" * 1_000_000)
@example({"requestObject": {"a": {"b": "\ud800"}}, "verb": "\ud800g"}, "\ud800a")
@example({"requestObject": {"a": 10**5000}, "sourceIPs": [1, None]}, "{" * 10_000)
@settings(max_examples=150, deadline=None)
def test_never_raises(fields: dict[str, object], text: str) -> None:
    """Whatever a message or the fields hold, a match is a list."""
    detections = detections_of(*EVERYTHING)
    for message in (text, _json(fields)):
        for header in (None, header_of_or_none(message), AuditHeader()):
            assert isinstance(detections.match(LogType.AUDIT, header, None, message), list)
            assert isinstance(detections.match(LogType.AUDIT, header, fields, message), list)


def _json(fields: dict[str, object]) -> str:
    try:
        return json.dumps(fields)
    except ValueError:  # a number of more digits than Python prints
        return "{}"


def header_of_or_none(message: str) -> AuditHeader | None:
    """As header_of, also for text that UTF-8 cannot hold."""
    try:
        return header_of(message)
    except UnicodeEncodeError:
        return None


@pytest.mark.parametrize("depth", [500, 100_000])
@pytest.mark.parametrize("opening", ['{"a":', "["])
def test_survives_deep_nesting(depth: int, opening: str) -> None:
    """An event nested deeper than Python recurses is matched by its header."""
    closing = "}" if opening.startswith("{") else "]"
    message = '{"verb":"get","requestObject":{"a":' + opening * depth + "1" + closing * depth + "}}"
    text = rule_text("s: {verb: get, requestObject.b: null}\ncondition: s")
    assert [
        found.id for found in detections_of(text).match(LogType.AUDIT, AuditHeader(verb="get"), None, message)
    ] == ["0"]


def test_matches_a_message_that_was_cut_short_by_its_header() -> None:
    """A cut event matches rules on its header and on what is complete of its body."""
    header = AuditHeader(verb="delete")
    texts = [rule_text(f"s: {{verb: delete, {item}}}\ncondition: s") for item in ("a: null", "a: b")]
    found = detections_of(*texts).match(LogType.AUDIT, header, None, '{"verb":"delete","a":"b","requ')
    assert [detection.id for detection in found] == ["1"]


SPARED = [
    "s: {verb: create, objectRef.resource: pods, requestObject.a: b}\ncondition: s",
    "s: {verb: [create, update], hostPath: '*'}\nf: {user.username: x}\ncondition: s and not f",
    "s: {objectRef.resource: secrets}\nt: {verb: delete, requestObject.a: b}\ncondition: s and t or t",
    "s: {responseStatus.code: [401, 403], requestObject.a: b}\ncondition: s",
    "s: {user.username|startswith: 'system:', sourceIPPublic: true, requestObject.a: b}\ncondition: s",
    "s: {impersonatedUser.username: '*', requestObject.a: b}\ncondition: s",
    "s: {requestObject.a: b}\nt: {stage: [Panic, RequestReceived]}\ncondition: s and t",
    "s: {requestObject.a: b}\nf: {verb: get}\ncondition: s and not f",
    "s: {objectRef.subresource: exec, requestObject.a: b}\ncondition: s",
    "s: {userAgent|contains: [nmap, curl], requestObject.a: b}\ncondition: s",
]


@pytest.mark.parametrize("detection", SPARED)
def test_decodes_no_event_that_the_header_rules_out(detection: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read of a pod by a node inside the network is not decoded for any of these rules."""
    message = (
        '{"verb":"get","stage":"ResponseComplete","user":{"username":"system:node:a"},"sourceIPs":["10.0.0.1"],'
        '"userAgent":"kubelet","objectRef":{"resource":"pods","name":"a"},"responseStatus":{"code":200}}'
    )
    header = msgspec.json.decode(message, type=AuditHeader)
    detections = detections_of(rule_text(detection))
    monkeypatch.setattr("eks_log_forwarder.detection.event.decode_event", _fail)
    assert detections.match(LogType.AUDIT, header, None, message) == []


def _fail(message: str) -> object:
    raise AssertionError(message)


def _left(index: AuditIndex, header: AuditHeader) -> tuple[Rule, ...]:
    """The rules that the index leaves for an event."""
    return tuple(candidate.rule for candidate in index.candidates(header).rules)


def test_remembers_a_bounded_number_of_requests() -> None:
    """Clients choose verbs and users; beyond 4096 entries the memory is cleared, and results stay correct."""
    index = AuditIndex(detections_of(rule_text("s: {verb: create}\ncondition: s")).rules)
    for number in range(5000):
        assert _left(index, AuditHeader(verb=f"verb{number}")) == ()
    assert _left(index, AuditHeader(verb="CREATE")) == index.rules
    assert len(index._of_target.entries) == 905  # noqa: SLF001  # the bound itself
    for number in range(4100):
        assert _left(index, AuditHeader(verb="create", user=User(username=f"u{number}"))) == index.rules
    assert len(index._of_request.entries) == 5  # noqa: SLF001  # as above


def test_a_request_is_ruled_out_by_its_user_alone() -> None:
    """A controller that a rule excepts by name costs two look-ups; the rule stays a candidate for others."""
    rule = "s: {verb: create}\nf: {user.username: controller}\ncondition: s and not f"
    index = AuditIndex(detections_of(rule_text(rule)).rules)
    assert _left(index, AuditHeader(verb="create", user=User(username="controller"))) == ()
    assert _left(index, AuditHeader(verb="create", user=User(username="alice"))) == index.rules
    assert _left(index, AuditHeader(verb="create", user=User(username="controller"))) == ()


def test_a_request_is_ruled_out_by_whom_it_impersonates() -> None:
    """No impersonated user, a named one and one without a name differ."""
    rule = "s: {impersonatedUser.username: admin}\ncondition: s"
    index = AuditIndex(detections_of(rule_text(rule)).rules)
    for _ in range(2):
        assert _left(index, AuditHeader(verb="get")) == ()
        assert _left(index, AuditHeader(verb="get", impersonated_user=User(username="bob"))) == ()
        assert _left(index, AuditHeader(verb="get", impersonated_user=User(username="admin"))) == index.rules
        assert _left(index, AuditHeader(verb="get", impersonated_user=User())) == ()


def test_a_request_without_a_status_is_not_one_with_an_empty_status() -> None:
    """An absent code excludes the rule; a status that the header has without its code does not."""
    rule = "s: {responseStatus.code|exists: true}\ncondition: s"
    index = AuditIndex(detections_of(rule_text(rule)).rules)
    for _ in range(2):
        assert _left(index, AuditHeader(verb="get")) == ()
        assert (
            _left(index, AuditHeader(verb="get", response_status=ResponseStatus(reason="x"))) == index.rules
        )


ASKED = [
    ("{verb: get}", "get", "pods", "log", True),
    ("{verb: get}", "list", "pods", "log", False),
    ("{verb: [get, list], objectRef.resource: pods}", "list", "PODS", "", True),
    ("{verb: [get, list], objectRef.resource: pods}", "list", "nodes", "", False),
    ("{objectRef.subresource: log}", "get", "pods", "log", True),
    ("{objectRef.subresource: log}", "get", "pods", "", False),
    ("{objectRef.subresource: null}", "get", "pods", "", True),
    ("{objectRef.subresource: null}", "get", "pods", "log", False),
    ("{verb|startswith: delete}", "deletecollection", "pods", "", True),
    ("{verb|neq: get}", "get", "pods", "", False),
    ("{requestObject.a: b}", "get", "pods", "", True),
    ("[{verb: get}, {objectRef.resource: pods}]", "list", "nodes", "", False),
]


@pytest.mark.parametrize(("selection", "verb", "resource", "subresource", "expected"), ASKED)
def test_looks_rules_up_by_what_a_request_asks(
    selection: str,
    verb: str,
    resource: str,
    subresource: str,
    expected: bool,  # noqa: FBT001  # a table's column
) -> None:
    """Verb, resource and subresource exclude a rule before any other field is read."""
    index = AuditIndex(detections_of(rule_text(f"s: {selection}\ncondition: s")).rules)
    header = AuditHeader(verb=verb, object_ref=ObjectRef(resource=resource, subresource=subresource))
    assert bool(_left(index, header)) is expected


def test_tells_no_object_from_an_empty_one() -> None:
    """An event without objectRef, seen first, does not decide for one whose objectRef has empty texts."""
    detections = detections_of.__wrapped__(rule_text("s: {objectRef.resource: ''}\ncondition: s"))
    assert found_in(detections, {"verb": "get"}) == []
    assert found_in(detections, {"verb": "get", "objectRef": {"resource": ""}}) == ["0"]
