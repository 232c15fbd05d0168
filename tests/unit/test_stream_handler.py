"""The stream handler: what it answers, what it publishes, and what it never prints."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
import requests_mock

from eks_log_forwarder import stream_handler, wiring
from eks_log_forwarder.errors import SettingsError
from eks_log_forwarder.parking.queue import Queue
from tests.conftest import URL, LambdaContext
from tests.payloads import event_of, payload_of
from tests.scripted import MemoryQueue
from tools.make_event import EVENTS, kinesis_event

type Printed = Callable[[], str]

BROKEN = base64.b64encode(b"s3cr3t, and no gzip").decode()


def data_of(*messages: str, **fields: object) -> str:
    """The data of a record of these lines."""
    return str(event_of(payload_of(*messages, **fields))["awslogs"]["data"])


def handle(*data: str, remaining_ms: int = 60_000) -> list[str]:
    """One invocation with records 100, 101, …; the sequence numbers of those that stay."""
    event = kinesis_event([(f"{number}", each) for number, each in enumerate(data, start=100)])
    answer = stream_handler.handler(event, LambdaContext(remaining_ms))
    assert set(answer) == {"batchItemFailures"}
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def summaries(text: str) -> list[dict[str, Any]]:
    """The summary lines."""
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("message") == "summary"]


@pytest.fixture
def queues(
    environment: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> tuple[MemoryQueue, MemoryQueue]:
    """Both queues, which the handler finds by their URLs."""
    made = {"undelivered": MemoryQueue(), "dead": MemoryQueue()}
    for name, variable in (("undelivered", "UNDELIVERED_QUEUE_URL"), ("dead", "DEAD_LETTER_QUEUE_URL")):
        environment.setenv(variable, f"https://sqs.us-east-1.amazonaws.com/111122223333/{name}")
    of_url: Callable[[str], Queue] = lambda url: made[url.rpartition("/")[2]]  # noqa: E731  # a stand-in for a class
    monkeypatch.setattr(wiring, "Queue", of_url)
    return made["undelivered"], made["dead"]


def test_delivers_every_record_and_returns_no_failure(
    queues: tuple[MemoryQueue, MemoryQueue], printed: Printed
) -> None:
    """Two accounts with clusters of one name: a summary line for each, not for each record."""
    theirs = {"owner": "444455556666"}
    with requests_mock.Mocker() as collector:
        collector.post(URL)
        assert handle(data_of("a", "b"), data_of("c", **theirs), data_of("d")) == []
        sent = [line["message"] for one in collector.request_history for line in lines_of(one.body)]
    assert sent == ["a", "b", "c", "d"]
    assert [(one["account"], one["cluster"], one["EventsReceived"]) for one in summaries(printed())] == [
        ("111122223333", "demo", 3),
        ("444455556666", "demo", 1),
    ]
    assert [queue.messages for queue in queues] == [[], []]


def lines_of(body: bytes) -> list[dict[str, Any]]:
    """The records of a request."""
    return [json.loads(line) for line in body.splitlines()]


def test_returns_the_records_that_stay_from_the_first_one_on(
    queues: tuple[MemoryQueue, MemoryQueue], environment: pytest.MonkeyPatch, printed: Printed
) -> None:
    """The lowest of them is Lambda's checkpoint. One line says why, and not what was in it."""
    undelivered, _ = queues
    undelivered.send = MemoryQueue(room=0).send  # type: ignore[method-assign]  # it is down
    environment.setenv("RETRY_BUDGET_SECONDS", "0.1")
    with requests_mock.Mocker() as collector:
        collector.post(URL, [{"status_code": 200}, {"status_code": 404}])
        assert handle(data_of("a"), data_of("s3cr3t"), data_of("c"), BROKEN) == ["101", "102", "103"]
        assert len(collector.request_history) == 2
    text = printed()
    (kept,) = [json.loads(line) for line in text.splitlines() if '"record kept"' in line]
    assert (kept["sequence_number"], kept["level"]) == ("101", "WARNING")
    assert kept["why"].startswith("1 of 1 events stay with Lambda: http_404")
    (summary,) = summaries(text)
    assert (summary["EventsReceived"], summary["EventsDelivered"], summary["EventsKept"]) == (2, 1, 1)
    assert "s3cr3t" not in text


