"""The quick look at a text: where it finds nothing, there is nothing to redact."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eks_log_forwarder import redaction
from eks_log_forwarder.redaction.suspicion import is_suspicious

_ENV, _ARGS = '"env":[{"name":"PORT","value":"80"}]', '"args":["--v=2"]'
HARMLESS = [
    f'{{"requestObject":{{{_ENV},{_ARGS}}},"responseObject":{{{_ENV},{_ARGS}}}}}',
    f'{{"requestObject":{{{_ENV},{_ARGS}}},"responseObject":{{{_ARGS},{_ENV},{_ENV}}}}}',
    '{"auditID":"1","annotations":{"authorization.k8s.io/decision":"allow"}}',
    '{"requestObject":{"spec":{"containers":[{"env":[{"name":"PORT","value":"80"}]}]}}}',
    '{"requestObject":{"spec":{"containers":[{"env":[],"image":"a"}]}}}',
    '{"requestObject":{"metadata":{"labels":{"my-env":"prod"}}}}',
    '{"volumes":[{"projected":{"sources":[{"serviceAccountToken":{"path":"token"}}]}}]}',
    '{"requestObject":{"spec":{"args":["--v=2"],"command":["/bin/app","serve"]}}}',
    '{"status":{"containerID":"containerd://a","image":"nginx@sha256:b"}}',
    '{"auditID":"1","objectRef":{"resource":"secrets"},"responseStatus":{}}',
    "I0914 09:46:06.295709      10 flags.go:59] FLAG: --v=2",
    "",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_finds_nothing_in_what_is_frequent_and_harmless(text: str) -> None:
    """Each of these is in many events, and none needs the patterns."""
    assert not is_suspicious(text)


_SECRET_ENV = '"env":[{"name":"PORT","value":"80"},{"name":"DB_PASS","value":"x"}]'
SUSPICIOUS = [
    f'{{"requestObject":{{{_ENV}}},"responseObject":{{{_SECRET_ENV}}}}}',
    f'{{"requestObject":{{{_ENV},{_ARGS}}},"responseObject":{{{_ENV},{_SECRET_ENV}}}}}',
    f'{{"requestObject":{{{_ENV}}},"responseObject":{{{_ENV[:-1]},{{"name":"API_KEY","value":"x"}}]}}}}',
    '{"env":[{"name":"DB_PASSWORD","value":"x"}]}',
    '{"env":[{"name":"A","value":"[\\"}]"},{"name":"API_KEY","value":"x"}]}',
    '{"env":[{"name":"A","value":"a]b"},{"name":"ApiKey","value":"x"}]}',
    '{"env":[{"name":"A","x":[{"b":"c"}]},{"name":"TOKEN","value":"x"}]}',
    '{"env":[{"name":"A","value":"x"',
    '{"env":[{"name":"A_KEY","value":"x"}}',
    '{"env" : [{"name":"TOKEN","value":"x"}]}',
    '{"requestObject":[{"op":"add","path":"/data/a","value":"x"}]}',
    '{"requestObject" : [{"op":"add"}]}',
    "\ud83d eyJhbGciOi",
]


@pytest.mark.parametrize("text", SUSPICIOUS)
def test_leaves_the_decision_to_the_patterns(text: str) -> None:
    """A response that differs from its request, an array with an unclear end, white space, a patch, a cut."""
    assert is_suspicious(text)


PIECES = st.sampled_from(
    [
        *(
            '{"',
            '":"',
            '","',
            '"}',
            "}]",
            '":[{"',
            "]",
            "\\",
            '\\"',
            ":",
            "=",
            "?",
            "&",
            "%3D",
            " ",
            "\n",
            ":[",
        ),
        *("env", "name", "value", "DB_PASSWORD", "apiKey", "PORT", "token", "access_token", "Authorization"),
        *("Bearer ", "abcdefghijklmnopqrstuvwx", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "k8s-aws-v1."),
        *(
            "X-Amz-Signature",
            "client-key-data",
            "kind",
            "Secret",
            "SecretList",
            "data",
            "requestObject",
            "auditID",
        ),
        *(
            *("responseObject", '{"requestObject":{"env":', '},"responseObject":{"env":', "[]"),
            *('[{"name":"PORT","value":"80"}]', '[{"name":"API_KEY","value":"80"}]', ',"args":["-v"]'),
            "objectRef",
            "resource",
            "secrets",
            "-----BEGIN RSA PRIVATE KEY-----",
            "op",
            "path",
            "/env/0/value",
        ),
        *(
            "args",
            "command",
            "--",
            "-p",
            "mysql ",
            "https://",
            "@",
            "ghp_",
            "pwd",
            "auth",
            "SG.",
            "-key",
            "subresource",
        ),
        *("AUTHORIZATION", "bEARER ", "x-AMZ-signature", "a0B1c2D3e4F5g6H7i8J9k0L1m2N3o4P5q6R7s8T9", "exec"),
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join))
def test_changes_no_outcome(text: str) -> None:
    """The quick look finds each text in which the patterns would redact something."""
    found = redaction.redact_suspicious(text, None)
    assert redaction.redact(text) == found
    assert found[1] == 0 or is_suspicious(text)
