"""The whole forward handler: from Lambda's event to a collector, and what it prints on the way."""

import base64
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests_mock
from pytest_httpserver import HTTPServer

from eks_log_forwarder.errors import ForwarderError, PayloadError, SettingsError
from eks_log_forwarder.forward_handler import handler
from tests.conftest import SERVICE, URL, LambdaContext
from tests.misbehaving_server import (
    Behaviour,
    Connection,
    answering,
    answering_once,
    running_server,
)
from tests.payloads import event_of, event_of_text, payload_of
from tests.secrets_manager import ARN, SecretsManager
from tools.listener import Listener, running_listener
from tools.listener.bodies import Record
from tools.listener.protocols import DEMO_DESTINATIONS
from tools.make_event import EVENTS

TOKEN = "s3cr3t-token-c0de"

# log type of each event's stream
LOG_TYPES = {
    "api": "api",
    "authenticator": "authenticator",
    "auto-mode-block-storage": "autoModeBlockStorage",
    "auto-mode-compute": "autoModeCompute",
    "auto-mode-ipam": "autoModeIpam",
    "auto-mode-load-balancing": "autoModeLoadBalancing",
    "capability-ack": "capabilityAck",
    "capability-argocd": "capabilityArgocd",
    "capability-kro": "capabilityKro",
    "cloud-controller-manager": "controllerManager",
    "controller-manager": "controllerManager",
    "cw": "audit",
    "scheduler": "scheduler",
}

# an invocation that fails before it has counted anything has no metrics, and no warning about it
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

type Printed = Callable[[], str]


def event_in(stem: str) -> dict[str, Any]:
    """An event of the folder events/."""
    event: dict[str, Any] = json.loads((EVENTS / f"{stem}.json").read_text(encoding="utf-8"))
    return event


def payload_in(event: dict[str, Any]) -> dict[str, Any]:
    """What an event holds."""
    payload: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    return payload


def expected_records(payload: dict[str, Any], log_type: str) -> list[dict[str, Any]]:
    """The records of a payload, by the contract, without what a parser made of the message."""
    return [
        {
            "timestamp": event["timestamp"],
            "logGroup": payload["logGroup"],
            "logStream": payload["logStream"],
            "message": event["message"],
            "id": event["id"],
            "account": payload["owner"],
            "region": "us-east-1",
            "cluster": "demo",
            "logType": log_type,
        }
        for event in payload["logEvents"]
    ]


def in_ndjson(records: list[dict[str, Any]]) -> bytes:
    """Their exact bytes in a request's body."""
    lines = [json.dumps(record, ensure_ascii=False, separators=(",", ":")) for record in records]
    return "".join(f"{line}\n" for line in lines).encode()


def without_parts(records: list[Record]) -> list[Record]:
    """The records without what a parser made of their messages."""
    parts = {"audit", "authenticator", "klog", "parsed"}
    return [{key: value for key, value in record.items() if key not in parts} for record in records]


def answer_of(delivered: int) -> dict[str, str | int]:
    """What the handler returns when all is delivered."""
    return {"status": "OK", "received": delivered, "delivered": delivered, "filtered": 0, "parked": 0}


def json_lines(text: str) -> list[dict[str, Any]]:
    """Those of the printed lines that are JSON: EMF and Powertools' own."""
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@pytest.fixture
def listener(environment: pytest.MonkeyPatch) -> Iterator[Listener]:
    """A real listener that the function finds by its environment."""
    with running_listener(token=None) as running:
        environment.setenv("DESTINATION_URL", running.url)
        yield running