def test_buries_what_is_no_payload_without_printing_it(
    queues: tuple[MemoryQueue, MemoryQueue], printed: Printed
) -> None:
    """It counts as one event of an unknown account and cluster."""
    with requests_mock.Mocker() as collector:
        collector.post(URL)
        assert handle(BROKEN, data_of("a")) == []
    (dead,) = queues[1].messages
    assert json.loads(dead.body)["kinesis"]["sequenceNumber"] == "100"
    text = printed()
    buried, delivered = summaries(text)
    assert (buried["account"], buried["cluster"], buried["EventsParked"], buried["EventsRejected"]) == (
        "unknown",
        "unknown",
        1,
        1,
    )
    assert buried["reasons"] == {"payload_invalid": 1}
    assert delivered["EventsDelivered"] == 1
    assert "s3cr3t" not in text


@pytest.mark.usefixtures("queues")
def test_begins_no_record_that_it_could_not_park_in_time() -> None:
    """11 seconds are enough for the first alone; 13 are enough to park both, not to deliver them."""
    with requests_mock.Mocker() as collector:
        assert handle(data_of("a"), data_of("b"), remaining_ms=11_000) == ["101"]
        assert handle(data_of("a"), data_of("b"), remaining_ms=13_000) == []
        assert collector.request_history == []


def test_the_example_event_is_delivered(queues: tuple[MemoryQueue, MemoryQueue], printed: Printed) -> None:
    """Three payloads of two accounts, after the probe, which is counted apart."""
    event = json.loads((EVENTS / "stream.json").read_text(encoding="utf-8"))
    with requests_mock.Mocker() as collector:
        collector.post(URL)
        assert stream_handler.handler(event, LambdaContext(60_000)) == {"batchItemFailures": []}
    assert [
        (one["account"], one["logType"], one.get("EventsDelivered"), one.get("ControlMessages"))
        for one in summaries(printed())
    ] == [
        ("CloudwatchLogs", "unknown", None, 1),
        ("111122223333", "audit", 13, None),
        ("444455556666", "scheduler", 7, None),
        ("111122223333", "autoModeCompute", 7, None),
    ]
    assert [queue.messages for queue in queues] == [[], []]


def test_no_records_are_no_fault(queues: tuple[MemoryQueue, MemoryQueue], printed: Printed) -> None:
    """Lambda sends such an event at the end of a window; an error would only repeat it."""
    assert handle() == []
    assert printed() == ""
    assert [queue.messages for queue in queues] == [[], []]


def test_names_that_utf_8_cannot_represent_hold_up_no_record(
    queues: tuple[MemoryQueue, MemoryQueue], printed: Printed
) -> None:
    """The metrics say U+FFFD in their place, and the records beside it are delivered once."""
    odd = data_of("b", owner="44\ud80044", logGroup="/aws/eks/blue\udfff/cluster")
    with requests_mock.Mocker() as collector:
        collector.post(URL)
        assert handle(data_of("a"), odd, data_of("c")) == []
        assert len(collector.request_history) == 3
    assert [(one["account"], one["cluster"], one["EventsReceived"]) for one in summaries(printed())] == [
        ("111122223333", "demo", 2),
        ("44\ufffd44", "blue\ufffd", 1),
    ]
    assert [queue.messages for queue in queues] == [[], []]


@pytest.mark.usefixtures("environment")
def test_without_a_dead_letter_queue_the_record_stays_and_the_log_says_why(printed: Printed) -> None:
    """Nothing asks AWS for a queue that has no URL."""
    with requests_mock.Mocker() as collector:
        collector.post(URL)
        assert handle(data_of("a"), BROKEN, data_of("c")) == ["101", "102"]
    (kept,) = [json.loads(line) for line in printed().splitlines() if '"record kept"' in line]
    assert kept["why"] == "awslogs.data (19 bytes) is not gzip or is damaged; no such queue is configured"


def test_wrong_settings_raise_so_that_every_record_comes_again(environment: pytest.MonkeyPatch) -> None:
    """A batch that raises keeps its place in the stream; the error lists the faults."""
    environment.setenv("DESTINATION", "carrier pigeon")
    with pytest.raises(SettingsError, match="DESTINATION"):
        handle(data_of("a"))
