"""How JSON is written changes nothing about what redaction removes."""

import json
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eks_log_forwarder.redaction import redact
from eks_log_forwarder.redaction.escapes import Unescaped

MARKER = re.compile(r"\[REDACTED:\d+\]")
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln"
KEY = f"-----BEGIN PRIVATE KEY-----\n{'MIIEvQ+/' * 8}\nAbc=\n-----END PRIVATE KEY-----\n"
POD = {
    "kind": "Pod",
    "spec": {
        "env": [{"name": "LOG", "value": "a/b"}, {"name": "DB_PASSWORD", "value": 'x"\\/y'}],
        "httpHeaders": [{"name": "Authorization", "value": "Basic dXNlcjpw"}],
        "args": [f"--jwt={JWT}", "curl -H 'Authorization: Bearer a0b1/c2' https://x/?token=abc1&b=2", KEY],
    },
}
SECRET = {"kind": "Secret", "metadata": {"labels": {"data": "x"}}, "data": {"p": "eA==", "q": "e/8="}}
EVENTS = [
    {"auditID": "a", "requestURI": "/api/v1/x?token=abc1&watch=1", "objectRef": {"resource": "pods"}},
    {"requestObject": POD},
    {"requestObject": {"metadata": {"annotations": {"last-applied": json.dumps(POD)}}}},
    {"objectRef": {"resource": "mirrors"}, "responseObject": {"items": [SECRET, POD]}},
    {"objectRef": {"resource": "mirrors"}, "requestObject": {"a": json.dumps({"b": json.dumps(SECRET)})}},
    {
        "objectRef": {"resource": "secrets"},
        "requestObject": [{"op": "add", "path": "/data/p", "value": "eA=="}, {"op": "remove", "path": "/x"}],
    },
    {"requestObject": [{"op": "replace", "path": "/spec/containers/0/env/2/value", "value": "v1"}]},
]


def _written(value: object, choice: random.Random, *, nested: bool = True) -> str:
    """The JSON of a value with any escapes, white space and order of keys; JSON in strings too."""
    space = choice.choice(["", "", " ", "\n  ", "\t"])
    if isinstance(value, dict):
        members = list(value.items())
        choice.shuffle(members)
        pairs = [f"{_string(key, choice)}{space}:{space}{_written(item, choice)}" for key, item in members]
        return f"{{{space}{f'{space},{space}'.join(pairs)}{space}}}"
    if isinstance(value, list):
        return f"[{space}{f'{space},{space}'.join(_written(item, choice) for item in value)}{space}]"
    if isinstance(value, str):
        return _string(_written(json.loads(value), choice) if nested and value[:1] == "{" else value, choice)
    return json.dumps(value)


def _string(text: str, choice: random.Random) -> str:
    return f'"{"".join(_character(character, choice) for character in text)}"'


def _character(character: str, choice: random.Random) -> str:
    if choice.random() < 0.2:
        code = f"{ord(character):04x}"
        return f"\\u{code.upper() if choice.random() < 0.5 else code}"
    if character == "/" and choice.random() < 0.5:
        return "\\/"
    return json.dumps(character)[1:-1]


def _taken(text: str) -> object:
    """The event after redaction, with the same marker everywhere and JSON in strings decoded."""
    return _decoded(json.loads(MARKER.sub("[GONE]", redact(text)[0])))


def _decoded(value: object) -> object:
    if isinstance(value, dict):
        return {key: _decoded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        return _decoded(json.loads(value))
    return value


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(EVENTS), st.integers(0, 2**32))
def test_removes_the_same_however_json_is_written(event: dict[str, object], seed: int) -> None:
    """Escapes of any character, their letter case, white space and order of keys change nothing."""
    plain = json.dumps(event, separators=(",", ":"))
    written = _written(event, random.Random(seed))  # noqa: S311  # no secret
    assert _decoded(json.loads(written)) == _decoded(event)
    assert _taken(written) == _taken(plain)
    assert "[GONE]" in json.dumps(_taken(plain))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AUTHORIZATION: BEARER a0b1", "AUTHORIZATION: [REDACTED:11]"),
        ("x-amz-signature=beef", "x-amz-signature=[REDACTED:4]"),
        ("X-AMZ-SECURITY-TOKEN: beef0", "X-AMZ-SECURITY-TOKEN: [REDACTED:5]"),
        ("bearer a0b1", "bearer [REDACTED:4]"),
        ("auTHoriZation: bAsIc a0b1", "auTHoriZation: [REDACTED:10]"),
        ("x-aMZ-securitY-tOken=beef0", "x-aMZ-securitY-tOken=[REDACTED:5]"),
        ("h=auThorization%3A%20beAReR%20a0b1", "h=auThorization%3A%20[REDACTED:13]"),
        ("İİ beaRer a0b1", "İİ beaRer [REDACTED:4]"),
        ('{"BeaRERtoKEN":"a0b1"}', '{"BeaRERtoKEN":"[REDACTED:4]"}'),
    ],
)
def test_names_of_headers_have_no_letter_case(text: str, expected: str) -> None:
    """RFC 9110: names of fields and authentication schemes are the same in any mixture of letters."""
    assert redact(text) == (expected, 1)


def test_keeps_the_spelling_outside_the_markers() -> None:
    """Only what is secret changes; the number of characters is that of the raw text."""
    text = (
        '{"\\u0072equestObject":{"e\\u006ev":[{"value":"\\u0061\\/b","name":"A_\\u004bEY"}],"x":"\\u0041"}}'
    )
    assert redact(text) == (text.replace("\\u0061\\/b", "[REDACTED:9]"), 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\\u0065\\/", "e/"),
        ("\\u0022\\u005C\\u000A", '\\"\\\\\\n'),
        ("\\\\u0065", "e"),
        ("\\\\u0022", '\\\\\\"'),
        ("\\u005cu0065", "e"),
        ("\\u00e9\\u0001\\\\", "\\u00e9\\u0001\\\\"),
    ],
)
def test_reads_escapes_at_any_depth(text: str, expected: str) -> None:
    """Each character has one spelling afterwards; characters beyond ASCII stay as they are."""
    unescaped = Unescaped(text)
    assert unescaped.text == expected
    assert unescaped.original_span((0, len(expected))) == (0, len(text))
