"""A collector's answer as JSON, whatever a collector may say."""

import msgspec
import pytest

from eks_log_forwarder.destinations.http_parts import read_json
from eks_log_forwarder.destinations.outcomes import Delivered, PartlyDelivered
from eks_log_forwarder.transport.exchange import Answer
from tests.unit.destination_requests import destination_of


class Taken(msgspec.Struct):
    """An answer that counts."""

    taken: int


@pytest.mark.parametrize("body", [b'{"taken":3}', b'{"more":[[]],"taken":3}'])
def test_reads_what_is_asked_for(body: bytes) -> None:
    """Other fields are passed over."""
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
    """Also what is nested deeper than Python goes."""
    with pytest.raises(ValueError, match=r"\w"):
        read_json(body, Taken)


@pytest.mark.parametrize("status", [200, 400, 503])
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
    """It has an outcome, and that is not a success."""
    outcome = destination_of(name, options=options).outcome(Answer(status, body), 3)
    assert not isinstance(outcome, Delivered | PartlyDelivered)
