"""The environment: every variable's default, its values, its faults."""

from ipaddress import IPv4Network, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eks_log_forwarder.config.settings import DestinationName, RecordFormat, Settings
from eks_log_forwarder.errors import SettingsError
from eks_log_forwarder.intake.log_type import LogType

URL = "https://xplg.example.internal:30443/logeye/api/logger.jsp"


def settings_of(**variables: str) -> Settings:
    """The settings of an environment with these variables."""
    return Settings.from_environ({"DESTINATION_URL": URL} | variables)


def faults_of(**variables: str) -> tuple[str, ...]:
    """Every fault of an environment."""
    with pytest.raises(SettingsError) as caught:
        settings_of(**variables)
    return caught.value.faults


DEFAULTS = {
    "destination": DestinationName.XPLG,
    "destination_url": URL,
    "destination_secret_arn": "",
    "max_batch_bytes": 1_000_000,
    "max_batch_events": 1000,
    "connect_timeout_seconds": 5.0,
    "read_timeout_seconds": 10.0,
    "retry_budget_seconds": 20.0,
    "record_format": RecordFormat.ENRICHED,
    "log_types": frozenset(LogType) - {LogType.UNKNOWN},
    "audit_policy": "none",
    "detections": True,
    "disabled_detections": (),
    "trusted_networks": (),
    "redact": True,
    "undelivered_queue_url": "",
    "dead_letter_queue_url": "",
    "rejected_tries": 3,
    "redrive_backoff_seconds": 30,
}
QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/111122223333/undelivered"


@pytest.mark.parametrize(("name", "default"), DEFAULTS.items())
@pytest.mark.parametrize("text", [None, "", "  "], ids=["missing", "empty", "blank"])
def test_a_variable_that_says_nothing_has_its_default(name: str, default: object, text: str | None) -> None:
    """Missing and empty are the same, since a template's empty parameter sets an empty variable."""
    variables = {} if text is None or name == "destination_url" else {name.upper(): text}
    assert getattr(settings_of(**variables), name) == default


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("destination", "http", DestinationName.HTTP),
        ("destination", " xplg ", DestinationName.XPLG),
        ("destination_url", "http://10.0.0.7:30303/a?x=1", "http://10.0.0.7:30303/a?x=1"),
        ("destination_url", f" {URL}\n", URL),
        ("destination_url", "http://[fd00::7]:30303/a", "http://[fd00::7]:30303/a"),
        ("destination_secret_arn", "arn:aws:secretsmanager:…", "arn:aws:secretsmanager:…"),
        ("max_batch_bytes", "1", 1),
        ("max_batch_bytes", "100000000", 100_000_000),
        ("max_batch_events", "100000", 100_000),
        ("connect_timeout_seconds", "0.1", 0.1),
        ("connect_timeout_seconds", "3", 3.0),
        ("read_timeout_seconds", "900", 900.0),
        ("retry_budget_seconds", "0.1", 0.1),
        ("record_format", "plain", RecordFormat.PLAIN),
        ("record_format", "parsed", RecordFormat.PARSED),
        ("log_types", "audit", {LogType.AUDIT}),
        ("log_types", " api, controllerManager,,", {LogType.API, LogType.CONTROLLER_MANAGER}),
        ("log_types", ",", frozenset(LogType) - {LogType.UNKNOWN}),
        ("audit_policy", "lean", "lean"),
        ("detections", "off", False),
        ("detections", "on", True),
        ("disabled_detections", "a, b", ("a", "b")),
        ("trusted_networks", "", ()),
        ("redact", "off", False),
        ("undelivered_queue_url", QUEUE_URL, QUEUE_URL),
        ("dead_letter_queue_url", "http://127.0.0.1:4566/1/q", "http://127.0.0.1:4566/1/q"),
        ("rejected_tries", "1", 1),
        ("redrive_backoff_seconds", "900", 900),
    ],
)
def test_a_variable_says_what_its_text_says(name: str, text: str, value: object) -> None:
    """The bounds themselves are within, and blanks around a value do not count."""
    assert getattr(settings_of(**{name.upper(): text}), name) == value


