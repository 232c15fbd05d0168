"""The benchmark compares like with like, and counts right."""

import argparse
import json
import math
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import numpy as np
import pytest

from benchmarks import bill_inputs, payloads
from benchmarks.bill import bounds
from benchmarks.cold_start import PROGRAMS, Start
from benchmarks.memory import Memory
from benchmarks.own_log import OwnLog, measure_own_log
from benchmarks.peers import peer_setup
from benchmarks.plots import chart, svg
from benchmarks.results import Results, default_memory_size
from benchmarks.setups import (
    BASELINE,
    LARGEST,
    LIMIT,
    MAIN_DESTINATION,
    OF_A_STREAM,
    WITH_DETECTIONS,
    WITHOUT_DETECTIONS,
    Cell,
    Setup,
    cells,
    setups,
)
from benchmarks.sweep import Size
from benchmarks.throughput import EventFiles, Figures, Spread, connections_of_warm_invocations, measure
from benchmarks.worker import running_worker
from eks_log_forwarder.config.settings import DestinationName
from tests.unit.tools.bill_figures import MEASURED
from tools.bill.lambda_time import stretched_us
from tools.collector import Collector, Orders, Report, running_collector
from tools.markdown import table

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
    [
        (WITHOUT_DETECTIONS, (1, 1)),
        (WITH_DETECTIONS, (1, 1)),
        (OF_A_STREAM, (1, 1)),
        (BASELINE, (60, 60)),
        (LIMIT, (1, 1)),
    ],
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


def test_a_handler_s_log_is_on_and_its_bytes_are_counted(server: Collector, files: EventFiles) -> None:
    """Each invocation prints its summary line by line; the bytes are those of the order alone."""
    setup = setup_named(WITHOUT_DETECTIONS)
    server.order(Orders())
    with running_worker(setup.contender, server.url, setup.environment()) as worker:
        worker.run(files.of(1))
        one, three = worker.run(files.of(1)).log_bytes, worker.run(files.of(1), 3).log_bytes
    assert one > 300
    assert 2.5 * one < three < 3.5 * one


def test_half_of_a_payload_are_events_with_bodies() -> None:
    """Of 200 events, 100 are of 3 to 10 kB with request and response bodies; the same ones each time."""
    lines = payloads.lines_of(200)
    assert lines == payloads.lines_of(200)
    made = lines[1::2]
    assert all('"requestObject":' in line and '"responseObject":' in line for line in made)
    assert all(3_000 <= len(line) <= 10_000 for line in made)
    assert set(lines[::2]) <= set(payloads.real_lines())


def test_measures_what_the_page_and_its_bounds_need() -> None:
    """Five payloads and three delays for four contenders, and each destination once."""
    measured = list(cells())
    assert len(measured) == len(set(measured))
    assert {cell.setup.destination for cell in measured} == set(DestinationName)
    main = [cell for cell in measured if cell.setup.destination is MAIN_DESTINATION]
    for name in (WITHOUT_DETECTIONS, WITH_DETECTIONS, BASELINE, LIMIT):
        of_name = [cell for cell in main if cell.setup.name == name and cell.writer == payloads.CONTROLLER]
        assert [(cell.events, cell.delay_ms) for cell in of_name] == [
            *((events, 0) for events in (10, 50, 500, 2000, LARGEST)),
            *((2000, delay_ms) for delay_ms in (5, 20)),
        ]
    others = [cell for cell in measured if cell.setup.destination is not MAIN_DESTINATION]
    assert len(others) == len(DestinationName) - 1
    assert {(cell.setup.name, cell.events, cell.delay_ms) for cell in others} == {(WITH_DETECTIONS, 2000, 0)}


def peer_file(folder: Path, body: str) -> Path:
    """A little forwarder of somebody else, with a module beside it."""
    (folder / "other_forwarder_settings.py").write_text("PATH = '/their/path'\n", encoding="utf-8")
    file = folder / "other_forwarder.py"
    file.write_text(
        "import os\nfrom http.client import HTTPConnection\nfrom other_forwarder_settings import PATH\n"
        f"def handle(event, context):\n    {body}\n",
        encoding="utf-8",
    )
    return file


POST = (
    "to = HTTPConnection(os.environ['WHERE'][7:]); to.request('POST', PATH, event['awslogs']['data']); "
    "assert to.getresponse().status == 200; to.close()"
)


def test_another_forwarder_s_handler_is_measured_beside_ours(
    tmp_path: Path, server: Collector, files: EventFiles
) -> None:
    """It gets Lambda's event, its own settings and the collector's URL; its figures are counted like ours."""
    peer = replace(peer_setup(f"theirs={peer_file(tmp_path, POST)}:handle"), environ={"WHERE": "{url}"})
    assert (peer.name, peer.environment()) == ("theirs", {"WHERE": "{url}"})
    data = payloads.payload_of(EVENTS).event["awslogs"]["data"].encode()
    with running_worker(peer.contender, server.url, peer.environment()) as worker:
        server.order(Orders(keep=True))
        worker.run(files.of(EVENTS), 2)
    assert server.report().bodies == [data, data]
    (cell,) = (one for one in cells([peer]) if (one.setup, one.events) == (peer, 10))
    (figures,) = measure([cell], files, rounds=1).values()
    assert (figures.events, figures.requests) == (10, 1)
    assert figures.wire_bytes_per_event * 10 > len(payloads.payload_of(10).event["awslogs"]["data"])


