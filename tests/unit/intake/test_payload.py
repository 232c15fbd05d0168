"""The subscription payload: what is decoded, and what each kind of bad input is told."""

import base64
import gzip
import json
import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eks_log_forwarder.errors import PayloadError
from eks_log_forwarder.intake.payload import MAX_PAYLOAD_BYTES, decode_payload, is_control_message
from tests.cost import cpu_seconds_of
from tests.payloads import (
    LOG_GROUP,
    OWNER,
    START_MS,
    STREAM,
    event_of,
    event_of_bytes,
    event_of_text,
    payload_of,
)

MARK = "payload-text-8f14"  # stands in every payload that is refused, and in no error
GZIP = gzip.compress(json.dumps(payload_of(MARK)).encode(), mtime=0)
MEBIBYTE = 1024 * 1024


def fault_of(event: Any) -> str:  # noqa: ANN401  # an invocation can hold anything
    """What the decoder says of an event that it refuses; never what the event holds."""
    with pytest.raises(PayloadError) as caught:
        decode_payload(event)
    error = caught.value
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    assert MARK not in repr(error)
    return str(error)


def test_decodes_the_stream_and_its_lines_in_order() -> None:
    """Every field of the payload arrives as it was sent."""
    payload = decode_payload(event_of(payload_of("one", "two")))
    assert (payload.messageType, payload.owner) == ("DATA_MESSAGE", OWNER)
    assert (payload.logGroup, payload.logStream) == (LOG_GROUP, STREAM)
    assert payload.subscriptionFilters == ["forwarder"]
    assert [(event.id, event.timestamp, event.message) for event in payload.logEvents] == [
        (f"{0:056}", START_MS, "one"),
        (f"{1:056}", START_MS + 1, "two"),
    ]
    assert not is_control_message(payload)


def test_fields_that_cloudwatch_may_add_are_no_fault() -> None:
    """On the payload (`policyLevel`) and on an event; `extractedFields` is kept."""
    sent = payload_of("one", policyLevel="ACCOUNT_LEVEL_POLICY")
    sent["logEvents"][0] |= {"extractedFields": {"@aws.account": "444455556666"}, "later": {"deep": [1]}}
    (event,) = decode_payload(event_of(sent)).logEvents
    assert event.extractedFields == {"@aws.account": "444455556666"}


def test_a_control_message_is_known_by_its_type() -> None:
    """Its one event has an empty id, which is no fault."""
    event = {"id": "", "timestamp": START_MS, "message": "CWL CONTROL MESSAGE: Checking health"}
    payload = decode_payload(event_of(payload_of(messageType="CONTROL_MESSAGE", logEvents=[event])))
    assert is_control_message(payload)


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"awslogs": {}},
        {"awslogs": None},
        {"awslogs": [MARK]},
        {"Records": [{"body": MARK}]},
        None,
        [],
        MARK,
    ],
)
def test_an_event_of_another_source_is_named_as_such(event: object) -> None:
    """Whatever Lambda was invoked with, the fault is the missing key."""
    assert fault_of(event) == (
        "the event has no awslogs.data: it is not a CloudWatch Logs subscription event"
    )


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (None, "awslogs.data is not a string but NoneType"),
        ({"text": MARK}, "awslogs.data is not a string but dict"),
        (f"{MARK}!", "awslogs.data (18 characters) is not base64"),
        (base64.b64encode(GZIP).decode()[:-1], "characters) is not base64"),
        ("ü" * 8, "awslogs.data (8 characters) is not base64"),
        ("Zg==\n", "awslogs.data (5 characters) is not base64"),
    ],
)
def test_data_that_is_not_base64_is_told_by_its_length(data: object, fault: str) -> None:
    """The text itself is not shown."""
    assert fault in fault_of({"awslogs": {"data": data}})


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (MARK.encode(), "(17 bytes) is not gzip, or is damaged"),
        (zlib.compress(MARK.encode()), "is not gzip, or is damaged"),
        (GZIP[:10] + b"\xff" * 20 + GZIP[30:], "is not gzip, or is damaged"),
        (GZIP[:-8] + b"\0\0\0\0" + GZIP[-4:], "is not gzip, or is damaged"),  # another checksum
        (GZIP + MARK.encode(), "is not gzip, or is damaged"),
        (b"", "(0 bytes of gzip) ends too early"),
        (GZIP[:5], "(5 bytes of gzip) ends too early"),
        (GZIP[:-9], "bytes of gzip) ends too early"),
        (GZIP[:-1], "bytes of gzip) ends too early"),
        (GZIP + GZIP[:12], "bytes of gzip) ends too early"),
    ],
)
def test_data_that_is_not_whole_gzip_is_told_by_its_length(data: bytes, fault: str) -> None:
    """Damaged, of another format, or cut at any place."""
    assert fault in fault_of(event_of_bytes(data))


