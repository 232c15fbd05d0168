"""The destination's secret: its forms, its faults, its cache; never shown."""

import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer

from eks_log_forwarder.config.credentials import (
    Credentials,
    SecretReader,
    parse_secret,
    read_nothing,
    usable_fields,
)
from eks_log_forwarder.errors import SecretError
from tests.secrets_manager import ARN, SecretsManager

TOKEN = "s3cr3t-token-5e7f"
EVERY_FIELD = usable_fields("elasticsearch")


@pytest.fixture(scope="module")
def server() -> Iterator[HTTPServer]:
    """One server for all tests of this file: stopping it takes half a second."""
    with HTTPServer(host="127.0.0.1") as running:
        yield running


@pytest.fixture
def secrets_manager(server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> SecretsManager:
    """A Secrets Manager on this machine that boto3 finds by the environment."""
    server.clear()
    for name, value in SecretsManager.environ(server).items():
        monkeypatch.setenv(name, value)
    return SecretsManager(server)


def fault_of(value: str, destination: str = "elasticsearch") -> str:
    """The error about a secret that a destination cannot use."""
    with pytest.raises(SecretError) as caught:
        parse_secret(value, ARN, usable_fields(destination))
    assert_untold("".join(traceback.format_exception(caught.value)))
    return str(caught.value)


def assert_untold(text: str) -> None:
    """A text does not hold the token."""
    assert TOKEN not in text


@pytest.mark.parametrize(
    ("value", "credentials"),
    [
        (TOKEN, Credentials(token=TOKEN)),
        (f" {TOKEN}\r\n", Credentials(token=TOKEN)),
        ('"quoted"', Credentials(token='"quoted"')),
        ("[1]", Credentials(token="[1]")),
        (f'{{"token": "{TOKEN}"}}', Credentials(token=TOKEN)),
        (f' {{"token": "{TOKEN}\\n"}} ', Credentials(token=TOKEN)),
        ('{"username": "u", "password": "p"}', Credentials(username="u", password="p")),
        (
            '{"ca_certificate": "CA", "client_certificate": "CC", "client_key": "CK"}',
            Credentials(ca_certificate="CA", client_certificate="CC", client_key="CK"),
        ),
    ],
)
def test_a_secret_is_a_plain_token_or_an_object_of_known_fields(value: str, credentials: Credentials) -> None:
    """Surrounding white space, as an editor leaves it, is removed."""
    assert parse_secret(value, ARN, EVERY_FIELD) == credentials


@pytest.mark.parametrize("value", ["", "  ", "\n"])
def test_an_empty_secret_is_a_fault(value: str) -> None:
    """A collector would answer every request with 401."""
    assert fault_of(value) == f"the destination's secret {ARN} is empty"


@pytest.mark.parametrize(
    "value",
    [
        f'{{"token": "{TOKEN}"',
        f"{{{TOKEN}}}",
        f'{{"token": ["{TOKEN}"]}}',
        '{"token": 1}',
        f'{{"token": "{TOKEN}", "password": null}}',
        f'{{"token": "{TOKEN}\\ud83d"}}',
        "{\ud83d",
    ],
)
def test_an_object_with_other_values_than_strings_is_a_fault(value: str) -> None:
    """Its content is not shown."""
    assert fault_of(value) == (
        f"the destination's secret {ARN} begins like a JSON object but is not a JSON object of strings"
    )


def test_unknown_fields_are_a_fault_that_names_the_known_ones() -> None:
    """Unknown ones are counted, not named: a token may be in the place of a name."""
    assert fault_of(f'{{"{TOKEN}": "x", "Token": "y", "token": "z"}}') == (
        f"the destination's secret {ARN} has 2 unknown field(s); it may hold "
        "token, username, password, ca_certificate, client_certificate, client_key"
    )


@pytest.mark.parametrize("destination", ["xplg", "splunk_hec"])
@pytest.mark.parametrize(
    ("value", "fields"),
    [
        (f'{{"username": "u", "password": "{TOKEN}"}}', "username, password"),
        (f'{{"token": "t", "password": "{TOKEN}"}}', "password"),
    ],
)
def test_a_field_that_the_destination_cannot_use_is_named(destination: str, value: str, fields: str) -> None:
    """It would be sent without the credentials that the operator meant."""
    assert fault_of(value, destination) == (
        f"the destination's secret {ARN} has {fields}, which this destination cannot use; it may hold "
        "token, ca_certificate, client_certificate, client_key"
    )


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("{}", "has no field"),
        (' { "token" : "" } ', "has an empty token"),
        ('{"username": "u", "password": " "}', "has an empty password"),
    ],
)
def test_a_secret_that_holds_nothing_is_a_fault(value: str, fault: str) -> None:
    """A collector would answer every request with 401, or accept it from anybody."""
    assert fault_of(value).startswith(f"the destination's secret {ARN} {fault}; it may hold token")


