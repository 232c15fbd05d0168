"""Elasticsearch: the lines of a bulk request, and what each item of its answer means."""

import gzip
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.destinations.base import Destination
from eks_log_forwarder.destinations.outcomes import (
    Delivered,
    PerEvent,
    Rejected,
    Unreachable,
    Unreadable,
    explain,
)
from eks_log_forwarder.errors import SecretError
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.record.record import Record
from eks_log_forwarder.transport.exchange import Answer
from tests.records import RECORDS, RULE, any_records, record_of
from tests.unit.destination_requests import TOKEN, URL, at_the_listener, destination_of, request_of, send
from tools.listener import running_listener


def elasticsearch(**options: object) -> Destination:
    """The destination with these options."""
    return destination_of("elasticsearch", options=options)


def lines_of(destination: Destination, record: Record) -> tuple[dict[str, Any], dict[str, Any]]:
    """The action and the document of one record."""
    action, document, rest = destination.encode(record).split(b"\n")
    assert rest == b""
    return json.loads(action), json.loads(document)


def test_an_event_is_created_in_its_log_types_data_stream() -> None:
    """With CloudWatch's event id, so that it is stored once however often it is sent."""
    record = record_of()
    action, document = lines_of(elasticsearch(), record)
    assert action == {"create": {"_index": "logs-eks.audit-default", "_id": record.id}}
    assert document["@timestamp"] == "2026-01-14T10:00:00.123Z"
    assert document["message"] == record.message
    assert document["audit"]["objectRef"]["resource"] == "secrets"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "logs-eks.controller_manager-default"),
        ({"namespace": "prod"}, "logs-eks.controller_manager-prod"),
        ({"data_stream": "logs-k8s-{namespace}", "namespace": "x"}, "logs-k8s-x"),
        ({"index": "eks-logs"}, "eks-logs"),
    ],
)
def test_where_documents_go_is_an_option(options: dict[str, object], expected: str) -> None:
    """A dataset is in lower case."""
    action, _ = lines_of(elasticsearch(**options), record_of(LogType.CONTROLLER_MANAGER))
    assert action["create"]["_index"] == expected


def test_ecs_names_what_an_audit_event_says() -> None:
    """The source is the last address, the only one that the API server saw itself."""
    _, document = lines_of(elasticsearch(ecs=True), record_of(detections=[RULE]))
    kubernetes = document.pop("kubernetes")
    assert kubernetes["audit"]["auditID"] == "5f1c7c1e-0000-4000-8000-000000000001"
    assert document == {
        "@timestamp": "2026-01-14T10:00:00.123Z",
        "ecs": {"version": "8.17.0"},
        "message": record_of().message,
        "event": {
            "kind": "event",
            "module": "eks",
            "dataset": "eks.audit",
            "id": "0" * 56,
            "action": "get",
            "outcome": "failure",
            "severity": 4,
        },
        "cloud": {
            "provider": "aws",
            "account": {"id": "111122223333"},
            "region": "us-east-1",
            "service": {"name": "eks"},
        },
        "orchestrator": {
            "type": "kubernetes",
            "cluster": {"name": "prod"},
            "namespace": "shop",
            "api_version": "v1",
            "resource": {"type": "secrets", "name": "db"},
        },
        "aws": {
            "cloudwatch": {"log_group": "/aws/eks/prod/cluster", "log_stream": record_of().logStream},
            "eks": {
                "detections": [
                    {"id": RULE.id, "title": RULE.title, "level": "high", "tags": ["attack.t1552"]}
                ]
            },
        },
        "http": {"response": {"status_code": 403}},
        "user": {"name": "kubernetes-admin", "id": "aws-iam-authenticator:111122223333:AROAEXAMPLE"},
        "user_agent": {"original": "kubectl/v1.33.0"},
        "url": {"original": "/api/v1/namespaces/shop/secrets/db?timeout=5s"},
        "source": {"ip": "10.0.1.5"},
        "rule": {"id": [RULE.id], "name": [RULE.title]},
        "tags": ["attack.t1552"],
    }


def test_ecs_has_the_gravest_level_as_a_number() -> None:
    """From 1, informational, to 5, critical; an event without a detection has none."""
    levels = ("low", "critical", "medium")
    rules = [msgspec.structs.replace(RULE, id=level, level=level) for level in levels]
    _, document = lines_of(elasticsearch(ecs=True), record_of(detections=rules))
    assert document["event"]["severity"] == 5
    assert [one["id"] for one in document["aws"]["eks"]["detections"]] == ["low", "critical", "medium"]
    _, document = lines_of(elasticsearch(ecs=True), record_of())
    assert "severity" not in document["event"]


@pytest.mark.parametrize(
    ("log_type", "level"), [(LogType.AUTHENTICATOR, "warning"), (LogType.SCHEDULER, "error")]
)
def test_ecs_has_the_level_of_a_line(log_type: LogType, level: str) -> None:
    """Logrus's own, and klog's letter in words."""
    _, document = lines_of(elasticsearch(ecs=True), record_of(log_type))
    assert document["log"]["level"] == level


@pytest.mark.parametrize(
    ("credentials", "header"),
    [
        (Credentials(token="a2V5"), "ApiKey a2V5"),
        (Credentials(username="elastic", password="p:ü"), "Basic ZWxhc3RpYzpwOsO8"),
        (Credentials(), None),
    ],
)
def test_a_token_is_an_api_key_and_a_password_is_basic(credentials: Credentials, header: str | None) -> None:
    """RFC 7617 for the latter."""
    request = request_of(elasticsearch(), RECORDS[:1], credentials)
    assert request.headers.get("Authorization") == header