def test_gzip_that_is_cut_anywhere_is_refused() -> None:
    """No prefix of a payload passes for a payload."""
    faults = {length: fault_of(event_of_bytes(GZIP[:length])) for length in range(len(GZIP))}
    assert [length for length, fault in faults.items() if "ends too early" not in fault] == []


def test_gzip_in_several_members_is_one_payload() -> None:
    """RFC 1952, section 2.2: members follow one another, an empty one among them."""
    text = json.dumps(payload_of("one", "two")).encode()
    members = [gzip.compress(piece) for piece in (text[:40], b"", text[40:])]
    assert [event.message for event in decode_payload(event_of_bytes(b"".join(members))).logEvents] == [
        "one",
        "two",
    ]


def bomb_of_one_member() -> bytes:
    """A gibibyte of spaces in one gzip member: the same deflate block again and again."""
    deflate = zlib.compressobj(level=9, wbits=-15)
    block = deflate.compress(b" " * MEBIBYTE) + deflate.flush(zlib.Z_FULL_FLUSH)
    end = zlib.compressobj(level=9, wbits=-15).flush()
    return gzip.compress(b"", mtime=0)[:10] + block * 1024 + end + b"\0" * 8


def bomb_of_many_members() -> bytes:
    """A gibibyte of spaces in 1,024 gzip members."""
    return gzip.compress(b" " * MEBIBYTE, mtime=0) * 1024


@pytest.mark.parametrize("bomb", [bomb_of_one_member(), bomb_of_many_members()], ids=["one", "many"])
def test_a_decompression_bomb_is_refused_before_it_is_expanded(bomb: bytes) -> None:
    """1 GiB in 1 MB of gzip: at most the limit of 64 MiB is expanded."""
    event = event_of_bytes(bomb)
    tracemalloc.start()
    try:
        fault = fault_of(event)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert fault == f"awslogs.data ({len(bomb)} bytes of gzip) expands to over 67108864 bytes"
    assert peak_bytes < 2.5 * MAX_PAYLOAD_BYTES


def test_a_payload_of_exactly_the_limit_is_decoded() -> None:
    """64 MiB is in, one byte more is out."""
    text = json.dumps(payload_of("one")).encode()
    padding = b" " * (MAX_PAYLOAD_BYTES - len(text))
    assert len(decode_payload(event_of_text(text + padding)).logEvents) == 1
    assert "expands to over 67108864 bytes" in fault_of(event_of_text(text + padding + b" "))


def test_thousands_of_empty_members_are_worked_through_in_a_moment() -> None:
    """The largest invocation that holds nothing but gzip headers costs no more than a large one of logs."""
    member = gzip.compress(b"", mtime=0)
    event = event_of_bytes(member * (700_000 // len(member)))
    assert cpu_seconds_of(lambda: fault_of(event)) < 2
    assert fault_of(event) == "awslogs.data (0 bytes expanded) is not JSON"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        MARK.encode(),
        json.dumps(payload_of(MARK)).encode()[:-1],
        json.dumps(payload_of(MARK)).encode() + b",",
        json.dumps(payload_of(MARK)).encode().replace(b'"DATA', b"\xff\xfeDATA"),
        b'{"a":' + b"[" * 1_000_000,
        b'{"a":' * 1_000_000,
    ],
    ids=["empty", "text", "cut", "more", "bytes", "deep arrays", "deep objects"],
)
def test_a_payload_that_is_not_json_is_told_by_its_length(text: bytes) -> None:
    """However deep or odd it is, the fault is the same."""
    assert fault_of(event_of_text(text)) == f"awslogs.data ({len(text)} bytes expanded) is not JSON"


