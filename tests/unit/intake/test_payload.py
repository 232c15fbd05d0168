"""Subscription payloads: decoding, and the error for each kind of bad input."""

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
from eks_log_forwarder.intake.compression import MAX_PAYLOAD_BYTES
from eks_log_forwarder.intake.payload import decode_payload, encode_payload, is_control_message, unread
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

MARK = "payload-text-8f14"  # part of every refused payload, and of no error
GZIP = gzip.compress(json.dumps(payload_of(MARK)).encode(), mtime=0)
MEBIBYTE = 1024 * 1024


def fault_of(event: Any) -> str:  # noqa: ANN401  # an invocation can hold anything
    """Return the error for an event that the decoder refuses; it never holds content."""
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
    assert json.loads(bytes(payload.subscriptionFilters)) == ["forwarder"]
    assert [(event.id, event.timestamp, event.message) for event in payload.logEvents] == [
        (f"{0:056}", START_MS, "one"),
        (f"{1:056}", START_MS + 1, "two"),
    ]
    assert not is_control_message(payload)


def test_fields_that_cloudwatch_may_add_are_no_fault() -> None:
    """Unknown fields of the payload and of an event are ignored; `extractedFields` is kept."""
    sent = payload_of("one", policyLevel="ACCOUNT_LEVEL_POLICY")
    sent["logEvents"][0] |= {"extractedFields": {"@aws.account": "444455556666"}, "later": {"deep": [1]}}
    (event,) = decode_payload(event_of(sent)).logEvents
    assert json.loads(bytes(event.extractedFields)) == {"@aws.account": "444455556666"}


def test_a_control_message_is_known_by_its_type() -> None:
    """Its event has an empty id, which is allowed."""
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
    """The error names the missing key, regardless of the event."""
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
    """The error does not show the text."""
    assert fault in fault_of({"awslogs": {"data": data}})


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (MARK.encode(), "(17 bytes) is not gzip or is damaged"),
        (zlib.compress(MARK.encode()), "is not gzip or is damaged"),
        (GZIP[:10] + b"\xff" * 20 + GZIP[30:], "is not gzip or is damaged"),
        (GZIP[:-8] + b"\0\0\0\0" + GZIP[-4:], "is not gzip or is damaged"),  # another checksum
        (GZIP + MARK.encode(), "is not gzip or is damaged"),
        (b"", "(0 bytes of gzip) ends too early"),
        (GZIP[:5], "(5 bytes of gzip) ends too early"),
        (GZIP[:-9], "bytes of gzip) ends too early"),
        (GZIP[:-1], "bytes of gzip) ends too early"),
        (GZIP + GZIP[:12], "bytes of gzip) ends too early"),
    ],
)
def test_data_that_is_not_whole_gzip_is_told_by_its_length(data: bytes, fault: str) -> None:
    """The data is damaged, in another format, or cut."""
    assert fault in fault_of(event_of_bytes(data))


def test_gzip_that_is_cut_anywhere_is_refused() -> None:
    """No prefix of a payload passes for a payload."""
    faults = {length: fault_of(event_of_bytes(GZIP[:length])) for length in range(len(GZIP))}
    assert [length for length, fault in faults.items() if "ends too early" not in fault] == []


def test_gzip_in_several_members_is_one_payload() -> None:
    """Members are concatenated, and one is empty (RFC 1952, section 2.2)."""
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
    """Of 1 GiB in 1 MB of gzip, at most the limit of 64 MiB is expanded."""
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
    """64 MiB is accepted, one byte more is refused."""
    text = json.dumps(payload_of("one")).encode()
    padding = b" " * (MAX_PAYLOAD_BYTES - len(text))
    assert len(decode_payload(event_of_text(text + padding)).logEvents) == 1
    assert "expands to over 67108864 bytes" in fault_of(event_of_text(text + padding + b" "))


