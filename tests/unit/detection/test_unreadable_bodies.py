"""What a client can do to a body so that the API server reads it and a rule might not."""

import json
from typing import Any

import pytest

from eks_log_forwarder.control_plane.audit_bounds import MAX_VALUES
from eks_log_forwarder.control_plane.parsing import Parsed, parse
from eks_log_forwarder.detection.matcher import Matcher
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent
from tests.unit.shipped_rules import lines, shipped

UNREADABLE = "5b0e7a52-3f0d-4c55-9f3a-8c1d2e6b7a90"
PRIVILEGED = "dd0311e8-778e-476f-af9c-4742a56aef97"
HEADER = (
    '{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"7",'
    '"stage":"ResponseComplete","requestURI":"/api/v1/namespaces/shop/pods","verb":"VERB",'
    '"user":{"username":"robin","groups":["dev"]},"sourceIPs":["10.1.2.3"],"userAgent":"curl/8",'
    '"objectRef":{"resource":"pods","namespace":"shop","name":"cart","apiVersion":"v1"},'
    '"responseStatus":{"metadata":{},"code":201},'
)
CONTAINERS = '"containers":[{"name":"cart","securityContext":{"privileged":true}}]'
CREATE = HEADER.replace("VERB", "create")
PATCH = HEADER.replace("VERB", "patch")


def found_in(message: str) -> tuple[Parsed, list[str]]:
    """What the stages see of a message: the parsed form, and the ids of the rules that match."""
    event = LogEvent(id="1", timestamp=0, message=message)
    parsed = parse(LogType.AUDIT, event)
    return parsed, [detection.rule.id for detection in Matcher(shipped())(LogType.AUDIT, parsed, event)]


ODD_VALUES = [
    "9" * 4301,
    "-" + "1" * 20_000,
    "1e99999",
    "-0",
    "2E-400",
    r'"\ud800"',
    "[" * 9_000 + "]" * 9_000,
    '{"a":' * 3_000 + "[]" + "}" * 3_000,
]


@pytest.mark.parametrize("value", ODD_VALUES, ids=lambda value: value[:9])
def test_a_patch_with_an_odd_value_is_whole(value: str) -> None:
    """The API server ignores unknown members of a patch; they must not hide the rest from the rules."""
    patch = f'"requestObject":[{{"op":"add","path":"/spec","x":{value}}}]'
    parsed, found = found_in(f'{PATCH}"responseObject":{{"spec":{{{CONTAINERS}}}}},{patch}}}')
    assert (parsed.parsed, parsed.truncated, found) == (True, False, [PRIVILEGED])


@pytest.mark.parametrize("marker", ["", "[Truncated...]", " [Truncated...]\n"])
@pytest.mark.parametrize(
    "rest",
    [
        "",
        ',"volumes":[{"na',
        ',"x":12',
        ',"x":1.5e',
        ',"x":tr',
        r',"x":"a\u00e',
        ',"x":"a\\',
        ',"x',
        ',"x":[[',
        '},"metadata":{"annotations":{"x":"y',
        '}},"responseObject":{"sp',
        '}},"responseObject":{}',
    ],
)
def test_a_cut_anywhere_behind_a_member_leaves_it_to_the_rules(rest: str, marker: str) -> None:
    """A privileged container before the cut is found, and the cut is a detection itself."""
    parsed, found = found_in(f'{CREATE}"requestObject":{{"spec":{{{CONTAINERS}{rest}{marker}')
    assert (parsed.parsed, parsed.truncated, found) == (False, True, [PRIVILEGED, UNREADABLE])


def test_every_cut_of_a_write_is_found_once_its_target_is_known() -> None:
    """Cut after any character from the verb on, a write is found once as unreadable."""
    message = f'{CREATE}"requestObject":{{"spec":{{{CONTAINERS}}}}},"stageTimestamp":"2026-11-20T08:15:30Z"}}'
    start = message.index('"user"')
    for cut in range(start, len(message)):
        parsed, found = found_in(message[:cut])
        assert (parsed.parsed, parsed.truncated) == (False, True)
        assert found.count(UNREADABLE) == 1, message[:cut]
        assert (PRIVILEGED in found) is (cut >= message.index("true") + 4), message[:cut]
    assert found_in(message)[1] == [PRIVILEGED]


@pytest.mark.parametrize(
    "changes",
    [
        {"verb": "get"},
        {"verb": "list"},
        {"verb": "watch"},
        {"verb": "delete"},
        {"stage": "RequestReceived"},
        {"level": "Metadata"},
        {"requestURI": "/api/v1/namespaces/shop/pods?dryRun=All"},
        {"requestURI": "/api/v1/namespaces/shop/pods?fieldManager=x&dryRun=All"},
        {"responseStatus": {"code": 403}},
        {"objectRef": {"resource": "configmaps", "namespace": "shop", "name": "cart"}},
        {"objectRef": {"resource": "pods", "subresource": "status"}},
        {"user": {"username": "system:serviceaccount:kube-system:replicaset-controller"}},
    ],
    ids=str,
)
def test_no_other_cut_event_is_a_detection(changes: dict[str, Any]) -> None:
    """Reads, dry runs, refusals, other stages and objects, and controllers are truncated and nothing more."""
    event = json.loads(f"{CREATE[:-1]}}}") | changes
    message = json.dumps(event)[:-1] + ',"requestObject":{"spec":{"x":"'
    parsed, found = found_in(message)
    assert (parsed.truncated, found) == (True, [])


def test_an_event_of_too_many_values_is_marked() -> None:
    """Beyond 120,000 values an event counts as cut there: what stands before is read, the rest is not."""
    many = ",".join("1" * MAX_VALUES)
    before = f'{CREATE}"requestObject":{{"spec":{{{CONTAINERS}}},"x":[{many}]}}}}'
    behind = f'{CREATE}"requestObject":{{"x":[{many}],"spec":{{{CONTAINERS}}}}}}}'
    for message, expected in ((before, [PRIVILEGED, UNREADABLE]), (behind, [UNREADABLE])):
        parsed, found = found_in(message)
        assert (parsed.parsed, parsed.truncated, found) == (False, True, expected)
        assert parsed.audit is not None
        assert parsed.audit.verb == "create"


def test_commas_in_texts_are_no_values() -> None:
    """A long text of commas and brackets does not count against the bound."""
    noise = "[,{" * 200_000
    parsed, found = found_in(f'{CREATE}"requestObject":{{"spec":{{{CONTAINERS}}},"x":"{noise}"}}}}')
    assert (parsed.parsed, parsed.truncated, found) == (True, False, [PRIVILEGED])


def test_a_key_with_dots_is_no_path() -> None:
    """`status.conditions.type: Denied` in a patch does not hide that a certificate was approved."""
    approved: dict[str, Any] = next(
        json.loads(line.message)
        for line in lines()
        if line.rule == "audit_certificate_request" and line.matches and '"approval"' in line.message
    )
    expected = found_in(json.dumps(approved))[1]
    for body in ("requestObject", "responseObject"):
        forged = approved | {
            body: approved.get(body, {})
            | {"status.conditions.type": "Denied", "status.conditions": {"type": "Denied"}}
        }
        assert found_in(json.dumps(forged))[1] == expected != []


def test_the_rules_decode_no_event_that_the_parser_has_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cut event is decoded once for parser and rules."""
    monkeypatch.setattr("eks_log_forwarder.detection.event.decode_event", _fail)
    assert found_in(f'{CREATE}"requestObject":{{"spec":{{{CONTAINERS}')[1] == [PRIVILEGED, UNREADABLE]


def _fail(message: str) -> object:
    raise AssertionError(message)