@pytest.mark.parametrize(("stem", "log_type"), LOG_TYPES.items())
@pytest.mark.parametrize("detections", ["on", "off"])
def test_posts_every_event_byte_for_byte(  # noqa: PLR0913, PLR0917  # fixtures and table
    environment: pytest.MonkeyPatch,
    stem: str,
    log_type: str,
    detections: str,
    lambda_context: LambdaContext,
    requests_mock: requests_mock.Mocker,
) -> None:
    """One request in the original order, the messages unchanged, whatever else a record holds."""
    environment.setenv("DETECTIONS", detections)
    requests_mock.post(URL, text="OK")
    event = event_in(stem)
    records = expected_records(payload_in(event), log_type)
    assert handler(event, lambda_context) == answer_of(len(records))
    (request,) = requests_mock.request_history
    lines = request.body.splitlines(keepends=True)
    assert len(lines) == len(records)
    for line, record in zip(lines, records, strict=True):
        start = in_ndjson([record]).removesuffix(b"}\n")
        assert line.startswith(start)
        assert line[len(start) :] == b"}\n" or line[len(start) :].startswith(b',"')


@pytest.mark.parametrize(("stem", "log_type"), LOG_TYPES.items())
def test_posts_the_plain_format_byte_for_byte(
    environment: pytest.MonkeyPatch,
    stem: str,
    log_type: str,
    lambda_context: LambdaContext,
    requests_mock: requests_mock.Mocker,
) -> None:
    """The four keys of the original article and nothing beyond."""
    environment.setenv("RECORD_FORMAT", "plain")
    requests_mock.post(URL, text="OK")
    event = event_in(stem)
    keys = ("timestamp", "logGroup", "logStream", "message")
    records = [{key: record[key] for key in keys} for record in expected_records(payload_in(event), log_type)]
    handler(event, lambda_context)
    assert [request.body for request in requests_mock.request_history] == [in_ndjson(records)]


@pytest.mark.parametrize(("stem", "log_type"), LOG_TYPES.items())
@pytest.mark.parametrize("body_format", ["ndjson", "array", "single"])
@pytest.mark.parametrize(
    ("destination", "compression"), [("xplg", "none"), ("http", "none"), ("http", "gzip")]
)
def test_a_listener_reads_what_was_sent(  # noqa: PLR0913, PLR0917  # the table's columns
    listener: Listener,
    environment: pytest.MonkeyPatch,
    lambda_context: LambdaContext,
    stem: str,
    log_type: str,
    body_format: str,
    destination: str,
    compression: str,
) -> None:
    """Over real HTTP, in every body format, plain and compressed; over one connection."""
    environment.setenv("DESTINATION", destination)
    environment.setenv("DESTINATION_URL", listener.url_of(DEMO_DESTINATIONS[destination].path))
    options = {"body_format": body_format, "compression": compression}
    environment.setenv("DESTINATION_OPTIONS", json.dumps(options))
    event = event_in(stem)
    records = expected_records(payload_in(event), log_type)
    assert handler(event, lambda_context) == answer_of(len(records))
    assert without_parts(listener.records) == records
    assert len(listener.requests) == (len(records) if body_format == "single" else 1)
    assert {request.connection for request, _ in listener.requests} == {1}


def test_invocations_of_one_container_share_a_connection(
    listener: Listener, lambda_context: LambdaContext
) -> None:
    """And the settings, which are read once."""
    for _ in range(5):
        handler(event_in("cw"), lambda_context)
    assert {request.connection for request, _ in listener.requests} == {1}


def test_a_payload_is_split_by_the_bounds_of_the_settings(
    listener: Listener, environment: pytest.MonkeyPatch, lambda_context: LambdaContext
) -> None:
    """13 events, 5 a request: three requests, in order."""
    environment.setenv("MAX_BATCH_EVENTS", "5")
    assert handler(event_in("cw"), lambda_context) == answer_of(13)
    assert [len(outcome.records) for _, outcome in listener.requests] == [5, 5, 3]
    assert without_parts(listener.records) == expected_records(payload_in(event_in("cw")), "audit")


