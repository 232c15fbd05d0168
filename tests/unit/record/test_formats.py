"""Records as JSON, byte for byte."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from eks_log_forwarder.config.destination_options import BodyFormat, Compression
from eks_log_forwarder.config.settings import RecordFormat
from eks_log_forwarder.control_plane.audit import parse_audit
from eks_log_forwarder.destinations.json_destination import JsonBody
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.record.formats import shape_of
from eks_log_forwarder.record.record import Record

PLAIN_KEYS = ["timestamp", "logGroup", "logStream", "message"]
ENRICHED_KEYS = [*PLAIN_KEYS, "id", "account", "region", "cluster", "logType"]


def record(message: str = '{"verb":"get"}', stream: str = "kube-apiserver-audit-01") -> Record:
    """A record with a message."""
    return Record(
        1_700_000_000_000,
        "/aws/eks/prod/cluster",
        stream,
        message,
        "37",
        "111122223333",
        "us-east-1",
        "prod",
        LogType.AUDIT,
    )


def json_of(record: Record, record_format: RecordFormat = RecordFormat.ENRICHED) -> bytes:
    """A record as a collector reads it."""
    return JsonBody(BodyFormat.NDJSON, Compression.NONE, shape_of(record_format)).encode(record)


@pytest.mark.parametrize(
    ("record_format", "expected"),
    [
        (
            RecordFormat.ENRICHED,
            (
                b'{"timestamp":1700000000000,"logGroup":"/aws/eks/prod/cluster",'
                b'"logStream":"kube-apiserver-audit-01","message":"{\\"verb\\":\\"get\\"}",'
                b'"id":"37","account":"111122223333","region":"us-east-1","cluster":"prod","logType":"audit"}'
            ),
        ),
        (
            RecordFormat.PLAIN,
            (
                b'{"timestamp":1700000000000,"logGroup":"/aws/eks/prod/cluster",'
                b'"logStream":"kube-apiserver-audit-01","message":"{\\"verb\\":\\"get\\"}"}'
            ),
        ),
    ],
)
def test_a_record_is_written_in_the_order_of_the_contract(
    record_format: RecordFormat, expected: bytes
) -> None:
    """The four keys of `plain` come first."""
    assert json_of(record(), record_format) == expected


def test_no_key_is_left_out_where_its_value_is_empty() -> None:
    """A collector finds the same nine keys in every record."""
    empty = Record(0, "", "", "", "", "", "", "", LogType.UNKNOWN)
    assert list(json.loads(json_of(empty))) == ENRICHED_KEYS
    assert list(json.loads(json_of(empty, RecordFormat.PLAIN))) == PLAIN_KEYS


def test_half_a_surrogate_pair_is_written_as_its_escape() -> None:
    """UTF-8 cannot represent it, JSON can (RFC 8259, section 8.2). Keys keep their order."""
    encoded = json_of(record("cut \ud83d é"))
    assert b'"message":"cut \\ud83d \\u00e9","id":"37"' in encoded
    assert list(json.loads(encoded)) == ENRICHED_KEYS
    assert list(json.loads(json_of(record("\udc00"), RecordFormat.PLAIN))) == PLAIN_KEYS


def test_a_nested_event_stands_beside_half_a_surrogate_pair() -> None:
    """The surrogate is in another field, so the event is copied unchanged."""
    message = '{"auditID":"1","verb":"get","requestObject":{"n":[1,null]}}'
    whole = structs.replace(record(message, "kube-apiserver-audit-\ud83d"), audit=parse_audit(message))
    encoded = json_of(whole, RecordFormat.PARSED)
    assert b'"logStream":"kube-apiserver-audit-\\ud83d"' in encoded
    assert json.loads(encoded)["audit"] == json.loads(message)


def nested(levels: int) -> str:
    """Return an audit event of so many levels, with brackets and escapes in its strings."""
    inner = levels - 1
    body = "".join("[" if level % 2 else '{"a\\\\":' for level in range(inner))
    body += '"\\"}]{[\\\\"' + "".join("}" if level % 2 else "]" for level in range(inner, 0, -1))
    return '{"auditID":"1","verb":"get","userAgent":"{[{[\\"{[{[","requestObject":' + body + "}"


@pytest.mark.parametrize(("levels", "is_nested"), [(3, True), (20, True), (21, False), (64, False)])
def test_parsed_keeps_the_text_of_an_event_beyond_twenty_levels(levels: int, *, is_nested: bool) -> None:
    """Some collectors drop a deeper object and everything after it."""
    message = nested(levels)
    assert json.loads(message)["requestObject"]
    deep = structs.replace(record(message), audit=parse_audit(message))
    encoded = json.loads(json_of(deep, RecordFormat.PARSED))
    assert ("message" not in encoded) is is_nested
    assert ("requestObject" in encoded["audit"]) is is_nested
    assert encoded.get("message", message) == message


def levels_of(value: object) -> int:
    """Count the levels of objects and arrays."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if parts is None else 1 + max(map(levels_of, parts), default=0)


NESTED_VALUES = st.recursive(
    st.none() | st.text('[]{}\\"a'),
    lambda values: st.lists(values, max_size=2) | st.dictionaries(st.text('{}\\"b'), values, max_size=2),
    max_leaves=40,
)


@given(NESTED_VALUES, st.integers(0, 30))
def test_levels_are_counted_outside_of_strings(value: object, more: int) -> None:
    """The count agrees with that of the decoded event."""
    for _ in range(more):
        value = [value]
    message = json.dumps({"auditID": "1", "verb": "get", "requestObject": value})
    whole = structs.replace(record(message), audit=parse_audit(message))
    is_nested = "message" not in json.loads(json_of(whole, RecordFormat.PARSED))
    assert is_nested is (levels_of(value) + 1 <= 20)


@given(message=st.text(st.characters(codec=None)), stream=st.text(st.characters(codec=None)))
def test_any_text_comes_back_as_it_was(message: str, stream: str) -> None:
    """The record is one line, as NDJSON requires."""
    encoded = json_of(record(message, stream))
    loaded = json.loads(encoded)
    assert (loaded["message"], loaded["logStream"]) == (message, stream)
    assert b"\n" not in encoded
    assert b"\r" not in encoded