def test_thousands_of_empty_members_are_worked_through_in_a_moment() -> None:
    """An invocation of 1 MB of gzip headers costs no more than a large one of logs."""
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
    """The error is the same for any text and any nesting."""
    assert fault_of(event_of_text(text)) == f"awslogs.data ({len(text)} bytes expanded) is not JSON"


@pytest.mark.parametrize(
    "payload",
    [
        [MARK],
        MARK,
        None,
        {},
        payload_of(logEvents={MARK: 1}),
        payload_of(logEvents=None),
        {"logEvents": MARK},
    ],
)
def test_json_without_a_list_of_log_events_is_refused(payload: object) -> None:
    """The error does not show the content."""
    assert fault_of(event_of(payload)) == (
        "awslogs.data does not have the shape of a subscription payload: it has no list logEvents"
    )


LONE = {"later": "\ud83d"}  # makes msgspec refuse the JSON


@pytest.mark.parametrize("beside", [{}, LONE], ids=["clean", "beside a lone surrogate"])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("extractedFields", {"status": None, "@aws.account": "444455556666"}),
        ("extractedFields", {"latency": 3, "ok": True, "nested": {"a": [1.5]}}),
        ("extractedFields", ["a"]),
        ("extractedFields", "text"),
        ("extractedFields", 7),
    ],
)
def test_extracted_fields_may_be_of_any_type(field: str, value: object, beside: dict[str, str]) -> None:
    """They fail nothing, and survive the round trip of a parked payload."""
    sent = payload_of("one", "two") | beside
    sent["logEvents"][0][field] = value
    payload = decode_payload(event_of(sent))
    assert [event.message for event in payload.logEvents] == ["one", "two"]
    assert json.loads(bytes(payload.logEvents[0].extractedFields)) == value
    parked = {"awslogs": {"data": encode_payload(payload, payload.logEvents)}}
    assert decode_payload(parked) == payload


@pytest.mark.parametrize("where", ["extractedFields", "later"])
@pytest.mark.parametrize("value", ["[" * 5000 + "]" * 5000, '{"a":' * 5000 + '"[}"' + "}" * 5000])
def test_a_value_nested_too_deeply_costs_no_event(where: str, value: str) -> None:
    """The decoder reads such a payload with null in the place of the value."""
    sent = payload_of("one [{", "two")
    sent["logEvents"][0][where] = "deep"
    text = json.dumps(sent).replace('"deep"', value)
    payload = decode_payload(event_of_text(text.encode()))
    assert [event.message for event in payload.logEvents] == ["one [{", "two"]


def test_values_that_nobody_reads_build_no_objects() -> None:
    """A megabyte of empty objects, which took 25 MB, takes at most its own size again."""
    sent = payload_of("one", subscriptionFilters=[{}] * 100_000, policyLevel=[{}] * 100_000)
    sent["logEvents"][0]["extractedFields"] = {"a": [{}] * 100_000, "@aws.account": "444455556666"}
    event = event_of(sent)
    tracemalloc.start()
    (decoded,) = decode_payload(event).logEvents
    assert decoded.extracted_text("@aws.account") == "444455556666"
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 4 * MEBIBYTE


@pytest.mark.parametrize(
    ("fields", "name", "expected"),
    [
        ({"@aws.account": "444455556666"}, "@aws.account", "444455556666"),
        ({"@aws.account": None}, "@aws.account", ""),
        ({"@aws.account": 444455556666}, "@aws.account", ""),
        ({}, "@aws.account", ""),
        (None, "@aws.account", ""),
        (["@aws.account"], "@aws.account", ""),
    ],
)
def test_only_an_extracted_text_is_used(fields: object, name: str, expected: str) -> None:
    """A value of any other type counts as absent."""
    sent = payload_of("one")
    sent["logEvents"][0]["extractedFields"] = fields
    (event,) = decode_payload(event_of(sent)).logEvents
    assert event.extracted_text(name) == expected