@pytest.mark.parametrize(
    "message",
    ["", "\0\x1b[2J\u2028", "x" * 1_048_576, "😀"],
    ids=["empty", "control", "1 MiB", "emoji"],
)
def test_an_unusual_message_arrives_as_it_is(
    listener: Listener, lambda_context: LambdaContext, message: str
) -> None:
    """Between two others, which arrive too."""
    assert handler(event_of(payload_of("before", message, "after")), lambda_context) == answer_of(3)
    assert [record["message"] for record in listener.records] == ["before", message, "after"]


@pytest.mark.usefixtures("environment")
def test_half_a_surrogate_pair_is_sent_as_its_escape(
    lambda_context: LambdaContext, requests_mock: requests_mock.Mocker
) -> None:
    """As CloudWatch sent it; what a collector makes of it is its own affair."""
    requests_mock.post(URL, text="OK")
    assert handler(event_of(payload_of("cut \ud83d")), lambda_context) == answer_of(1)
    assert b'"message":"cut \\ud83d",' in requests_mock.request_history[0].body


def test_a_message_that_is_not_utf8_arrives_with_replacements(
    listener: Listener, lambda_context: LambdaContext
) -> None:
    """JSON cannot carry such bytes; the event is not lost for them."""
    text = json.dumps(payload_of("a?b", "next")).encode().replace(b"a?b", b"a\xffb")
    assert handler(event_of_text(text), lambda_context) == answer_of(2)
    assert [record["message"] for record in listener.records] == ["a\ufffdb", "next"]


def test_an_unknown_stream_of_an_unknown_group_is_forwarded(
    listener: Listener, lambda_context: LambdaContext
) -> None:
    """Its cluster and log type are `unknown`."""
    event = event_of(payload_of("line", logGroup="/aws/lambda/other", logStream="2026/01/14/[$LATEST]ab"))
    assert handler(event, lambda_context) == answer_of(1)
    assert [(r["cluster"], r["logType"], r["message"]) for r in listener.records] == [
        ("unknown", "unknown", "line")
    ]


def test_a_control_message_is_counted_and_not_forwarded(
    listener: Listener, lambda_context: LambdaContext, printed: Printed
) -> None:
    """Its only event is not a log line."""
    assert handler(event_in("control-message"), lambda_context) == answer_of(0)
    assert listener.requests == []
    metrics = [line for line in json_lines(printed()) if "_aws" in line]
    assert [line["ControlMessages"] for line in metrics] == [1]
    assert "EventsReceived" not in metrics[0]


def test_the_counts_are_printed_as_metrics_and_as_one_summary_line(
    listener: Listener, lambda_context: LambdaContext, printed: Printed
) -> None:
    """In CloudWatch's embedded metric format; the summary is the last line and says what the metrics say."""
    handler(event_in("cw"), lambda_context)
    lines = json_lines(printed())
    summary = lines[-1]
    assert (summary["message"], summary["function_request_id"]) == ("summary", lambda_context.aws_request_id)
    assert (summary["service"], summary["cluster"], summary["logType"]) == (SERVICE, "demo", "audit")
    assert (summary["EventsReceived"], summary["EventsDelivered"]) == (13, 13)
    assert (summary["DeliveryAttempts"], summary["BytesSent"]) == (1, len(listener.requests[0][0].body))
    directives = [one for line in lines if "_aws" in line for one in line["_aws"]["CloudWatchMetrics"]]
    assert {directive["Namespace"] for directive in directives} == {"EksLogForwarder"}


@pytest.mark.parametrize(
    "event",
    [event_in("malformed"), {}, {"awslogs": {"data": "%"}}, event_of_text(b"not json"), event_of({"a": 1})],
    ids=["not gzip", "another source", "not base64", "not json", "another shape"],
)
def test_bad_input_raises_and_sends_nothing(
    listener: Listener, lambda_context: LambdaContext, event: dict[str, Any]
) -> None:
    """So Lambda keeps the event; counts of an earlier invocation are not published again."""
    with pytest.raises(PayloadError):
        handler(event, lambda_context)
    assert listener.requests == []


