"""Parked messages."""

import base64
import json
import random
import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eks_log_forwarder.delivery.leftover import Cause, Leftover
from eks_log_forwarder.errors import PayloadError
from eks_log_forwarder.intake.payload import LogEvent, unread
from eks_log_forwarder.parking.messages import MAX_MESSAGE_BYTES, Message, gathered, messages_of, payload_of
from tests.payloads import event_of
from tests.payloads import payload_of as payload_in_json
from tests.scripted import events, payload

SEED = 91


def noise(size: int) -> str:
    """Text that gzip cannot make smaller than three quarters: six bits a letter."""
    letters = string.ascii_letters + string.digits + "+/"
    return "".join(random.Random(SEED).choices(letters, k=size))  # noqa: S311  # reproducible, no secret


def left(*messages: str, reason: str = "http_503") -> Leftover:
    """What an outage left over."""
    return Leftover(events(*messages), Cause.UNREACHABLE, reason)


def parked(*leftovers: Leftover) -> list[Message]:
    """The messages of leftovers of one stream."""
    return list(messages_of(payload(), leftovers))


def ids_in(messages: list[Message]) -> list[str]:
    """The ids of all the events, in order."""
    return [event.id for message in messages for event in payload_of(message.body).logEvents]


def test_a_leftover_is_one_message_with_its_reason_and_time() -> None:
    """Two leftovers are two messages, in order; together they hold what was left over."""
    messages = parked(left("a", "b"), left("c", reason="http_400"))
    assert [(message.events, message.reason) for message in messages] == [(2, "http_503"), (1, "http_400")]
    assert payload_of(messages[0].body) == payload("a", "b")
    age = datetime.now(UTC) - datetime.fromisoformat(messages[0].time)
    assert timedelta(0) <= age < timedelta(seconds=10)


def test_a_message_is_an_ordinary_subscription_event() -> None:
    """So `sam local invoke` reads it too."""
    (message,) = parked(left("a"))
    event = json.loads(message.body)
    assert set(event) == {"awslogs"}
    assert set(event["awslogs"]) == {"data"}
    assert base64.b64decode(event["awslogs"]["data"], validate=True)[:2] == b"\x1f\x8b"


def test_a_message_does_not_show_what_it_holds() -> None:
    """It is payload."""
    (message,) = parked(left("s3cr3t"))
    assert message.body not in repr(message)


@pytest.mark.parametrize(
    ("sizes", "held"),
    [
        ([1_000_000], [1]),
        ([1_000_000] * 2, [1, 1]),
        ([400_000] * 5, [2, 1, 2]),
        ([1_000] * 1000, [1000]),
    ],
)
def test_what_does_not_fit_a_message_is_split(sizes: list[int], held: list[int]) -> None:
    """At 1 MiB, base64 and attributes included; no event is lost, duplicated or reordered."""
    text = noise(max(sizes))
    whole = events(*(text[:size] for size in sizes))
    messages = list(messages_of(payload(), [Leftover(whole, Cause.UNREACHABLE, "http_503")]))
    assert [message.events for message in messages] == held
    assert all(message.size_bytes <= MAX_MESSAGE_BYTES for message in messages)
    assert [event for m in messages for event in payload_of(m.body).logEvents] == whole


def test_the_size_of_a_message_counts_its_attributes() -> None:
    """Names, types and values of three of them fit into what is set aside."""
    message = Message("x" * 1000, "connection_refused", 1000)
    attributes = {"reason": message.reason, "time": message.time, "events": "1000000"}
    told = sum(len(name) + len("String") + len(value) for name, value in attributes.items())
    assert 1000 + told <= message.size_bytes == 1512


@given(st.lists(st.text(st.characters(codec=None, exclude_categories=[])), min_size=1, max_size=5))
def test_whatever_a_line_holds_it_comes_back(lines: list[str]) -> None:
    """Control characters, and halves of surrogate pairs."""
    assert payload_of(parked(left(*lines))[0].body) == payload(*lines)


