"""Headers that an option sets: which are valid, which are ours, and which look like secrets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eks_log_forwarder.config.headers import (
    effective,
    header_faults,
    header_warnings,
    says_secret,
    token_header_faults,
)
from eks_log_forwarder.redaction import secret_names

SECRET_NAMES = (
    "Authorization authorization AUTHORIZATION Proxy-Authenticate X-Authentication WWW-Authenticate "
    "X-Api-Key x-api-key X_API_KEY xApiKey X-APIKEY apikey Api-Key DD-API-KEY dd-application-key "
    "License-Key X-License X-Insert-Key Ocp-Apim-Subscription-Key x-functions-key X-Routing-Key "
    "X-Signing-Key X-Access-Key Key X-Keys X-Auth-Token X-Vault-Token X-Token token "
    "X-Amz-Security-Token X-Tokens PRIVATE-TOKEN X-Splunk-Token X-Secret X-Client-Secret X-Password "
    "X-Passwd X-Pass X-Pwd X-Passphrase X-Passcode X-Credential X-Creds Cookie Cookie2 Set-Cookie "
    "X-Session-Id X-Jwt-Assertion X-Bearer X-Hmac X-Signature X-Hub-Signature-256 X-Sig X-Sas X-Pat "
    "X-Auth X-Basic-Auth X-OAuth X-Otp X-Webhook-Id Sentry-Dsn X-Honeycomb-Team "
    "X-Authorisation X-Pin X-Ak X-SK "
)
HARMLESS_NAMES = (
    "X-Scope-OrgID X-Team X-Author X-Authority X-Compass X-Bypass-Cache X-Monkey X-Turkey-Count "
    "X-Keyboard X-Keyspace X-Environment X-Axiom-Dataset X-Sumo-Category X-Sumo-Host User-Agent "
    "Accept X-Tokenizer X-Request-Source Accept-Language X-Design X-Signal X-Region X-Friends-Name "
    "X-Patient X-Tenant "
)


@pytest.mark.parametrize("name", SECRET_NAMES.split())
def test_the_name_of_a_secret_is_refused(name: str) -> None:
    """In any spelling; the fault says where the value belongs, and does not show it."""
    (fault,) = header_faults("headers", {name: "s3cr3t"})
    assert name in fault or name == "Proxy-Authorization"
    assert "put the value into the secret as token, and name it in token_header" in fault
    assert "s3cr3t" not in fault


@pytest.mark.parametrize("name", HARMLESS_NAMES.split())
def test_other_names_are_allowed(name: str) -> None:
    """Also if a part of them looks like a secret's."""
    assert list(header_faults("headers", {name: "value"})) == []


@given(st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True))
def test_a_name_that_the_redaction_takes_for_a_secret_s_is_refused(name: str) -> None:
    """The options know at least the names that log lines are searched for."""
    assert says_secret(name) or not secret_names.says_secret(name)


@pytest.mark.parametrize("part", secret_names.SECRET_PARTS)
def test_a_part_that_the_redaction_knows_is_known(part: str) -> None:
    """Alone, and as a word of a name."""
    words = {"cred": "creds"}.get(part, part)
    assert says_secret(words)
    assert says_secret(f"X-{words.title()}")


@pytest.mark.parametrize(
    "value",
    [
        "Bearer s3cr3t",
        "basic czNjcjN0",
        "Token token=s3cr3t",
        "Splunk s3cr3t",
        "ApiKey s3cr3t",
        "OAuth s3cr3t",
        "SSWS s3cr3t",
    ],
)
def test_a_value_that_is_a_credential_is_refused_under_any_name(value: str) -> None:
    """With the scheme in front (RFC 9110, section 11.4)."""
    (fault,) = header_faults("headers", {"X-Forwarded-By": value})
    assert "X-Forwarded-By, which looks like a secret" in fault
    assert "s3cr3t" not in fault
    assert "czNjcjN0" not in fault


@pytest.mark.parametrize("name", ["x-api-key", "Authorization"])
def test_a_placeholder_takes_the_secret_part_from_the_secret(name: str) -> None:
    """Only in a destination that has placeholders."""
    headers = {name: "Bearer {token}"}
    assert list(header_faults("headers", headers, placeholder="{token}")) == []
    assert len(list(header_faults("headers", headers))) == 1