@pytest.mark.parametrize("beside", [{}, LONE], ids=["clean", "beside a lone surrogate"])
@pytest.mark.parametrize(
    ("timestamp", "expected"),
    [
        (START_MS, START_MS),
        (f"{START_MS}", START_MS),
        (float(START_MS), START_MS),
        (START_MS + 0.5, START_MS),
        (f"{START_MS}.0", START_MS),
        ("1.7683848e12", START_MS),
        ("2026-01-14T10:00:00Z", START_MS),
        ("2026-01-14T11:00:00.000+01:00", START_MS),
        ("2026-01-14T10:00:00", START_MS),
        (0, 0),
        (-1, -1),
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
    ],
)
def test_a_timestamp_is_read_from_any_of_its_notations(
    timestamp: object, expected: int, beside: dict[str, str]
) -> None:
    """It may be an integer, a float, a text of either, or ISO 8601."""
    event = {"id": "1", "timestamp": timestamp, "message": "one"}
    (decoded,) = decode_payload(event_of(payload_of(logEvents=[event]) | beside)).logEvents
    assert decoded.timestamp == expected


UNREADABLE_TIMESTAMPS: list[object] = [
    *(None, True, "", "soon", [1], {}, 2**63, -(10**25), 10**400, 1e300, f"{10**400}", "nan", "1" * 5000),
    "9999-12-31T23:59:59+99:99",
]


@pytest.mark.parametrize("timestamp", UNREADABLE_TIMESTAMPS, ids=lambda value: str(value)[:12])
def test_an_event_without_a_readable_timestamp_has_its_neighbours(timestamp: object) -> None:
    """The neighbour is the previous event with one, else the next one, else the clock."""
    events = [
        {"id": f"{number}", "timestamp": ms, "message": "one"}
        for number, ms in enumerate([timestamp, 5, timestamp, "7", timestamp])
    ]
    decoded = decode_payload(event_of(payload_of(logEvents=events))).logEvents
    assert [event.timestamp for event in decoded] == [5, 5, 5, 7, 7]
    (alone,) = decode_payload(event_of(payload_of(logEvents=events[:1])), clock=lambda: 9.25).logEvents
    assert alone.timestamp == 9250


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (None, ""),
        (5, "5"),
        (["a"], '["a"]'),
        ("text", "text"),
        ({}, "{}"),
        ({"timestamp": 1, "message": None}, '{"timestamp":1,"message":null}'),
        ({"timestamp": 1, "message": {"verb": "get"}}, '{"verb":"get"}'),
        ({"message": 1.5}, "1.5"),
    ],
)
def test_an_unusable_event_is_carried_as_text_beside_its_neighbours(entry: object, message: str) -> None:
    """Its JSON becomes the message, and it has an id that survives parking and a second delivery."""
    sent = payload_of("one", "two")
    sent["logEvents"].insert(1, entry)
    payload = decode_payload(event_of(sent))
    assert [event.message for event in payload.logEvents] == ["one", message, "two"]
    assert payload.logEvents[0].timestamp == START_MS
    unusable = payload.logEvents[1]
    assert len(unusable.id) == 64
    assert decode_payload(event_of(sent)) == payload
    assert decode_payload({"awslogs": {"data": encode_payload(payload, [unusable])}}).logEvents == [unusable]


def test_events_without_an_id_have_different_ids() -> None:
    """Elasticsearch stores one document per id, so equal lines must not share one."""
    events = [{"timestamp": START_MS, "message": "same"}] * 2 + [{"id": 7, "timestamp": 1, "message": ""}]
    first, second, third = decode_payload(event_of(payload_of(logEvents=events))).logEvents
    assert first.id != second.id
    assert third.id == "7"


