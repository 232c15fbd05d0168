"""The fault matrix, row by row: real handlers, a server that misbehaves, MiniStack's queues and secrets."""

from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tools.faults import document
from tools.faults.container import captured
from tools.faults.matrix import MATRIX, matrix_of
from tools.faults.row import EVENTS, Row
from tools.faults.run import Found, run, shows_a_token
from tools.faults.speech import SPEECHES
from tools.faults.stage import NEXT_TOKEN, TOKEN
from tools.faults.stream_rows import STREAM_MATRIX, StreamRow
from tools.faults.stream_run import StreamFound, run_stream
from tools.listener.protocols import DEMO_USERNAME
from tools.local_aws import LocalAws, local_aws

# where protocols differ, and every kind of failure on the way
IN_EVERY_PROTOCOL = {
    "none",
    "400",
    "401",
    "413 over a size",
    "429",
    "503",
    "302",
    "200 with HTML",
    "200 with an unknown body",
    "400 for everything, nothing accepted yet",
    "one event refused by a firewall, for good",
    "reset, and the events taken",
    "answer stalled",
    "answer cut half-way",
    "one event rejected for good",
    "secret rotated",
}
ROWS = [
    pytest.param(destination, row, id=f"{destination}: {row.fault}")
    for destination in SPEECHES
    for row in matrix_of(destination)
    if destination == "xplg" or row.fault in IN_EVERY_PROTOCOL
]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """One MiniStack for all rows; each row has its own queues and secret."""
    with local_aws(tmp_path_factory.mktemp("faults")) as running:
        yield running


@pytest.mark.parametrize(("destination", "row"), ROWS)
def test_every_fault_ends_as_promised(destination: str, row: Row, aws: LocalAws) -> None:
    """Nothing is lost, the token does not leak, and the redrive empties the queue."""
    found = run(row, aws, SPEECHES[destination])
    assert found == Found.promised(row)


@pytest.mark.parametrize("row", STREAM_MATRIX, ids=lambda row: row.fault)
def test_every_fault_of_a_stream_ends_as_promised(row: StreamRow, aws: LocalAws) -> None:
    """Nothing is lost or overtaken, the token does not leak, and the redrive empties the queue."""
    assert run_stream(row, aws) == StreamFound(row.promised)


@pytest.mark.parametrize("destination", SPEECHES)
def test_every_promise_covers_every_event(destination: str) -> None:
    """Every event that came in is delivered, parked, kept or rejected unidentified."""
    for row in matrix_of(destination):
        promised = row.promised
        assert promised.delivered + promised.parked + promised.kept + promised.unidentified == EVENTS
        assert promised.rejected <= promised.parked


@pytest.mark.parametrize("destination", SPEECHES)
def test_every_destination_has_the_same_faults(destination: str) -> None:
    """In the same order; the promises may differ."""
    assert [row.fault for row in matrix_of(destination)] == [row.fault for row in MATRIX]


def test_the_page_is_written_from_the_promises() -> None:
    """`make faults` does not change a tracked file unless a promise changes."""
    assert document.PATH.read_text(encoding="utf-8") == document.text()


def test_the_quick_rows_are_rows() -> None:
    """A mistyped name would leave a fault out."""
    assert {row.fault for row in MATRIX} >= IN_EVERY_PROTOCOL


def test_the_matrix_has_every_fault_of_a_collector() -> None:
    """By name, so that none can disappear."""
    assert [row.fault for row in MATRIX] == [
        "none",
        "400",
        "401",
        "403",
        "404",
        "408",
        "413",
        "413 over a size",
        "429",
        "429, Retry-After within the budget",
        "429, Retry-After beyond the budget",
        "500",
        "502",
        "503",
        "504",
        "302",
        "200 with HTML",
        "200 with HTML in UTF-16",
        "200 with an unknown body",
        "an answer that is not HTTP",
        "400 for everything, nothing accepted yet",
        "the circuit is open",
        "connection refused",
        "reset, and nothing taken",
        "reset, and the events taken",
        "answer stalled",
        "headers dripped",
        "body dripped",
        "answer cut half-way",
        "wrong certificate",
        "name does not resolve",
        "one event of a batch rejected",
        "one event rejected for good",
        "one event refused by a firewall, for good",
        "secret cannot be read",
        "secret rotated",
        "503, and no way to the queue",
    ]


@pytest.mark.parametrize("token", [TOKEN, NEXT_TOKEN])
@pytest.mark.parametrize("form", ["{}", "token={} HTTP"])
def test_a_token_that_was_printed_is_found(token: str, form: str) -> None:
    """Plain, as it stands in a URL, and as the password of Basic."""
    for written in (token, quote(token, safe="")):
        with captured() as text:
            print(form.format(written))  # noqa: T201  # what is looked for
        assert shows_a_token(text.getvalue())
    assert shows_a_token(b64encode(f"{DEMO_USERNAME}:{token}".encode()).decode())
    assert not shows_a_token("tok")