@pytest.mark.parametrize(
    ("text", "detections"), [("all", False), (" all ", False), ("all,a", True), ("", True)]
)
def test_disabling_all_rules_switches_detections_off(text: str, *, detections: bool) -> None:
    """Only `all` alone; together with rule names it is the name of a rule, which does not exist."""
    assert settings_of(DISABLED_DETECTIONS=text).detections is detections


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        (
            "DESTINATION",
            "syslog",
            "DESTINATION is 'syslog': choose one of xplg, http, splunk_hec, elasticsearch, loki, otlp",
        ),
        (
            "DESTINATION",
            "XPLG",
            "DESTINATION is 'XPLG': choose one of xplg, http, splunk_hec, elasticsearch, loki, otlp",
        ),
        (
            "BODY_FORMAT",
            "ndjson",
            "BODY_FORMAT is no longer read: remove it, and set the option body_format in DESTINATION_OPTIONS",
        ),
        (
            "COMPRESSION",
            "gzip",
            "COMPRESSION is no longer read: remove it, and set the option compression in DESTINATION_OPTIONS",
        ),
        ("RECORD_FORMAT", "raw", "RECORD_FORMAT is 'raw': choose one of enriched, parsed, plain, ocsf"),
        ("MAX_BATCH_BYTES", "0", "MAX_BATCH_BYTES is '0': give a whole number from 1 to 100000000"),
        ("MAX_BATCH_BYTES", "1e6", "MAX_BATCH_BYTES is '1e6': give a whole number from 1 to 100000000"),
        ("MAX_BATCH_EVENTS", "-1", "MAX_BATCH_EVENTS is '-1': give a whole number from 1 to 100000"),
        ("MAX_BATCH_EVENTS", "100001", "MAX_BATCH_EVENTS is '100001': give a whole number from 1 to 100000"),
        ("CONNECT_TIMEOUT_SECONDS", "0", "CONNECT_TIMEOUT_SECONDS is '0': give a number from 0.1 to 900"),
        ("CONNECT_TIMEOUT_SECONDS", "nan", "CONNECT_TIMEOUT_SECONDS is 'nan': give a number from 0.1 to 900"),
        ("READ_TIMEOUT_SECONDS", "inf", "READ_TIMEOUT_SECONDS is 'inf': give a number from 0.1 to 900"),
        ("DETECTIONS", "yes", "DETECTIONS is 'yes': choose one of on, off"),
        ("REDACT", "ON", "REDACT is 'ON': choose one of on, off"),
        (
            "TRUSTED_CIDRS",
            "10.0.0.1/8",
            "TRUSTED_CIDRS contains '10.0.0.1/8': give networks such as 10.0.0.0/8",
        ),
        ("RETRY_BUDGET_SECONDS", "0", "RETRY_BUDGET_SECONDS is '0': give a number from 0.1 to 900"),
        ("REJECTED_TRIES", "0", "REJECTED_TRIES is '0': give a whole number from 1 to 1000"),
        (
            "REDRIVE_BACKOFF_SECONDS",
            "0.5",
            "REDRIVE_BACKOFF_SECONDS is '0.5': give a whole number from 1 to 900",
        ),
        ("READ_TIMEOUT_SECONDS", "10s", "READ_TIMEOUT_SECONDS is '10s': give a number from 0.1 to 900"),
    ],
)
def test_a_wrong_value_is_named_with_what_to_give(name: str, text: str, fault: str) -> None:
    """One fault, and nothing else."""
    assert faults_of(**{name: text}) == (fault,)


def test_unknown_log_types_are_named() -> None:
    """`unknown` cannot be chosen: those lines are always forwarded."""
    (fault,) = faults_of(LOG_TYPES="audit,Scheduler,unknown")
    choices = (
        "api, audit, authenticator, autoModeBlockStorage, autoModeCompute, autoModeIpam,"
        " autoModeLoadBalancing, capabilityAck, capabilityArgocd, capabilityKro, controllerManager, scheduler"
    )
    assert fault == f"LOG_TYPES contains 'Scheduler', 'unknown': choose from {choices}"


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("10.0.0.0/8", [IPv4Network("10.0.0.0/8")]),
        ("203.0.113.7, fd00::/8", [IPv4Network("203.0.113.7/32"), IPv6Network("fd00::/8")]),
    ],
)
def test_trusted_networks_are_read_in_cidr_form(text: str, networks: list[object]) -> None:
    """A single address is a network of one address."""
    assert list(settings_of(TRUSTED_CIDRS=text).trusted_networks) == networks


