"""What the tables of docs/redaction.md cannot show: letter case, split events, base64, names and evidence."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eks_log_forwarder.redaction import redact
from eks_log_forwarder.redaction.secret_names import is_evidence, says_secret

LINE = "A1b2C3d4" * 8
KEY = f"-----BEGIN RSA PRIVATE KEY-----\n{LINE}\n{LINE}\n-----END RSA PRIVATE KEY-----\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@given(st.sampled_from(["authorization: basic a0b1", "bearer a0b1", "x-amz-signature=a0b1"]), st.randoms())
def test_letter_case_of_names_and_schemes_changes_nothing(text: str, choice: "st.random.Random") -> None:  # type: ignore[name-defined]
    """Each letter of the name is large or small."""
    name, secret = text[:-4], text[-4:]
    mixed = "".join(choice.choice((letter.lower(), letter.upper())) for letter in name)
    assert redact(f"curl {mixed}{secret} x")[0].endswith(
        "[REDACTED:10] x" if ":" in text else "[REDACTED:4] x"
    )


@pytest.mark.parametrize("before", ["", "x", "xy", "xyz", CERTIFICATE, f"a{CERTIFICATE}", f"ab{CERTIFICATE}"])
def test_finds_a_private_key_anywhere_in_base64(before: str) -> None:
    """What comes before the key in the base64 moves it by one or two bytes, and stays."""
    data = base64.b64encode(f"{before}{KEY}".encode()).decode()
    redacted, count = redact(f'{{"auditID":"a","requestObject":{{"x":"{data}"}}}}')
    assert count == 1
    kept = redacted.split('"x":"')[1].split("[REDACTED")[0]
    assert base64.b64decode(kept + "=" * (-len(kept) % 4)).decode() == before[: len(before) // 3 * 3]


FRAGMENTS = [
    ('D","value":"hunter2"},{"name":"LOG","value":"debug"}]', ["hunter2"], ["debug"]),
    ('unter2"},{"name":"LOG","value":"debug"}]', ["unter2"], ["debug"]),
    ('"name":"DB_PASS","value":"hunter2"},{"name":"LOG","value":"debug"}]', ["hunter2"], ["debug"]),
    ('"}],"env":[{"name":"API_KEY","value":"hunter2"}]', ["hunter2"], []),
    (
        '{"a":1}'[1:] + ',{"value":"hunter2","name":"DB_PASS"},{"value":"debug","name":"LOG"}',
        ["hunter2"],
        ["debug"],
    ),
    ('args","--db-password=hunter2","--v=2"],"image":"nginx"', ["hunter2"], ["--v=2", "nginx"]),
    ('","--api-token","hunter2","--v=2"]}', ["hunter2"], ["--v=2"]),
    (
        ',{\\"name\\":\\"DB_PASS\\",\\"value\\":\\"hunter2\\"},{\\"name\\":\\"LOG\\",\\"value\\":\\"debug\\"}"',
        ["hunter2"],
        ["debug"],
    ),
]


@pytest.mark.parametrize(("text", "gone", "kept"), FRAGMENTS)
def test_reads_a_part_that_starts_in_the_middle(text: str, gone: list[str], kept: list[str]) -> None:
    """Pairs and arguments are found without the key of their array; names stay."""
    redacted, count = redact(text)
    assert count == 1
    assert [secret for secret in gone if secret in redacted] == []
    assert [value for value in kept if value not in redacted] == []
    assert redact(redacted) == (redacted, 0)


@pytest.mark.parametrize(
    "line",
    [
        'I0101 00:00:00.000000       1 flags.go:64] FLAG: --authentication-token-webhook-cache-ttl="2m0s"',
        'time="2026-01-01T00:00:00Z" level=info msg="access granted" client="127.0.0.1:1" token=""',
        'E0101 00:00:00.000000       1 a.go:1] "Failed" err="token is expired" pod="shop/db-password-0"',
    ],
)
def test_keeps_lines_of_other_logs(line: str) -> None:
    """Lines of klog and logrus are not parts of JSON, and prose is not a secret."""
    assert redact(line) == (line, 0)


def test_keeps_the_command_of_exec_and_its_body() -> None:
    """The command is the evidence; a container's own is not."""
    body = {"kind": "PodExecOptions", "command": ["mysql", "-phunter2", "--password=hunter2x"]}
    event = {"auditID": "a", "objectRef": {"resource": "pods", "subresource": "exec"}, "requestObject": body}
    text = json.dumps(event, separators=(",", ":"))
    assert redact(text)[0].count("REDACTED") == 1  # password= is a form of its own
    body["command"] = ["mysql", "-phunter2", "--database", "shop"]
    text = json.dumps(event, separators=(",", ":"))
    assert redact(text) == (text, 0)


@pytest.mark.parametrize(
    "url", ["https://a:b@h,https://c:d@i", "mongodb+srv://a:p@w@h:1,i:2/db", "redis://:pw@h"]
)
def test_finds_each_password_in_urls(url: str) -> None:
    """Up to the last @ before the host; a user name may be absent."""
    expected = {
        "h": "https://a:[REDACTED:1]@h,https://c:[REDACTED:1]@i",
        "m": "mongodb+srv://a:[REDACTED:3]@h:1,i:2/db",
    }
    assert redact(f"x {url} y")[0] == f"x {expected.get(url[0], 'redis://:[REDACTED:2]@h')} y"


@pytest.mark.parametrize(
    "name", ["KEYCLOAK_REALM", "MONKEYPATCH", "AUTHOR", "TOKEN_FILE", "CREDENTIALS_PATH", "COMPASS_X"]
)
def test_names_that_only_look_secret(name: str) -> None:
    """Words decide, not parts of words, and the last word may say that it is about a secret."""
    assert not says_secret(name)


@pytest.mark.parametrize(
    "value",
    ["/var/run/a", "4096", "24h0m0s", "$(X)", "${X}", "https://a.b/c", "arn:aws:iam::1:role/x", "true"],
)
def test_values_that_are_evidence(value: str) -> None:
    """Each says something and reveals nothing."""
    assert is_evidence(value, "token")


@pytest.mark.parametrize(
    "value",
    ["hunter2", "/aB3dE5gH7jK9mN1pQ", "https://a.b/aB3dE5gH7jK9mN1pQ", "12345678901234567", "a" * 600],
)
def test_values_that_are_none(value: str) -> None:
    """A part that looks random is a secret, and so is a number that is too long."""
    assert not is_evidence(value, "token")
