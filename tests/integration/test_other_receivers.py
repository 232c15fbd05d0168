"""Fluent Bit and VictoriaLogs behind the endpoints of others: what works, and what is lost with a success."""

import json

import pytest

from eks_log_forwarder.errors import UndeliveredError
from eks_log_forwarder.forward_handler import handler
from tests.conftest import LambdaContext
from tests.integration.test_forward_handler import LOG_TYPES, event_in, payload_in
from tests.payloads import event_of, payload_of
from tools.listener import Collectors, Listener, running_listener
from tools.listener.victoria_logs import VictoriaLogs

FLUENT_BIT = "/fluent-bit"
VICTORIA_BULK = "/insert/elasticsearch/_bulk?_msg_field=message&_time_field=@timestamp"
VICTORIA_LOKI = "/insert/loki/api/v1/push"
VICTORIA_OTLP = "/insert/opentelemetry/v1/logs"
RAW = "?disable_message_parsing=1"


def send_to(
    listener: Listener, path: str, environment: pytest.MonkeyPatch, destination: str, **options: object
) -> None:
    """The function sends there from now on."""
    environment.setenv("DESTINATION", destination)
    environment.setenv("DESTINATION_URL", listener.url_of(path))
    environment.setenv("DESTINATION_OPTIONS", json.dumps(options))


@pytest.mark.parametrize("stem", LOG_TYPES)
@pytest.mark.parametrize(
    ("destination", "options", "path"),
    [
        ("http", {"body_format": "array"}, FLUENT_BIT),
        ("http", {"body_format": "single"}, FLUENT_BIT),
        ("loki", {}, VICTORIA_LOKI + RAW),
        ("otlp", {}, VICTORIA_OTLP),
        ("elasticsearch", {}, VICTORIA_BULK),
        ("elasticsearch", {"ecs": True}, VICTORIA_BULK),
    ],
)
def test_every_event_arrives(
    environment: pytest.MonkeyPatch, stem: str, destination: str, options: dict[str, object], path: str
) -> None:
    """With the settings that the pages of the two name."""
    event = event_in(stem)
    messages = [line["message"] for line in payload_in(event)["logEvents"]]
    with running_listener(token=None) as listener:
        send_to(listener, path, environment, destination, **options)
        assert handler(event, LambdaContext())["delivered"] == len(messages)
        assert [record["message"] for record in listener.records] == messages


@pytest.mark.parametrize(
    ("destination", "options", "path"),
    [("http", {}, FLUENT_BIT), ("otlp", {"encoding": "json"}, VICTORIA_OTLP)],
)
def test_a_format_that_the_receiver_does_not_read_is_refused(
    environment: pytest.MonkeyPatch, destination: str, options: dict[str, object], path: str
) -> None:
    """NDJSON by Fluent Bit, OTLP in JSON by VictoriaLogs: 400 for every event, and nothing is delivered."""
    with running_listener(token=None) as listener:
        send_to(listener, path, environment, destination, **options)
        with pytest.raises(UndeliveredError):
            handler(event_in("scheduler"), LambdaContext())
        assert listener.records == []
        assert {outcome.status for _, outcome in listener.requests} == {400}


def test_victoria_logs_takes_messages_in_json_apart_without_the_parameter(
    environment: pytest.MonkeyPatch,
) -> None:
    """Delivered, and the message is gone."""
    with running_listener(token=None) as listener:
        send_to(listener, VICTORIA_LOKI, environment, "loki")
        assert handler(event_in("cw"), LambdaContext())["delivered"] == 13
        assert [record for record in listener.records if "message" in record] == []


@pytest.mark.parametrize(
    ("destination", "path", "kept"),
    [("loki", VICTORIA_LOKI + RAW, 2), ("otlp", VICTORIA_OTLP, 1), ("elasticsearch", VICTORIA_BULK, 1)],
)
def test_victoria_logs_keeps_a_long_line_only_in_pieces(
    environment: pytest.MonkeyPatch, destination: str, path: str, kept: int
) -> None:
    """A line of 300 KB: delivered by each, kept by one."""
    lines = ("x" * 300_000, "a short one")
    with running_listener(token=None) as listener:
        send_to(listener, path, environment, destination)
        assert handler(event_of(payload_of(*lines)), LambdaContext())["delivered"] == 2
        assert len(listener.records) == kept


def test_victoria_logs_drops_what_is_older_than_its_retention(environment: pytest.MonkeyPatch) -> None:
    """Delivered, and gone: eight days at a retention of seven."""
    payload = payload_of("old", "new")
    newest_ms = payload["logEvents"][1]["timestamp"]
    payload["logEvents"][0]["timestamp"] = newest_ms - 8 * 86_400_000
    collectors = Collectors(victoria_logs=VictoriaLogs(7, now=lambda: newest_ms / 1000))
    with running_listener(token=None, collectors=collectors) as listener:
        send_to(listener, VICTORIA_LOKI + RAW, environment, "loki")
        assert handler(event_of(payload), LambdaContext())["delivered"] == 2
        assert [record["message"] for record in listener.records] == ["new"]