@pytest.mark.parametrize(
    "credentials",
    [Credentials(username="x"), Credentials(password="x"), Credentials("t", username="x", password="x")],
)
def test_half_a_pair_or_both_kinds_of_credentials_are_a_fault(credentials: Credentials) -> None:
    """Which says what the secret may hold, and nothing of what it does."""
    with pytest.raises(SecretError, match="either token, or username and password together"):
        request_of(elasticsearch(), RECORDS[:1], credentials)


def test_the_answer_is_filtered_down_to_what_is_needed() -> None:
    """An unfiltered one would repeat index and id of each document."""
    request = request_of(elasticsearch(), RECORDS[:2])
    assert request.url == f"{URL}/_bulk?filter_path=errors,items.*.status,items.*.error.type"
    assert request.max_answer_bytes == 1024 + 2 * 2048
    assert gzip.decompress(request.body).endswith(b"}\n")
    own = destination_of("elasticsearch", f"{URL}/eks/_bulk?pipeline=x")
    expected = f"{URL}/eks/_bulk?pipeline=x&filter_path=errors,items.*.status,items.*.error.type"
    assert request_of(own, RECORDS[:1]).url == expected


def answer_of(*items: tuple[int, str]) -> Answer:
    """A bulk answer with these statuses and types of error."""
    results = [{"status": status} | ({"error": {"type": kind}} if kind else {}) for status, kind in items]
    failed = any(status > 299 for status, _ in items)
    return Answer(200, json.dumps({"errors": failed, "items": [{"create": r} for r in results]}).encode())


def test_all_created_is_delivered() -> None:
    """Without a look at each event."""
    assert elasticsearch().outcome(answer_of((201, ""), (201, "")), 2) == Delivered()


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    [
        (409, "version_conflict_engine_exception", Delivered()),
        (429, "es_rejected_execution_exception", Unreachable("bulk_429_es_rejected_execution_exception")),
        (503, "unavailable_shards_exception", Unreachable("bulk_503_unavailable_shards_exception")),
        (500, "", Unreachable("bulk_500")),
        (400, "document_parsing_exception", Rejected("bulk_400_document_parsing_exception")),
        (400, "Failed to parse: secret", Rejected("bulk_400")),
        (403, "security_exception", Rejected("bulk_403_security_exception")),
        (404, "index_not_found_exception", Rejected("bulk_404_index_not_found_exception")),
        (413, "", Rejected("bulk_413")),
    ],
)
def test_each_item_has_its_outcome(status: int, kind: str, expected: object) -> None:
    """A stored event is delivered, overload is retried, any other refusal concerns one event."""
    outcome = elasticsearch().outcome(answer_of((201, ""), (status, kind)), 2)
    assert outcome == (expected if expected == Delivered() else PerEvent((Delivered(), expected)))  # type: ignore[arg-type]  # the table holds outcomes


@pytest.mark.parametrize("kind", ["document_parsing_exception", "mapper_parsing_exception"])
def test_a_refusal_of_the_mapping_names_the_command_that_prevents_it(kind: str) -> None:
    """The second is the name in OpenSearch and in earlier versions."""
    assert "make index-templates" in explain(f"bulk_400_{kind}")


@pytest.mark.parametrize("status", [401, 403, 404])
def test_an_index_that_refuses_every_document_rejects_nothing(status: int) -> None:
    """It is missing, or the key has no right to it; the events wait until somebody corrects that."""
    outcome = elasticsearch().outcome(answer_of((status, "x_exception"), (status, "x_exception")), 2)
    assert isinstance(outcome, Unreachable)
    assert (outcome.reason, outcome.retry) == (f"bulk_{status}_x_exception", False)
    assert "check that it exists" in outcome.detail


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"OK", b'{"errors":false}', b'{"errors":false,"items":[{"create":{"status":201}}]}'),
        b'{"more":' + b"[" * 60_000,
    ],
)
def test_a_success_that_does_not_cover_every_event_is_unreadable(body: bytes) -> None:
    """The delivery narrows it down; nothing is rejected."""
    assert elasticsearch().outcome(Answer(200, body), 2) == Unreadable()


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, Rejected("http_400")),
        (401, Unreachable("http_401", retry=False)),
        (413, Rejected("http_413")),
        (429, Unreachable("http_429", retry_after_seconds=3.0)),
        (503, Unreachable("http_503", retry_after_seconds=3.0)),
    ],
)
def test_a_request_refused_as_a_whole_is_told_by_its_status(status: int, expected: object) -> None:
    """Too large is halved, overload is waited for."""
    assert elasticsearch().outcome(Answer(status, b"", 3.0), 2) == expected


@pytest.mark.parametrize("ecs", [False, True])
def test_a_strict_server_takes_the_documents_and_gives_them_back(*, ecs: bool) -> None:
    """Of every log type, in order."""
    with running_listener(token=TOKEN) as listener:
        destination = at_the_listener("elasticsearch", listener, ecs=ecs)
        answer = send(request_of(destination, RECORDS))
        assert destination.outcome(Answer(answer.status_code, answer.content), len(RECORDS)) == Delivered()
        received = [(record["message"], record["logStream"]) for record in listener.records]
        assert received == [(record.message, record.logStream) for record in RECORDS]


@given(any_records())
@settings(max_examples=100)
def test_any_record_is_two_lines_of_json_in_utf_8(record: Record) -> None:
    """Whatever its texts hold, under ECS names too."""
    for destination in (PLAIN, ECS):
        _, document = lines_of(destination, record)
        expected = record.message.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        assert document.get("message", "") == expected


PLAIN, ECS = elasticsearch(), elasticsearch(ecs=True)
