"""Lines of aws-iam-authenticator."""

import msgspec
import pytest

from eks_log_forwarder.control_plane.authenticator import AuthenticatorLine, parse_authenticator

EXPIRED = (
    'time="2024-05-06T07:08:09Z" level=warning msg="access denied" client="127.0.0.1:41000" error="sts '
    "getCallerIdentity failed: error from AWS (expected 200, got 403) on host sts.eu-west-1.amazonaws.com. "
    'Body: {\\"Error\\":{\\"Code\\":\\"ExpiredToken\\",'
    '\\"Message\\":\\"The token \\\\\\"t\\\\\\" is expired\\",'
    '\\"Type\\":\\"Sender\\"},\\"RequestId\\":\\"r-1\\"}" method=POST path=/authenticate'
)
LINES = [
    (
        (
            'time="2024-05-06T07:08:09Z" level=warning msg="access denied" '
            'arn="arn:aws:iam::111122223333:role/ci" client="127.0.0.1:41000" error="identity is not mapped" '
            "method=POST path=/authenticate"
        ),
        AuthenticatorLine(
            time="2024-05-06T07:08:09Z",
            level="warning",
            msg="access denied",
            arn="arn:aws:iam::111122223333:role/ci",
            error="identity is not mapped",
            fields={"client": "127.0.0.1:41000", "method": "POST", "path": "/authenticate"},
        ),
    ),
    (
        (
            'time="2024-05-06T07:08:09Z" level=info msg="access granted" '
            'arn="arn:aws:iam::111122223333:role/ops" groups="[ops system:masters]" '
            'uid="aws-iam-authenticator:111122223333:AROAEXAMPLE" username="ops:dana"'
        ),
        AuthenticatorLine(
            time="2024-05-06T07:08:09Z",
            level="info",
            msg="access granted",
            arn="arn:aws:iam::111122223333:role/ops",
            username="ops:dana",
            groups=["ops", "system:masters"],
            fields={"uid": "aws-iam-authenticator:111122223333:AROAEXAMPLE"},
        ),
    ),
    (
        EXPIRED,
        AuthenticatorLine(
            time="2024-05-06T07:08:09Z",
            level="warning",
            msg="access denied",
            error="sts getCallerIdentity failed: error from AWS (expected 200, got 403) on host "
            'sts.eu-west-1.amazonaws.com. Body: {"Error":{"Code":"ExpiredToken",'
            '"Message":"The token \\"t\\" is expired","Type":"Sender"},"RequestId":"r-1"}',
            fields={
                "client": "127.0.0.1:41000",
                "method": "POST",
                "path": "/authenticate",
                "errorCode": "ExpiredToken",
                "errorMessage": 'The token "t" is expired',
            },
        ),
    ),
    (
        (
            'time="2024-05-06T07:08:09Z" level=error msg="could not render template" groups="[]" username= '
            'error="unknown \\"{{Nope}}\\""'
        ),
        AuthenticatorLine(
            time="2024-05-06T07:08:09Z",
            level="error",
            msg="could not render template",
            error='unknown "{{Nope}}"',
        ),
    ),
    ("level=info msg=started groups=ops", AuthenticatorLine(level="info", msg="started", groups=["ops"])),
    (
        'time="t" level=info msg="say \\"level=fatal\\"" level=debug',
        AuthenticatorLine(time="t", level="info", msg='say "level=fatal"'),
    ),
    (
        'level=info msg=x error="{\\"Error\\":{\\"Code\\":\\"cut',
        AuthenticatorLine(level="info", msg="x", error='{"Error":{"Code":"cut'),
    ),
    (
        'level=info msg=x error="{\\"Error\\":\\"text\\"}"',
        AuthenticatorLine(level="info", msg="x", error='{"Error":"text"}'),
    ),
    (
        'level=info msg=x error="{\\"Error\\":{\\"Code\\":7}}"',
        AuthenticatorLine(level="info", msg="x", error='{"Error":{"Code":7}}'),
    ),
]


@pytest.mark.parametrize(("message", "expected"), LINES)
def test_parses_a_line(message: str, expected: AuthenticatorLine) -> None:
    """The named keys stand by themselves, all others under fields, quotes and escapes resolved."""
    assert parse_authenticator(message) == expected


def test_a_denial_before_the_mapping_has_no_arn() -> None:
    """An encoded denial leaves out the arn, the user name and the groups that it does not have."""
    line = msgspec.json.decode(msgspec.json.encode(parse_authenticator(EXPIRED)))
    assert sorted(line) == ["error", "fields", "level", "msg", "time"]


@pytest.mark.parametrize(
    "message",
    [
        "",
        "started",
        "level=info",
        'time="t" msg=x',
        "loglevel=info msg=x",
        'text "level=info msg=x"',
        "level= x",
    ],
)
def test_text_without_logrus_keys_is_no_line(message: str) -> None:
    """Text is logrus only if it has the keys level, and time or msg."""
    assert parse_authenticator(message) is None