def test_no_credential_shows_in_a_repr() -> None:
    """None of the eight."""
    assert repr(Credentials(*["private"] * 8)) == "Credentials()"


PROXY_LOGIN = f'{{"token": "t", "proxy_username": "p", "proxy_password": "{TOKEN}"}}'


@pytest.mark.parametrize("destination", ["xplg", "http", "splunk_hec", "elasticsearch", "loki", "otlp"])
def test_every_destination_can_use_the_login_of_a_proxy(destination: str) -> None:
    """Where the option names a proxy; otherwise the fault says which option is missing."""
    usable = usable_fields(destination, proxy=True)
    expected = Credentials(token="t", proxy_username="p", proxy_password=TOKEN)
    assert parse_secret(PROXY_LOGIN, ARN, usable) == expected
    assert f"{ARN} has proxy_username, proxy_password, which needs the option proxy; it may hold token" in (
        fault_of(PROXY_LOGIN, destination)
    )


def test_a_destination_without_a_secret_has_no_credentials() -> None:
    """Read again or not."""
    assert read_nothing() == read_nothing(again=True) == Credentials()


@given(st.text())
def test_any_text_is_credentials_or_a_named_fault(value: str) -> None:
    """No other exception leaves the parser."""
    try:
        parse_secret(value, ARN, EVERY_FIELD)
    except SecretError as error:
        assert ARN in str(error)  # noqa: PT017  # either end is right


def test_reads_the_secret_by_its_arn(secrets_manager: SecretsManager) -> None:
    """With one call."""
    secrets_manager.holds(SecretString=f'{{"token": "{TOKEN}"}}')
    assert SecretReader(ARN, EVERY_FIELD)() == Credentials(token=TOKEN)
    assert secrets_manager.asked_for == [{"SecretId": ARN}]


def test_a_secret_is_read_once_and_then_again_on_demand(secrets_manager: SecretsManager) -> None:
    """`again` bypasses the cache and refreshes it."""
    read = SecretReader(ARN, EVERY_FIELD)
    secrets_manager.holds(SecretString="old")
    tokens = [read().token, read().token]
    secrets_manager.holds(SecretString="new")
    tokens += [read().token, read(again=True).token, read().token]
    assert tokens == ["old", "old", "old", "new", "new"]
    assert len(secrets_manager.asked_for) == 2


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("ResourceNotFoundException", "ResourceNotFoundException"),
        ("AccessDeniedException", "AccessDeniedException"),
    ],
)
def test_a_refusal_is_told_with_its_reason(secrets_manager: SecretsManager, kind: str, says: str) -> None:
    """And with the secret's name; without what was cached before."""
    read = SecretReader(ARN, EVERY_FIELD)
    secrets_manager.holds(SecretString=TOKEN)
    read()
    secrets_manager.refuses(kind)
    with pytest.raises(SecretError, match=says) as caught:
        read(again=True)
    assert str(caught.value).startswith(f"the destination's secret {ARN} could not be read: ")
    assert_untold("".join(traceback.format_exception(caught.value)))
    assert_untold(repr(read))


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ({"SecretBinary": "czNjcjN0"}, "is binary; store it as text"),
        ({"SecretString": " "}, "is empty"),
        ({"SecretString": '{"tokem": "x"}'}, "has 1 unknown field(s)"),
    ],
)
def test_a_secret_that_cannot_be_used_is_told_and_read_again(
    secrets_manager: SecretsManager, answer: dict[str, Any], fault: str
) -> None:
    """After it is corrected, `again` reads it."""
    read = SecretReader(ARN, EVERY_FIELD)
    secrets_manager.holds(**answer)
    with pytest.raises(SecretError) as caught:
        read()
    assert str(caught.value).startswith(f"the destination's secret {ARN} {fault}")
    secrets_manager.holds(SecretString=TOKEN)
    assert read(again=True).token == TOKEN