@pytest.mark.parametrize(
    "name",
    [
        *("Host", "connection", "Content-Length", "Transfer-Encoding", "TE", "Upgrade", "Expect", "Trailer"),
        *("Proxy-Authorization", "Accept-Encoding", "Keep-Alive", "Proxy-Connection"),
    ],
)
def test_headers_of_the_connection_are_the_forwarder_s(name: str) -> None:
    """In any case of letters, with or without a placeholder."""
    for placeholder in ("", "{token}"):
        (fault,) = header_faults("headers", {name: "{token}"}, placeholder=placeholder)
        assert fault == f"headers has {name}, which the forwarder sets"


@pytest.mark.parametrize("name", ["Content-Type", "content-type", "CONTENT-ENCODING"])
def test_the_body_s_own_headers_win_with_a_warning(name: str) -> None:
    """They are what the body is."""
    headers = {name: "text/plain", "X-Team": "a"}
    assert list(header_faults("headers", headers)) == []
    (warning,) = header_warnings("headers", headers)
    assert name in warning
    assert effective(headers) == {"X-Team": "a"}


@pytest.mark.parametrize(
    "name", ["", "X A", "X:A", "X\r\nA", "X\u00e9", "X(A)", "X\x00", "x" * 129, " X", "X/A"]
)
def test_a_name_that_is_no_token_is_a_fault(name: str) -> None:
    """RFC 9110, section 5.6.2; it is not shown, since a value may be in its place."""
    assert list(header_faults("headers", {name: "v"})) == [
        "headers has a name that is not a valid header name"
    ]
    assert list(token_header_faults(name, None, {})) == ["token_header is not a valid header name"]


@pytest.mark.parametrize(
    "value",
    ["", " ", "a\r\nX-B: c", "a\nb", "a\x00b", "a\tb", "a\x7f", " a", "a ", "\u20ac", "\x85a", "a\ud83d"],
)
def test_a_value_that_no_header_can_hold_is_a_fault(value: str) -> None:
    """No control character, nothing outside of ISO-8859-1, no white space at either end."""
    (fault,) = header_faults("headers", {"X-Team": value})
    assert fault == "headers has a value for X-Team that is empty or not allowed in a header"


@pytest.mark.parametrize("value", ["a", "a b", "\u00e9t\u00e9", "{}", 'a,b;c="d"', "~" * 200])
def test_a_value_may_be_any_other_text(value: str) -> None:
    """Of ISO-8859-1."""
    assert list(header_faults("headers", {"X-Team": value})) == []


def test_a_name_is_there_once() -> None:
    """In any case of letters; every fault is told."""
    faults = list(header_faults("headers", {"X-A": "1", "x-a": "2", "X-B": "\n"}))
    assert len(faults) == 2
    assert "x-a more than once" in faults[0]


@pytest.mark.parametrize(
    ("name", "prefix", "headers", "fault"),
    [
        ("Content-Type", None, {}, "token_header is Content-Type, which the forwarder sets"),
        ("host", None, {}, "token_header is host, which the forwarder sets"),
        ("Proxy-Authorization", None, {}, "token_header is Proxy-Authorization, which the forwarder sets"),
        ("X-Team", None, {"x-team": "a"}, "token_header is X-Team, which headers has, too"),
        ("X-Key", "a\r\nb", {}, "token_prefix is not allowed in a header"),
        ("X-Key", " a", {}, "token_prefix is not allowed in a header"),
        ("X-Key", "\u20ac", {}, "token_prefix is not allowed in a header"),
    ],
)
def test_faults_of_the_token_s_header(
    name: str, prefix: str | None, headers: dict[str, str], fault: str
) -> None:
    """Each is told in words."""
    assert list(token_header_faults(name, prefix, headers)) == [fault]


@pytest.mark.parametrize("prefix", [None, "", "Bearer", "Bearer ", "Token token=", "GenieKey"])
def test_a_prefix_may_be_empty_and_end_in_a_space(prefix: str | None) -> None:
    """Or in anything that a header can hold."""
    assert list(token_header_faults("DD-API-KEY", prefix, {})) == []
