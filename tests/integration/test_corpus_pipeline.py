"""Published control-plane lines through the whole function, as it is by default, over real HTTP."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eks_log_forwarder.forward_handler import handler
from tests.conftest import LambdaContext
from tests.payloads import event_of, payload_of
from tools.listener import Listener, running_listener
from tools.make_event import stream_name

# file -> log type, its lines, and in which key the parsed part stands
CORPUS = {
    "audit.ndjson": ("audit", 1936, "audit"),
    "audit_eks_denormalised.ndjson": ("audit", 12, "audit"),
    "authenticator.log": ("authenticator", 3, "authenticator"),
    "api.log": ("api", 3, "klog"),
    "controller-manager.log": ("controllerManager", 11, "klog"),
    "scheduler.log": ("scheduler", 12, "klog"),
}
PLAIN_KEYS = ["timestamp", "logGroup", "logStream", "message"]


@pytest.fixture
def listener(environment: pytest.MonkeyPatch) -> Iterator[Listener]:
    """A real listener, and a function with rules and redaction on."""
    with running_listener(token=None) as running:
        environment.setenv("DESTINATION_URL", running.url)
        environment.setenv("DETECTIONS", "on")
        yield running


def lines_of(name: str) -> list[str]:
    """The lines of a file of the corpus."""
    folder = os.environ.get("EKS_LOG_CORPUS")
    if not folder:
        pytest.skip("EKS_LOG_CORPUS names no folder of real control-plane log lines")
    return (Path(folder) / name).read_text(encoding="utf-8").splitlines()


def forwarded(name: str, listener: Listener) -> list[tuple[str, dict[str, Any]]]:
    """Each line of a file with the record that the listener has of it; all are delivered, in order."""
    log_type, count, _ = CORPUS[name]
    lines = lines_of(name)
    payload = payload_of(*lines, logStream=stream_name(log_type, "demo"))
    before = len(listener.records)
    answer = handler(event_of(payload), LambdaContext())
    assert answer == {"status": "OK", "received": count, "delivered": count, "filtered": 0, "parked": 0}
    records = listener.records[before:]
    assert [record["timestamp"] for record in records] == [
        event["timestamp"] for event in payload["logEvents"]
    ]
    return list(zip(lines, records, strict=True))


def test_enriched_records_keep_the_text_and_say_what_is_in_it(listener: Listener) -> None:
    """Every line is parsed, and its message is there byte for byte: none of them holds a secret."""
    for name, (log_type, _, part) in CORPUS.items():
        for line, record in forwarded(name, listener):
            assert record["message"] == line
            assert record["logType"] == log_type
            assert record[part]
            assert {"parsed", "truncated", "redacted"}.isdisjoint(record)


def test_parsed_records_hold_the_whole_event(listener: Listener, environment: pytest.MonkeyPatch) -> None:
    """No message is needed; an audit event is the line's own JSON."""
    environment.setenv("RECORD_FORMAT", "parsed")
    for name, (_, _, part) in CORPUS.items():
        for line, record in forwarded(name, listener):
            assert "message" not in record
            assert record[part]
            if part == "audit":
                assert record["audit"] == json.loads(line)


def test_plain_records_are_the_four_keys(listener: Listener, environment: pytest.MonkeyPatch) -> None:
    """And with redaction off every message is the line byte for byte."""
    environment.setenv("RECORD_FORMAT", "plain")
    environment.setenv("REDACT", "off")
    for name in CORPUS:
        for line, record in forwarded(name, listener):
            assert list(record) == PLAIN_KEYS
            assert record["message"] == line
