"""What the listener shows of a record that is not the usual one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.listener.gist import line_of

_STREAM = "kube-apiserver-audit-0123456789abcdef0123456789abcdef"
_EXEC = {"resource": "pods", "namespace": "prod", "name": "web-1", "subresource": "exec"}


@pytest.mark.parametrize(
    ("record", "gist"),
    [
        (
            {
                "audit": {
                    "verb": "get",
                    "user": {"username": "bob"},
                    "objectRef": _EXEC,
                    "stage": "ResponseStarted",
                }
            },
            "bob get pods/prod/web-1/exec [ResponseStarted]",
        ),
        (
            {"audit": {"verb": "get", "requestURI": "/version", "responseStatus": {"code": 401}}},
            "? get /version -> 401",
        ),
        ({"klog": {"severity": "E", "file": "a.go", "line": 7, "message": "no"}}, "E a.go:7 no"),
        (
            {"authenticator": {"msg": "access granted", "arn": "arn:x", "username": "u"}},
            "access granted arn:x u",
        ),
        (
            {"message": '{"verb": "get", "user": {"usern[Truncated...]'},
            '{"verb": "get", "user": {"usern[Truncated...]',
        ),
        ({"message": '{"verbs": 7}'}, '{"verbs": 7}'),
        (
            {"message": 'I0114 10:00:00.461394  801139 a.go:7] "Attempting to bind" pod="a/b" node="c"'},
            "I a.go:7 Attempting to bind pod=a/b node=c",
        ),
        (
            {"logType": "autoModeIpam", "message": '{"level":"info","msg":"attached","eni":"eni-7"}'},
            "I attached eni=eni-7",
        ),
        (
            {"logType": "capabilityArgocd", "message": 'level=warning msg="no" application=shop'},
            "W no application=shop",
        ),
        ({"message": "", "n": 1}, '{"message":"","n":1}'),
        ({"message": "x" * 3_000}, "x" * 2_000),
    ],
)
def test_the_gist_of_a_record(record: dict[str, object], gist: str) -> None:
    """From the message, or from the parsed event where there is none; else the text or the whole record."""
    assert line_of(record).gist == gist


def test_a_plain_record_shows_what_its_group_and_stream_tell() -> None:
    """The article's four keys alone name the cluster and the kind of stream."""
    line = line_of(
        {"timestamp": 0, "logGroup": "/aws/eks/prod/cluster", "logStream": _STREAM, "message": "m"}
    )
    assert (line.time, line.cluster, line.log_type) == ("00:00:00.000", "prod", "kube-apiserver-audit")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_KEYS = st.sampled_from(
    ["timestamp", "logGroup", "logStream", "message", "cluster", "logType", "audit", "klog"]
)


@given(st.dictionaries(_KEYS | st.text(), _JSON, max_size=6))
def test_any_record_can_be_shown_without_moving_the_cursor(record: dict[str, object]) -> None:
    """Whatever the values are, and with no control character left."""
    line = line_of(record)
    shown = line.time + line.cluster + line.log_type + line.gist
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in shown)