def test_fields_that_cloudwatch_extracted_come_back() -> None:
    """Of centralised logs: the account that wrote the line."""
    event = LogEvent("1", 1, "m", unread({"@aws.account": "444455556666"}))
    (message,) = messages_of(payload(), [Leftover([event], Cause.REJECTED, "http_400")])
    assert payload_of(message.body).logEvents == [event]


def test_lambdas_record_of_a_failed_invocation_is_read() -> None:
    """Its `requestPayload` is the original event (Lambda developer guide, "Invocation record")."""
    record = {
        "version": "1.0",
        "timestamp": "2026-01-14T10:00:00.000Z",
        "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
        "requestPayload": event_of(payload_in_json("a", "b")),
        "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
        "responsePayload": {"errorType": "UndeliveredError"},
    }
    assert [event.message for event in payload_of(json.dumps(record)).logEvents] == ["a", "b"]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("", "is not a JSON object"),
        ("s3cr3t", "is not a JSON object"),
        ("[1]", "is not a JSON object"),
        ('"s3cr3t"', "is not a JSON object"),
        ("\ud83d", "is not a JSON object"),
        ("[" * 100_000, "is not a JSON object"),
        ('{"s3cr3t":' * 100_000, "is not a JSON object"),
        ("{}", "no awslogs.data"),
        ('{"requestPayload":"s3cr3t"}', "requestPayload is not an object but str"),
        ('{"requestPayload":null}', "requestPayload is not an object but NoneType"),
        ('{"requestPayload":{"s3cr3t":1}}', "no awslogs.data"),
        ('{"awslogs":{"data":"s3cr3t!"}}', "is not base64"),
    ],
)
def test_what_is_of_neither_shape_is_told_without_showing_it(body: str, fault: str) -> None:
    """The redrive buries it."""
    with pytest.raises(PayloadError, match=fault) as caught:
        payload_of(body)
    assert "s3cr3t" not in str(caught.value)


def test_single_events_of_an_outage_share_messages() -> None:
    """2,500 requests of one event each that could not be sent are 3 messages, in order, and none is lost."""
    singles = [left(f"m{n}") for n in range(2500)]
    together = gathered(singles, most_events=1000)
    assert [len(leftover.events) for leftover in together] == [1000, 1000, 500]
    assert [event.message for leftover in together for event in leftover.events] == [
        f"m{n}" for n in range(2500)
    ]
    assert [len(leftover.events) for leftover in singles] == [1] * 2500


def test_batches_of_an_outage_stay_apart() -> None:
    """A parked message holds at most one delivery batch."""
    together = gathered([left("a", "b"), left("c", "d")], most_events=1000)
    assert [len(leftover.events) for leftover in together] == [2, 2]


def test_a_hundred_rejected_events_are_parked_alone_and_the_rest_by_reason() -> None:
    """Of 150 rejected events 100 have a message each; the others are not rejected for what they hold."""
    rejected = [Leftover(events(f"m{n}"), Cause.REJECTED, "http_400") for n in range(150)]
    other = Leftover(events("z"), Cause.REJECTED, "http_422")
    together = gathered([*rejected, other], most_events=1000)
    assert [len(leftover.events) for leftover in together] == [1] * 100 + [50, 1]
    assert [leftover.reason for leftover in together[-2:]] == ["http_400", "http_422"]


def test_events_of_alternating_reasons_share_messages() -> None:
    """4,000 events that were rejected for two reasons in turn: 100 alone and 4 messages, each in order."""
    rejected = [
        Leftover([LogEvent(f"{n}", n, f"m{n}")], Cause.REJECTED, "bulk_400" if n % 2 else "bulk_413")
        for n in range(4000)
    ]
    together = gathered(rejected, most_events=1000)
    assert [len(leftover.events) for leftover in together] == [1] * 100 + [1000, 1000, 950, 950]
    for leftover in together:
        numbers = [int(event.message[1:]) for event in leftover.events]
        assert numbers == sorted(numbers)
        assert len({number % 2 for number in numbers}) == 1


def test_events_of_one_reason_and_two_causes_stay_apart() -> None:
    """They have different fates."""
    one, other = left("a"), Leftover(events("b"), Cause.NOT_NARROWED, "http_503")
    assert [len(leftover.events) for leftover in gathered([one, other, one], most_events=10)] == [2, 1]
