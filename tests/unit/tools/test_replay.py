"""Lines that CloudWatch still has, as payloads for the forward function."""

import base64
import gzip
import json
from typing import Any

import pytest

from tests.stubbed_aws import StubbedAws
from tools.make_event import encode_event
from tools.replay import MAX_TEXT_BYTES, Span, main, payloads, replay
from tools.stack import Stack

FUNCTION = "arn:aws:lambda:eu-central-1:111122223333:function:forwarder-forward"
STACK = Stack("forwarder", FUNCTION, "", frozenset())
GROUP = "/aws/eks/prod/cluster"


def event(number: int, stream: str, message: str) -> dict[str, Any]:
    """A log event as FilterLogEvents gives it."""
    return {"eventId": f"{number:056d}", "logStreamName": stream, "timestamp": number, "message": message}


def test_keeps_ids_and_times_and_one_stream_a_payload() -> None:
    """Events of two streams that alternate make two payloads, each in order."""
    found = list(payloads([event(1, "a", "x"), event(2, "b", "y"), event(3, "a", "z")], GROUP, STACK))
    assert [(payload["logStream"], payload["logEvents"]) for payload in found] == [
        (
            "a",
            [
                {"id": f"{1:056d}", "timestamp": 1, "message": "x"},
                {"id": f"{3:056d}", "timestamp": 3, "message": "z"},
            ],
        ),
        ("b", [{"id": f"{2:056d}", "timestamp": 2, "message": "y"}]),
    ]
    assert {(payload["owner"], payload["logGroup"]) for payload in found} == {("111122223333", GROUP)}


def test_splits_before_lambda_s_limit() -> None:
    """Five events of 150 kB make payloads of two, two and one; a payload stays below 1 MB as it is sent."""
    events = [event(number, "a", "x" * 150_000) for number in range(5)]
    found = list(payloads(events, GROUP, STACK))
    assert [len(payload["logEvents"]) for payload in found] == [2, 2, 1]
    assert MAX_TEXT_BYTES * 4 / 3 < 1_000_000
    assert max(len(encode_event(payload)) for payload in found) < 1_000_000


def test_hands_all_pages_to_the_function_asynchronously() -> None:
    """Asynchronously, so that Lambda tries again and keeps what fails, as it does for CloudWatch."""
    first = {"events": [event(1, "a", "x")], "nextToken": "more"}
    second = {"events": [event(2, "a", "y"), event(3, "b", "z")]}
    with StubbedAws(
        logs=[("filter_log_events", first), ("filter_log_events", second)],
        lambda_=[("invoke", {"StatusCode": 202}), ("invoke", {"StatusCode": 202})],
    ) as aws:
        sent: list[dict[str, Any]] = []
        aws.client("lambda").meta.events.register(
            "provide-client-params.lambda.Invoke", lambda params, **_: sent.append(params)
        )
        assert replay(aws.client, STACK, Span(GROUP, 0, 10)) == (3, 2)
        aws.assert_all_was_asked()
    assert {params["InvocationType"] for params in sent} == {"Event"}
    data = json.loads(sent[0]["Payload"])["awslogs"]["data"]
    assert json.loads(gzip.decompress(base64.b64decode(data)))["logStream"] == "a"


def test_refuses_a_time_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is sent for a start that cannot be read."""
    with pytest.raises(SystemExit):
        main(["prod", "yesterday", "2026-01-31T10:00"])
    assert "yesterday" in capsys.readouterr().err