def test_a_missing_url_is_a_fault() -> None:
    """It is the one variable without a default."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_environ({})
    assert caught.value.faults == (
        "DESTINATION_URL is missing: give the collector's full URL, without the token",
    )


@pytest.mark.parametrize(
    "url",
    [
        "xplg.example.internal:30443/logger.jsp",
        "ftp://xplg.example.internal/",
        "https://",
        "https:///logger.jsp",
        "https://host:port/",
        "https://host:99999/",
        "https://host:0/",
        "https://[fd00::7/",
        "//host/path",
        "s3cr3t-token",
    ],
)
def test_a_url_that_is_none_is_a_fault_and_is_not_shown(url: str) -> None:
    """The value may be a credential."""
    assert faults_of(DESTINATION_URL=url) == (
        "DESTINATION_URL is not a URL of the form https://HOST:PORT/PATH",
    )


@pytest.mark.parametrize(
    "url",
    [
        f"{URL}?token=s3cr3t",
        f"{URL}?x=1&Token=s3cr3t",
        f"{URL}?token=",
        "https://user:s3cr3t@host/",
        "https://s3cr3t@host/",
        "https://:s3cr3t@host/",
    ],
)
def test_a_url_with_credentials_is_a_fault_and_is_not_shown(url: str) -> None:
    """They belong into the secret, not into an environment that every reader of the function sees."""
    assert faults_of(DESTINATION_URL=url) == (
        "DESTINATION_URL contains credentials: move them to the destination's secret",
    )


def test_one_error_lists_every_fault() -> None:
    """In the order of the contract, and so in its text."""
    wrong = {
        "DESTINATION": "a",
        "DESTINATION_URL": "b",
        "MAX_BATCH_BYTES": "e",
        "MAX_BATCH_EVENTS": "f",
        "CONNECT_TIMEOUT_SECONDS": "g",
        "READ_TIMEOUT_SECONDS": "h",
        "RETRY_BUDGET_SECONDS": "i",
        "RECORD_FORMAT": "j",
        "LOG_TYPES": "k",
        "DETECTIONS": "l",
        "TRUSTED_CIDRS": "m",
        "REDACT": "n",
        "REJECTED_TRIES": "o",
        "REDRIVE_BACKOFF_SECONDS": "p",
    }
    with pytest.raises(SettingsError) as caught:
        settings_of(**wrong)
    assert [fault.split()[0] for fault in caught.value.faults] == list(wrong)
    assert str(caught.value) == "the function's settings are wrong: " + "; ".join(caught.value.faults)


@pytest.mark.parametrize(
    ("variables", "warnings"),
    [
        ({}, ()),
        ({"UNDELIVERED_QUEUE_URL": QUEUE_URL, "DEAD_LETTER_QUEUE_URL": ""}, ()),
        (
            {"UNDELIVERED_QUEUE_URL": "UndeliveredQueue"},
            ("UNDELIVERED_QUEUE_URL is not a URL, so no queue is used",),
        ),
        (
            {"DESTINATION_OPTIONS": '{"compression":"gzip"}'},
            (
                (
                    "DESTINATION_OPTIONS: compression is gzip: XPLG runs in a servlet container, which does "
                    "not unpack request bodies and may answer 200 to them"
                ),
            ),
        ),
        ({"DESTINATION": "http", "DESTINATION_OPTIONS": '{"compression":"gzip"}'}, ()),
        (
            {"DESTINATION_URL": "http://10.0.0.7:30303/"},
            ("DESTINATION_URL is plain http: tokens and events are sent unencrypted",),
        ),
    ],
)
def test_settings_that_work_may_come_with_a_warning(
    variables: dict[str, str], warnings: tuple[str, ...]
) -> None:
    """Of what an operator should know; `sam local invoke` gives a queue's name in the place of its URL."""
    settings = settings_of(**variables)
    assert settings.warnings == warnings
    assert not settings.undelivered_queue_url or settings.undelivered_queue_url == QUEUE_URL


def test_the_url_does_not_show_in_a_repr() -> None:
    """A mistaken one may hold the token in a way that nobody thought of."""
    assert "xplg.example.internal" not in repr(settings_of())


@given(st.dictionaries(st.sampled_from([name.upper() for name in DEFAULTS]), st.text()))
def test_any_environment_gives_settings_or_one_error(environ: dict[str, str]) -> None:
    """No other exception leaves the reader."""
    try:
        settings = Settings.from_environ(environ)
    except SettingsError as error:
        assert error.faults  # noqa: PT017  # either end is right
    else:
        assert settings.destination_url.startswith(("http://", "https://"))