def test_wrong_settings_raise_one_error_at_every_invocation(
    environment: pytest.MonkeyPatch, lambda_context: LambdaContext
) -> None:
    """It lists every fault; once the settings are fixed, the container works."""
    for name, value in {"DESTINATION": "xpolog", "DESTINATION_URL": "", "MAX_BATCH_BYTES": "much"}.items():
        environment.setenv(name, value)
    for _ in range(2):
        with pytest.raises(SettingsError) as caught:
            handler(event_in("cw"), lambda_context)
        assert [fault.split(" is ")[0] for fault in caught.value.faults] == [
            "DESTINATION",
            "DESTINATION_URL",
            "MAX_BATCH_BYTES",
        ]
    for name in ("DESTINATION", "MAX_BATCH_BYTES"):
        environment.delenv(name)
    with running_listener(token=None) as listener:
        environment.setenv("DESTINATION_URL", listener.url)
        assert handler(event_in("cw"), lambda_context) == answer_of(13)


@pytest.mark.usefixtures("environment")
def test_without_a_secret_nothing_of_aws_is_asked(listener: Listener, lambda_context: LambdaContext) -> None:
    """No client is made, which would fail where there is no region."""
    assert handler(event_in("scheduler"), lambda_context) == answer_of(7)
    assert [outcome.status for _, outcome in listener.requests] == [200]


@pytest.fixture(scope="module")
def server() -> Iterator[HTTPServer]:
    """One server for all the tests of this file, since it takes half a second to stop."""
    with HTTPServer(host="127.0.0.1") as running:
        yield running


@pytest.fixture
def secrets_manager(server: HTTPServer, environment: pytest.MonkeyPatch) -> SecretsManager:
    """A Secrets Manager on this machine that holds the token."""
    server.clear()
    for name, value in SecretsManager.environ(server).items():
        environment.setenv(name, value)
    environment.setenv("DESTINATION_SECRET_ARN", ARN)
    held = SecretsManager(server)
    held.holds(SecretString=TOKEN)
    return held


@pytest.mark.parametrize("secret", [TOKEN, json.dumps({"token": TOKEN})], ids=["plain", "object"])
@pytest.mark.parametrize(("destination", "path"), [("xplg", "/logeye/api/logger.jsp"), ("http", "/ingest")])
def test_the_token_opens_the_collector_and_is_printed_nowhere(  # noqa: PLR0913, PLR0917  # fixtures and table
    secrets_manager: SecretsManager,
    environment: pytest.MonkeyPatch,
    lambda_context: LambdaContext,
    printed: Printed,
    secret: str,
    destination: str,
    path: str,
) -> None:
    """In the URL or as a bearer; it is read once for several invocations."""
    secrets_manager.holds(SecretString=secret)
    environment.setenv("DESTINATION", destination)
    with running_listener(token=TOKEN) as listener:
        environment.setenv("DESTINATION_URL", listener.url_of(path))
        for _ in range(2):
            assert handler(event_in("cw"), lambda_context) == answer_of(13)
        assert [outcome.status for _, outcome in listener.requests] == [200, 200]
    assert len(secrets_manager.asked_for) == 1
    assert_untold(printed())


def assert_untold(text: str) -> None:
    """The token is not in a text that does hold something."""
    assert "DEBUG" in text or "summary" in text or "Traceback" in text
    assert TOKEN not in text


def refuse(connection: Connection) -> None:
    """Hangs up in the place of an answer."""
    connection.read_request()


