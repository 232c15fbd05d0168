"""No content of an event makes an encoder fail, whatever the destination and the format."""

import json
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.config.settings import RecordFormat
from eks_log_forwarder.control_plane.parsing import parse
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent, unread
from eks_log_forwarder.record.record import Record, record_of
from tests.records import AUDIT, AUTHENTICATOR, KLOG, RULE, any_text
from tests.unit.destination_requests import TOKEN, destination_of
from tests.unit.intake.test_log_stream import stream_of

DESTINATIONS: list[tuple[str, dict[str, object]]] = [
    ("xplg", {}),
    ("http", {}),
    ("splunk_hec", {}),
    ("elasticsearch", {"templates": True}),
    ("loki", {}),
    ("otlp", {}),
    ("otlp", {"encoding": "json"}),
]
ENCODERS = [
    destination_of(name, options=options, RECORD_FORMAT=record_format)
    for (name, options), record_format in product(DESTINATIONS, RecordFormat)
]
ENCODERS += [destination_of("elasticsearch", options={"ecs": ecs}) for ecs in (False, True)]
CREDENTIALS = Credentials(token=TOKEN)

numbers = st.integers() | st.integers(-(10**40), 10**40) | st.floats()
json_values = st.recursive(
    st.none() | st.booleans() | numbers | any_text,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(any_text, values, max_size=3),
    max_leaves=6,
)
fields_of_headers = st.sampled_from(
    [*json.loads(AUDIT), "impersonatedUser", "msg", "ts", "caller", "severity", "requestObject"]
)
parts = st.sampled_from(
    ["code", "reason", "message", "username", "groups", "extra", "resource", "name", "namespace", "uid"]
)
odd_objects = st.dictionaries(fields_of_headers, json_values | st.dictionaries(parts, json_values))
odd_messages = odd_objects.map(lambda odd: json.dumps(json.loads(AUDIT) | odd)) | odd_objects.map(json.dumps)
text_lines = st.tuples(st.sampled_from([AUTHENTICATOR, KLOG]), any_text).map(" ".join)
timestamps = st.integers(-(2**63), 2**63 - 1)


@st.composite
def odd_records(draw: st.DrawFn) -> Record:
    """Draw a record as the stages build it, of a message of any content."""
    message = draw(any_text | odd_messages | text_lines | st.builds(str.__getitem__, odd_messages, cuts))
    event = LogEvent(draw(any_text), draw(timestamps), message, unread({"@aws.region": draw(any_text)}))
    stream = stream_of(draw(any_text), draw(any_text))
    parsed = parse(draw(st.sampled_from(LogType)), event)
    return record_of(stream, event, parsed, draw(st.integers(0, 9)), draw(st.lists(st.just(RULE))), "")


cuts = st.integers(0, 900).map(slice)


@given(odd_records())
def test_every_record_has_an_encoding_in_every_destination(record: Record) -> None:
    """The encoded record also fits into a request."""
    for destination in ENCODERS:
        destination.request([destination.encode(record)], CREDENTIALS)


@pytest.mark.parametrize("code", [2**63 - 1, 2**63, -(2**63) - 1, 10**30, 10**400, 1e300, True, "403", None])
def test_an_integer_of_any_size_is_encoded(code: object) -> None:
    """An encoder writes the nearest form of its protocol."""
    message = json.dumps(json.loads(AUDIT) | {"responseStatus": {"code": code}})
    event = LogEvent("1", 1, message)
    record = record_of(stream_of(), event, parse(LogType.AUDIT, event), 0, [], "us-east-1")
    assert all(destination.encode(record) for destination in ENCODERS)