def test_fields_of_the_payload_may_be_of_any_type() -> None:
    """A number becomes its text and an absent field is empty; unused fields survive the round trip."""
    sent = payload_of("one", owner=111122223333, subscriptionFilters={"a": None}, policyLevel=3)
    del sent["logStream"]
    payload = decode_payload(event_of(sent))
    assert (payload.owner, payload.logStream) == (OWNER, "")
    assert payload.subscriptionFilters == unread({"a": None})
    assert payload.policyLevel == unread(3)
    assert decode_payload({"awslogs": {"data": encode_payload(payload, payload.logEvents)}}) == payload


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=8,
)
ODD_EVENTS = JSON_VALUES | st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("id", "timestamp", "message", "extractedFields"), JSON_VALUES)
)


@given(events=st.lists(ODD_EVENTS), fields=st.dictionaries(st.sampled_from(list(payload_of())), JSON_VALUES))
def test_no_value_loses_an_event(events: list[object], fields: dict[str, object]) -> None:
    """Whatever the types, there is one event per entry, and all survive parking."""
    payload = decode_payload(event_of(payload_of(**fields) | {"logEvents": events}))
    assert len(payload.logEvents) == len(events)
    parked = decode_payload({"awslogs": {"data": encode_payload(payload, payload.logEvents)}})
    assert [(e.id, e.timestamp, e.message) for e in parked.logEvents] == [
        (e.id, e.timestamp, e.message) for e in payload.logEvents
    ]


def test_bytes_that_are_not_utf8_become_the_replacement_character() -> None:
    """The rest of the line and the other lines do not change."""
    text = json.dumps(payload_of("a?b", "ü"), ensure_ascii=False).encode().replace(b"a?b", b"a\xff\xc3b")
    assert [event.message for event in decode_payload(event_of_text(text)).logEvents] == [
        "a\ufffd\ufffdb",
        "ü",
    ]


def test_half_a_surrogate_pair_stays_half_a_pair() -> None:
    """A line that was cut within an emoji is valid JSON."""
    (event,) = decode_payload(event_of(payload_of("cut \ud83d"))).logEvents
    assert event.message == "cut \ud83d"


@pytest.mark.parametrize(
    "message",
    ["", " ", "\0\x1b[2J", "ü€😀", '{"a": [1,  2]}', "line\r\nline", "\u2028", "x" * MEBIBYTE],
    ids=["empty", "space", "control", "wide", "json", "lines", "separator", "1 MiB"],
)
def test_an_unusual_message_is_decoded_as_it_is(message: str) -> None:
    """Empty and large messages and control characters are valid."""
    assert decode_payload(event_of(payload_of(message))).logEvents[0].message == message


def test_a_payload_without_events_is_no_fault() -> None:
    """An empty list of events is valid."""
    assert decode_payload(event_of(payload_of())).logEvents == []


TEXTS = st.text(st.characters(codec=None))  # includes lone surrogates


@given(
    messages=st.lists(st.tuples(TEXTS, TEXTS, st.integers(0, 2**53))), stream=TEXTS, group=TEXTS, owner=TEXTS
)
def test_any_text_is_decoded_as_it_was_sent(
    messages: list[tuple[str, str, int]], stream: str, group: str, owner: str
) -> None:
    """Names, ids and messages may hold any character; events keep their order."""
    events = [{"id": id_, "timestamp": ms, "message": message} for id_, message, ms in messages]
    payload = decode_payload(
        event_of(payload_of(owner=owner, logGroup=group, logStream=stream, logEvents=events))
    )
    assert (payload.owner, payload.logGroup, payload.logStream) == (owner, group, stream)
    assert [{"id": e.id, "timestamp": e.timestamp, "message": e.message} for e in payload.logEvents] == events


@given(st.binary())
def test_any_bytes_are_a_payload_or_a_named_fault(data: bytes) -> None:
    """The decoder raises no other exception."""
    for event in ({"awslogs": {"data": data.decode("latin-1")}}, event_of_bytes(data), event_of_text(data)):
        with pytest.raises(PayloadError):
            decode_payload(event)