FAILING = {
    "unauthorized": answering(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"),
    "rejected": answering(b"HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n"),
    "a page": answering(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>"),
    "a redirect": answering(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
    "not http": answering(b"nonsense\r\n\r\n"),
    "cut": answering_once(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nOK"),
    "hung up": refuse,
}


@pytest.mark.usefixtures("secrets_manager")
@pytest.mark.parametrize("behave", FAILING.values(), ids=FAILING)
@pytest.mark.parametrize("destination", ["xplg", "http"])
def test_whatever_the_collector_does_the_token_is_printed_nowhere(
    environment: pytest.MonkeyPatch,
    printed: Printed,
    behave: Behaviour,
    destination: str,
) -> None:
    """Neither in a log line, nor in a metric, nor in what is raised."""
    environment.setenv("DESTINATION", destination)
    environment.setenv("RETRY_BUDGET_SECONDS", "0.2")
    with running_server(behave) as server:
        environment.setenv("DESTINATION_URL", server.url())
        assert_untold(printed_by_a_failure(printed))


@pytest.mark.usefixtures("secrets_manager")
@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/in",
        "https://127.0.0.1:1/in",
        "http://collector.invalid/in",
        "http://a..b/in",
    ],
)
def test_whatever_happens_on_the_way_the_token_is_printed_nowhere(
    environment: pytest.MonkeyPatch, printed: Printed, url: str
) -> None:
    """The connection is refused, the name does not resolve, the URL is invalid."""
    environment.setenv("DESTINATION_URL", url)
    environment.setenv("RETRY_BUDGET_SECONDS", "0.2")
    assert_untold(printed_by_a_failure(printed))


def printed_by_a_failure(printed: Printed) -> str:
    """All that an invocation printed and raised that did not deliver."""
    with pytest.raises(ForwarderError) as caught:
        handler(event_in("cw"), LambdaContext())
    return printed() + str(caught.getrepr(style="long", showlocals=True))


@pytest.mark.parametrize(
    "secret",
    [f'{{"token": "{TOKEN}"', f'{{"{TOKEN}": "x"}}', f'{{"token": ["{TOKEN}"]}}'],
    ids=["not json", "unknown field", "not a text"],
)
def test_a_secret_that_cannot_be_used_is_printed_nowhere(
    secrets_manager: SecretsManager, lambda_context: LambdaContext, printed: Printed, secret: str
) -> None:
    """The fault is, with the secret's name."""
    secrets_manager.holds(SecretString=secret)
    with pytest.raises(ForwarderError) as caught:
        handler(event_in("cw"), lambda_context)
    assert_untold(printed() + str(caught.value))


def test_a_secret_that_cannot_be_read_is_told(
    secrets_manager: SecretsManager, lambda_context: LambdaContext, printed: Printed
) -> None:
    """With AWS's reason; nothing is sent without a token."""
    secrets_manager.refuses("AccessDeniedException")
    with running_listener(token=None) as listener:
        with pytest.raises(ForwarderError):
            handler(event_in("cw"), lambda_context)
        assert listener.requests == []
    text = printed()
    assert "AccessDeniedException" in text
    assert_untold(text)


def test_the_events_folder_is_covered() -> None:
    """A new event is a new row of this file's tables."""
    stems = {Path(path).stem for path in EVENTS.glob("*.json")}
    assert stems >= {*LOG_TYPES, "control-message", "malformed"}


@pytest.mark.parametrize("mark", [[], ["replay:seen"]], ids=["new", "seen"])
def test_a_replay_of_seen_lines_names_detections_on_the_records_and_raises_nothing(
    environment: pytest.MonkeyPatch,
    lambda_context: LambdaContext,
    listener: Listener,
    printed: Printed,
    mark: list[str],
) -> None:
    """No log line, and neither the metric of detections nor that of requests; the flow is counted."""
    environment.setenv("DETECTIONS", "on")
    payload = payload_in(event_in("cw"))
    payload["subscriptionFilters"] += mark
    assert handler(event_of(payload), lambda_context)["delivered"] == 13
    assert len([record for record in listener.records if "detections" in record]) == 7
    text = printed()
    raising = ('"message":"detection"', '"Detections"', '"ApiRequests"')
    assert [sign in text.replace(": ", ":") for sign in raising] == [not mark] * 3
    assert '"EventsReceived"' in text
