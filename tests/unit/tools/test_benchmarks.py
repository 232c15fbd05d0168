"""The benchmark compares like with like, and counts right."""

import json
import math
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from benchmarks import payloads
from benchmarks.memory import Memory
from benchmarks.own_log import measure_own_log
from benchmarks.plots import chart, svg
from benchmarks.prices import cost_of, stretched_us
from benchmarks.results import default_memory_size
from benchmarks.setups import (
    BASELINE,
    LIMIT,
    MAIN_DESTINATION,
    WITH_DETECTIONS,
    WITHOUT_DETECTIONS,
    Setup,
    cells,
    setups,
)
from benchmarks.sweep import Size
from benchmarks.tables import table
from benchmarks.throughput import EventFiles, connections_of_warm_invocations
from benchmarks.worker import running_worker
from eks_log_forwarder.config.settings import DestinationName
from tools.collector import Collector, Orders, Report, running_collector

EVENTS = 60


@pytest.fixture(scope="module", autouse=True)
def lines_of_this_repository() -> Iterator[None]:
    """The payloads are made from events/, so that the numbers here are the same everywhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("EKS_LOG_CORPUS", raising=False)
        payloads.real_lines.cache_clear()
        yield
    payloads.real_lines.cache_clear()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> EventFiles:
    """The payloads of this module."""
    return EventFiles(tmp_path_factory.mktemp("events"), largest=EVENTS)


@pytest.fixture(scope="module")
def server() -> Iterator[Collector]:
    """One collector for the module; each test resets it."""
    with running_collector() as server:
        yield server


def setup_named(name: str) -> Setup:
    """One of the setups with the main destination."""
    return next(setup for setup in setups() if setup.name == name)


def records_received(server: Collector) -> list[dict[str, object]]:
    """What the collector got, one a line or one a request."""
    return [json.loads(line) for body in server.report().bodies for line in body.splitlines()]


@pytest.mark.parametrize(
    ("name", "counts"),
    [(WITHOUT_DETECTIONS, (1, 1)), (WITH_DETECTIONS, (1, 1)), (BASELINE, (60, 60)), (LIMIT, (1, 1))],
)
def test_every_contender_delivers_the_same_messages(
    name: str, counts: tuple[int, int], server: Collector, files: EventFiles
) -> None:
    """60 events: each one arrives once, in order and with its own text; requests and connections add up."""
    setup = setup_named(name)
    with running_worker(setup.contender, server.url, setup.environment() | {"REDACT": "off"}) as worker:
        server.order(Orders(keep=True))
        worker.run(files.of(EVENTS))
    seen = server.report()
    assert [record["message"] for record in records_received(server)] == payloads.lines_of(EVENTS)
    assert (seen.requests, seen.connections) == counts


def test_the_limit_s_records_say_what_ours_say(server: Collector, files: EventFiles) -> None:
    """Without redaction and detections: the same keys and values, but for the empty ones."""
    received = []
    for name in (WITHOUT_DETECTIONS, LIMIT):
        setup = setup_named(name)
        with running_worker(setup.contender, server.url, setup.environment() | {"REDACT": "off"}) as worker:
            server.order(Orders(keep=True))
            worker.run(files.of(EVENTS))
        received.append([without_empty(record) for record in records_received(server)])
    assert len(received[0]) == EVENTS
    assert received[0] == received[1]


def without_empty(value: object) -> object:
    """A JSON value without the members of its objects that say nothing."""
    if not isinstance(value, dict):
        return value
    filled = {key: without_empty(part) for key, part in value.items()}
    return {key: part for key, part in filled.items() if part not in ("", [], {}, None)}


def test_twenty_warm_invocations_use_one_connection(files: EventFiles) -> None:
    """What is measured for the table, of the deployed handler."""
    assert connections_of_warm_invocations(setup_named(WITH_DETECTIONS), files, 20) == 1


def test_an_invocation_that_loses_events_is_no_figure(server: Collector, files: EventFiles) -> None:
    """The collector refuses everything and there is no queue: the process ends instead of answering."""
    setup = setup_named(WITHOUT_DETECTIONS)
    server.order(Orders(status=404))
    with (
        running_worker(setup.contender, server.url, setup.environment()) as worker,
        pytest.raises(RuntimeError, match="has ended"),
    ):
        worker.run(files.of(1))


def test_counts_requests_connections_and_the_bytes_of_heads_and_bodies(server: Collector) -> None:
    """Three requests of 59 bytes over two connections, one of them cut in the middle."""
    request = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello"
    address = urlsplit(server.url).hostname, urlsplit(server.url).port
    server.order(Orders(keep=True))
    for pieces in ([request + request], [request[:40], request[40:]]):
        with socket.create_connection(address) as connection:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(0.01)  # so that the pieces arrive apart
            answer = b""
            while answer.count(b"HTTP/1.1 200") < b"".join(pieces).count(b"POST"):
                answer += connection.recv(4096)
    assert server.report() == Report(
        requests=3, connections=2, wire_bytes=3 * len(request), bodies=[b"hello"] * 3
    )


def test_waits_before_it_answers(server: Collector, files: EventFiles) -> None:
    """With 20 ms added, an invocation with one request takes 20 ms by the clock, and not of CPU."""
    setup = setup_named(LIMIT)
    with running_worker(setup.contender, server.url, setup.environment()) as worker:
        worker.run(files.of(1))
        server.order(Orders(delay_ms=20))
        (sample,) = worker.run(files.of(1)).samples
    assert sample.wall_seconds >= 0.02
    assert sample.cpu_seconds < 0.02


@pytest.mark.parametrize("destination", DestinationName)
def test_every_destination_takes_the_server_s_answer_for_a_success(
    destination: DestinationName, server: Collector, files: EventFiles
) -> None:
    """With no options of its own, and nothing sent twice."""
    (setup,) = (setup for setup in setups(destination) if setup.name == WITH_DETECTIONS)
    with running_worker(setup.contender, server.url, setup.environment()) as worker:
        server.order(Orders())
        worker.run(files.of(EVENTS))
    assert server.report().requests == 1


def test_half_of_a_payload_are_events_with_bodies() -> None:
    """Of 200 events, 100 are of 3 to 10 kB with request and response bodies; the same ones each time."""
    lines = payloads.lines_of(200)
    assert lines == payloads.lines_of(200)
    made = lines[1::2]
    assert all('"requestObject":' in line and '"responseObject":' in line for line in made)
    assert all(3_000 <= len(line) <= 10_000 for line in made)
    assert set(lines[::2]) <= set(payloads.real_lines())


def test_measures_every_payload_delay_and_destination_where_all_is_asked_for() -> None:
    """Four payloads and three delays for three setups of each destination, and for three other contenders."""
    everything = list(cells(everything=True))
    assert len(everything) == len(set(everything)) == 12 * (3 * len(DestinationName) + 3)
    assert {cell.setup.destination for cell in cells(everything=False)} == set(DestinationName)
    assert all(
        cell.setup.destination is MAIN_DESTINATION for cell in everything if cell.setup.contender != "ours"
    )


def test_bills_memory_times_time_and_requests() -> None:
    """A million events of 100 us each with 1,024 MB are 100 GB-seconds; 500 of them share an invocation."""
    assert math.isclose(cost_of(100, 1024, 500), 100 * 0.0000133334 + 0.2 / 500)


@pytest.mark.parametrize(
    ("memory_mb", "expected_us"), [(1769, 30.0), (3538, 30.0), (884.5, 50.0), (176.9, 210.0)]
)
def test_stretches_work_but_not_waiting(memory_mb: float, expected_us: float) -> None:
    """30 us of which 20 are CPU: twice the CPU part with half a vCPU, ten times with a tenth."""
    assert math.isclose(stretched_us(30, 20, memory_mb), expected_us)


@pytest.mark.parametrize(
    ("parking_mb", "expected_mb"), [(89, 128), (89.7, 192), (134, 192), (135, 256), (10, 128)]
)
def test_a_memory_size_keeps_three_tenths_to_spare(parking_mb: float, expected_mb: int) -> None:
    """89.6 MB are seven tenths of 128."""
    assert Memory(0, 0, int(parking_mb * 2**20), 1).smallest_size_mb == expected_mb


def test_the_default_is_the_largest_of_the_cheapest_sizes_that_survive() -> None:
    """128 MB is too small; 256 and 512 MB cost within a twentieth of the same, 1,024 MB more."""
    memory = Memory(0, 0, 100 * 2**20, 1)
    dollars = {128: 0.5, 192: 1.04, 256: 1.0, 512: 1.05, 1024: 1.06}
    sizes = [Size(size, 1.0, None, cost) for size, cost in dollars.items()]
    assert default_memory_size(sizes, memory).memory_mb == 512


def test_a_chart_shows_every_point_of_every_series() -> None:
    """Two lines with their points, a legend, and the axes that were asked for."""
    series = {"ours": [(1.0, 10.0), (10.0, 100.0)], "limit": [(1.0, 20.0), (2.0, 1.0), (10.0, 5.0)]}
    figure = chart("title", ("x", (1, 10)), "y", series, "x")
    (axes,) = figure.axes
    shown = {line.get_label(): np.asarray(line.get_xydata()).tolist() for line in axes.get_lines()}
    assert shown == {name: [list(point) for point in points] for name, points in series.items()}
    assert (axes.get_xscale(), axes.get_yscale(), list(axes.get_xticks())) == ("log", "linear", [1, 10])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["ours", "limit"]


def test_the_same_results_give_the_same_svg() -> None:
    """No date, no random identifier, and texts that can be searched."""
    drawn = [
        svg(chart("a < b", ("x", (1, 10)), "y", {"ours & theirs": [(1, 2), (3, 4)]}, "xy")) for _ in "12"
    ]
    assert drawn[0] == drawn[1]
    assert "<dc:date>" not in drawn[0]
    assert "ours &amp; theirs" in drawn[0]


def test_a_table_is_markdown_in_columns_of_one_width() -> None:
    """The first column to the left, the others to the right."""
    assert table(("a", "bcd"), [("long", "1")]).splitlines() == [
        "| a    | bcd |",
        "| ---- | --: |",
        "| long |   1 |",
    ]


def test_the_page_has_a_place_for_every_part() -> None:
    """Each {{name}} of the page's text is one that the report fills in."""
    source = (Path(payloads.__file__).parent / "report.py").read_text(encoding="utf-8")
    page = (Path(payloads.__file__).parent / "performance.md").read_text(encoding="utf-8")
    places = {part.partition("}}")[0] for part in page.split("{{")[1:]}
    assert len(places) == 17
    assert all(f'"{place}"' in source for place in places)


def test_the_own_log_and_the_metrics_stay_within_their_bounds() -> None:
    """AWS bills every byte and every metric; the benchmark fails above the bounds, and so does this test."""
    measured = measure_own_log()
    assert measured.faults() == []
    assert measured.healthy_bytes > 500
    assert measured.healthy_latency_bytes > 200
    assert measured.metrics > measured.further_metrics == 5
