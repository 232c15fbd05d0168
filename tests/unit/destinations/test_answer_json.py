"""Answers in JSON, and what no destination may make of an odd one."""

import msgspec
import pytest

from eks_log_forwarder.destinations.http_parts import read_json
from eks_log_forwarder.destinations.outcomes import Delivered, PartlyDelivered
from eks_log_forwarder.transport.exchange import Answer
from tests.unit.destination_requests import destination_of


class Taken(msgspec.Struct):
    """An answer with a number."""

    taken: int


@pytest.mark.parametrize("body", [b'{"taken":3}', b'{"more":[[]],"taken":3}'])
def test_reads_what_is_asked_for(body: bytes) -> None:
    """Other fields are ignored."""
    assert read_json(body, Taken) == Taken(3)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"\xff", b"null", b"[]", b'{"taken":"3"}', b'{"taken":3}}'),
        b'{"more":' + b"[" * 60_000,
        b"[" * 60_000,
    ],
)
def test_anything_else_is_a_value_error(body: bytes) -> None:
    """Also JSON that is nested more deeply than Python can read."""
    with pytest.raises(ValueError, match=r"\w"):
        read_json(body, Taken)


@pytest.mark.parametrize("status", [400, 503])
@pytest.mark.parametrize("body", [b'{"more":' + b"[" * 60_000, b'{"code":' + b"[" * 60_000])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("splunk_hec", {}),
        ("splunk_hec", {"ack": True}),
        ("elasticsearch", {}),
        ("otlp", {"encoding": "json"}),
        ("otlp", {"encoding": "protobuf"}),
        ("loki", {}),
    ],
)
def test_no_answer_breaks_a_destination(
    name: str, options: dict[str, object], body: bytes, status: int
) -> None:
    """A failure with an odd body stays a failure."""
    outcome = destination_of(name, options=options).outcome(Answer(status, body), 3)
    assert not isinstance(outcome, Delivered | PartlyDelivered)