def test_a_peer_that_sends_nothing_is_no_figure(tmp_path: Path, files: EventFiles) -> None:
    """A handler that swallows its failures would look fast."""
    peer = peer_setup(f"theirs={peer_file(tmp_path, 'pass')}:handle")
    with pytest.raises(RuntimeError, match="theirs sent nothing"):
        measure([Cell(peer, 10, 0)], files, rounds=1)


@pytest.mark.parametrize(
    "text", ["handler.py:f", "x=handler.py", "x=:f", "limit={file}:f", "x=nowhere/h.py:f"]
)
def test_a_peer_needs_a_name_of_its_own_a_file_and_a_function(text: str) -> None:
    """The message says what is expected."""
    with pytest.raises(argparse.ArgumentTypeError, match=r"expected NAME|one of the contenders|not a file"):
        peer_setup(text.replace("{file}", __file__))


def results(cpu_ms: Mapping[str, float]) -> Results:
    """Results in which every invocation of a contender takes this long, whatever its payload is."""
    figures = {}
    for cell in cells():
        events, milliseconds = cell.events or 3000, cpu_ms[cell.setup.name]
        per_event = Spread.of([milliseconds / events * 1000])
        figures[cell] = Figures(events, Spread.of([events / milliseconds * 1000]), per_event, 1, 1, 1, 400)
    second = Spread.of([1.0])
    starts = [Start(name, compiled=True, imports=second, first_invocation=second) for name in PROGRAMS]
    memory = {setup.name: Memory(30, 60, 60, 10) for setup in setups()}
    return Results("machine", 3000, 10, 1, figures, memory, 1, starts, [])


def test_a_bound_that_is_not_met_says_which() -> None:
    """As fast as the limit, then four times as slow: with 10 events that is too slow."""
    equal = dict.fromkeys((setup.name for setup in setups()), 1.0)
    of_limit = [one for one in results(equal).ratios() if "ours / limit" in one.name]
    assert [one.is_met for one in of_limit] == [True] * 4
    slow = [str(one) for one in results(equal | {WITHOUT_DETECTIONS: 4.0}).ratios() if not one.is_met]
    assert "CPU time of 10 events, ours / limit, detections off: 4, at most 2.4" in slow
    assert "ours / limit, detections off, 5 ms: 0.25, at least 0.85" in slow


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
    sizes = [Size(size, 1.0, 1.0, cost) for size, cost in dollars.items()]
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


def test_the_bill_is_computed_from_every_kind_of_invocation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Delivering, parking, redriving and keeping: more events take longer; the sizes are in order."""
    monkeypatch.setattr(bill_inputs, "SAMPLE_SECONDS", 0.0)
    own_log = OwnLog(1, 1, 1, 1, metrics=30, further_metrics=6)
    measured = bill_inputs.measure_bill_inputs(tmp_path, 1, "a machine", own_log)
    for cases in (measured.forwarding, measured.parking, measured.redriving, measured.keeping):
        assert [case.events for case in cases] == sorted(case.events for case in cases)
        assert 0 < cases[0].billed_ms < cases[-1].billed_ms
        assert all(case.log_bytes > 300 for case in cases)
    sizes = measured.payload
    assert 0 < sizes.stored_bytes < sizes.streamed_bytes < sizes.parked_bytes < sizes.message_bytes
    assert sizes.sent_bytes < sizes.message_bytes < sizes.plain_bytes
    assert (measured.metrics, measured.further_metrics, measured.soaked.events) == (30, 6, 1000)
    assert measured.parking[-1].events == 1000


def test_the_bill_s_bounds_are_ratios_and_one_count() -> None:
    """A bill beyond them is named: the made-up figures park too slowly, and cost too much."""
    real = msgspec.structs.replace(MEASURED, lines=payloads.REAL_LINES)
    for measured, unmet in (
        (MEASURED, ["parking / delivering 10 events, billed time"]),
        (
            real,
            ["parking / delivering 10 events, billed time", "the forwarder / CloudWatch, 10 clusters"],
        ),
    ):
        assert [one.name for one in bounds(measured) if not one.is_met] == unmet
    assert (len(list(bounds(MEASURED))), len(list(bounds(real)))) == (2, 4)


def test_the_own_log_and_the_metrics_stay_within_their_bounds() -> None:
    """AWS bills every byte and every metric; the benchmark fails above the bounds, and so does this test."""
    measured = measure_own_log()
    assert measured.faults() == []
    assert measured.healthy_bytes > 500
    assert measured.healthy_latency_bytes > 200
    assert measured.metrics > measured.further_metrics == 5
