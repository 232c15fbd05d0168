"""Cut audit events: the header of the intact part, and texts that are not cut events."""

import json

import pytest

from eks_log_forwarder.control_plane.audit import AuditHeader, ObjectRef, ResponseStatus, User
from eks_log_forwarder.control_plane.audit_salvage import read_audit
from tests.cost import cpu_seconds_of

WHOLE = (
    '{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"c-1",'
    '"stage":"ResponseComplete","requestURI":"/apis/apps/v1/deployments","verb":"create",'
    '"user":{"username":"dana \\"d\\"","groups":["ops"]},"sourceIPs":["10.0.0.1"],"userAgent":"kubectl/v1",'
    '"objectRef":{"resource":"deployments","name":"web","apiGroup":"apps"},"responseStatus":{"code":201},'
    '"requestObject":{"verb":"nested","auditID":"nested","flag":true,"none":null,"n":-1.5e+3,'
    '"user":{"username":"nested"},"text":"\\u00e9 {[ \\\\"},"annotations":{"a":"b"}}'
)
HEADER = AuditHeader(
    level="RequestResponse",
    audit_id="c-1",
    stage="ResponseComplete",
    request_uri="/apis/apps/v1/deployments",
    verb="create",
    user=User(username='dana "d"', groups=["ops"]),
    source_ips=["10.0.0.1"],
    user_agent="kubectl/v1",
    object_ref=ObjectRef(resource="deployments", name="web", api_group="apps"),
    response_status=ResponseStatus(code=201),
)


def salvage_audit(message: str) -> AuditHeader | None:
    """The header of an event that is not whole."""
    reading = read_audit(message)
    return None if reading is None or reading.whole else reading.header


BODY = WHOLE.index('"requestObject"')


@pytest.mark.parametrize("marker", ["", "[Truncated...]", " [Truncated...]\n"])
@pytest.mark.parametrize(
    "cut", [BODY, BODY + 30, WHOLE.index("é") if "é" in WHOLE else BODY + 90, BODY + 110]
)
def test_salvages_the_whole_header_from_an_event_cut_in_its_body(cut: int, marker: str) -> None:
    """Everything before the body is salvaged, and nothing from within it."""
    assert salvage_audit(WHOLE[:cut] + marker) == HEADER


@pytest.mark.parametrize("marker", ["", "[Truncated...]"])
def test_every_beginning_of_an_event_is_a_cut_event(marker: str) -> None:
    """Cut after any character, an event is known as cut, and each field is whole or absent."""
    whole = json.loads(WHOLE)
    for cut in range(1, len(WHOLE)):
        header = salvage_audit(WHOLE[:cut] + marker)
        assert header is not None, WHOLE[:cut]
        assert header.verb in {"", whole["verb"]}
        assert header.audit_id in {"", whole["auditID"]}
        assert header.user in (User(), HEADER.user)
        assert header.object_ref in (None, HEADER.object_ref)
        assert header.response_status in (None, HEADER.response_status)


def test_half_a_user_is_no_user() -> None:
    """A field that the cut went through is absent, not partly there."""
    header = salvage_audit('{"auditID":"c-2","verb":"get","user":{"username":"dana","groups":["op')
    assert header == AuditHeader(audit_id="c-2", verb="get")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ('{"kind":"Event","auditID":"a"}[Truncated...]', AuditHeader(audit_id="a")),
        ('{"auditID":"a","requestObject":{"b":"c"}', AuditHeader(audit_id="a")),
        ('{"auditID":"a","x":' + "[" * 100_000, AuditHeader(audit_id="a")),
        ('{"auditID":"a","x":' + "9" * 100_000, AuditHeader(audit_id="a")),
        ('{"auditID":"a","user":null,"user', AuditHeader(audit_id="a")),
        ('{"auditID":"a\tb","verb":"ge', AuditHeader(audit_id="a\tb")),
        (r'{"auditID":"a","verb":"\ud800","st', AuditHeader(audit_id="a", verb="�")),
        (r'{"auditID":"a","verb":{"x":"\ud800"},"st', AuditHeader(audit_id="a", verb='{"x":"�"}')),
        ('{"stage', AuditHeader()),
        ('{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID', AuditHeader()),
    ],
)
def test_salvages_what_is_there(message: str, expected: AuditHeader) -> None:
    """Closed, nested or odd beginnings give all that is complete, even if that is nothing."""
    assert salvage_audit(message) == expected


@pytest.mark.parametrize(
    "message",
    [
        "",
        "[Truncated...]",
        "plain text, cut[Truncated...]",
        "{not json",
        '{"broken": json}',
        '["a',
        "{}",
        '{"a":1}',
        '{"auditID":"a","verb":"get"}',
        '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x',
        '{"kind":"Event","apiVersion":"v1","message":"x[Truncated...]',
        '{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{"auditID":"a"',
    ],
)
def test_other_text_is_no_cut_event(message: str) -> None:
    """Text, closed objects and objects of another kind are not taken for cut audit events."""
    assert salvage_audit(message) is None


@pytest.mark.parametrize("filler", ['"', '\\"', '{"a":', "[", '"a":1,', '{"b":"c"},', " "])
def test_a_megabyte_takes_time_linear_in_its_length(filler: str) -> None:
    """A cut event of the largest size is read in well under a second."""
    message = '{"auditID":"a","requestObject":"x",' + filler * (1_000_000 // len(filler))
    assert cpu_seconds_of(lambda: salvage_audit(message)) < 2
    assert salvage_audit(message) == AuditHeader(audit_id="a")