@pytest.mark.parametrize(
    ("payload", "where"),
    [
        ([MARK], "Expected `object`, got `array`"),
        (MARK, "Expected `object`, got `str`"),
        (None, "Expected `object`, got `null`"),
        ({}, "missing required field `messageType`"),
        (payload_of(MARK, owner=1), "at `$.owner`"),
        (payload_of(MARK, logEvents={MARK: 1}), "at `$.logEvents`"),
        (payload_of(logEvents=[MARK]), "at `$.logEvents[0]`"),
        (payload_of(logEvents=[{"id": "1", "timestamp": 1}]), "missing required field `message`"),
        (
            payload_of(logEvents=[{"id": "1", "timestamp": MARK, "message": ""}]),
            "at `$.logEvents[0].timestamp`",
        ),
        (
            payload_of(logEvents=[{"id": "1", "timestamp": 1.5, "message": ""}]),
            "at `$.logEvents[0].timestamp`",
        ),
        (
            payload_of(logEvents=[{"id": "1", "timestamp": 2**63, "message": ""}]),
            "at `$.logEvents[0].timestamp`",
        ),
        (
            payload_of(logEvents=[{"id": "1", "timestamp": -(10**400), "message": ""}]),
            "at `$.logEvents[0].timestamp`",
        ),
        (payload_of(logEvents=[{"id": "1", "timestamp": 1, "message": {MARK: 1}}]), "$.logEvents[0].message"),
        (
            payload_of(logEvents=[{"id": "", "timestamp": 1, "message": "", "extractedFields": {MARK: 1}}]),
            "at `$.logEvents[0].extractedFields[...]`",
        ),
    ],
)
@pytest.mark.parametrize("beside", [{}, {"more": "\ud83d"}], ids=["clean", "beside half a surrogate pair"])
def test_json_of_the_wrong_shape_is_told_by_its_path(
    payload: object, where: str, beside: dict[str, str]
) -> None:
    """Types and paths are named, values are not; whichever decoder had to read the rest."""
    fault = fault_of(event_of(payload | beside if isinstance(payload, dict) else payload))
    assert fault.startswith("awslogs.data does not have the shape of a subscription payload: ")
    assert where in fault


def test_bytes_that_are_not_utf8_become_the_replacement_character() -> None:
    """The rest of the line, and the other lines, stay what they are."""
    text = json.dumps(payload_of("a?b", "ü"), ensure_ascii=False).encode().replace(b"a?b", b"a\xff\xc3b")
    assert [event.message for event in decode_payload(event_of_text(text)).logEvents] == [
        "a\ufffd\ufffdb",
        "ü",
    ]


def test_half_a_surrogate_pair_stays_half_a_pair() -> None:
    """A line that was cut within an emoji is legal JSON, if not legal UTF-8."""
    (event,) = decode_payload(event_of(payload_of("cut \ud83d"))).logEvents
    assert event.message == "cut \ud83d"


@pytest.mark.parametrize(
    "message",
    ["", " ", "\0\x1b[2J", "ü€😀", '{"a": [1,  2]}', "line\r\nline", "\u2028", "x" * MEBIBYTE],
    ids=["empty", "space", "control", "wide", "json", "lines", "separator", "1 MiB"],
)
def test_an_unusual_message_is_decoded_as_it_is(message: str) -> None:
    """Empty, large, with control characters: none of it is a fault."""
    assert decode_payload(event_of(payload_of(message))).logEvents[0].message == message


def test_a_payload_without_events_is_no_fault() -> None:
    """There is nothing to forward, and nothing is lost."""
    assert decode_payload(event_of(payload_of())).logEvents == []


TEXTS = st.text(st.characters(codec=None))  # halves of surrogate pairs included


@given(
    messages=st.lists(st.tuples(TEXTS, TEXTS, st.integers(0, 2**53))), stream=TEXTS, group=TEXTS, owner=TEXTS
)
def test_any_text_is_decoded_as_it_was_sent(
    messages: list[tuple[str, str, int]], stream: str, group: str, owner: str
) -> None:
    """Names, ids and messages hold any character, and come out in order."""
    events = [{"id": id_, "timestamp": ms, "message": message} for id_, message, ms in messages]
    payload = decode_payload(
        event_of(payload_of(owner=owner, logGroup=group, logStream=stream, logEvents=events))
    )
    assert (payload.owner, payload.logGroup, payload.logStream) == (owner, group, stream)
    assert [{"id": e.id, "timestamp": e.timestamp, "message": e.message} for e in payload.logEvents] == events


@given(st.binary())
def test_any_bytes_are_a_payload_or_a_named_fault(data: bytes) -> None:
    """No other exception leaves the decoder, in any of its three layers."""
    for event in ({"awslogs": {"data": data.decode("latin-1")}}, event_of_bytes(data), event_of_text(data)):
        with pytest.raises(PayloadError):
            decode_payload(event)
