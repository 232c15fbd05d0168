"""The bill: each part by hand, from made-up figures, and the pages as the module renders them."""

import re
from pathlib import Path

import msgspec
import pytest

from tests.unit.tools.bill_figures import MEASURED
from tools import ROOT
from tools.bill import pages
from tools.bill.bill import LAMBDA_LINES_BYTES, Kind, Load, Part, containers, interpolated, month, total
from tools.bill.lambda_time import cost_of
from tools.bill.measured import load, save
from tools.bill.outage import (
    events_per_second_of,
    mean_tries,
    messages_per_second,
    outage,
    starting_containers,
)
from tools.bill.prices import NOT_VERIFIED, cost, prices
from tools.bill.shown import dollars, duration

MONTH_SECONDS = 730 * 3600
LOAD = Load(clusters=3, events_per_second=100.0, message_bytes=2000.0)


def part(parts: list[Part], start: str) -> float:
    """The dollars of the one part whose name starts so."""
    (found,) = [one.dollars for one in parts if one.name.startswith(start)]
    return found


@pytest.mark.parametrize(
    ("name", "units", "expected"),
    [
        ("lambda_logs_ingestion_gb", 10_000, 5_000),
        ("lambda_logs_ingestion_gb", 60_000, 12_500),  # 5,000 + 5,000 + 2,000 + 500
        ("custom_metric", 12_000, 3_200),
        ("sqs_request", 5_000_000, 2),
        ("alarm", 0, 0),
    ],
)
def test_a_price_is_for_so_many_units_and_may_have_tiers(name: str, units: float, expected: float) -> None:
    """A tier's price holds for the units within it alone."""
    assert cost(name, units) == pytest.approx(expected)


def test_every_price_says_where_it_comes_from_or_that_it_was_not_verified() -> None:
    """One region, a date for each, and an address or the words for "not verified"."""
    assert prices().region == "us-east-1"
    for price in prices().prices.values():
        assert price.source.startswith("https://") or price.source == NOT_VERIFIED
        assert (price.dollars > 0) != bool(price.tiers)


def test_lambda_time_is_memory_times_duration_and_requests() -> None:
    """A million events of 100 us with 1,024 MB are 100 GB-seconds; 500 of them share an invocation."""
    assert cost_of(100, 1024, 500) == pytest.approx(100 * 0.0000133334 + 0.2 / 500)


def test_the_fixed_parts_do_not_depend_on_the_events() -> None:
    """Three clusters: 42 metrics, 19 alarms and four with a band, and five pollers of the empty queue."""
    parts = month(LOAD, MEASURED)
    assert part(parts, "custom metrics") == pytest.approx(42 * 0.30)
    assert part(parts, "alarms") == pytest.approx(19 * 0.10 + 4 * 0.30)
    assert part(parts, "polling") == pytest.approx(5 * MONTH_SECONDS / 20 * 0.4e-6)
    idle = month(Load(3, 0.0, 2000.0), MEASURED)
    assert total(parts, Kind.FIXED) == total(idle, Kind.FIXED)


def test_the_variable_parts_follow_payloads_events_and_bytes() -> None:
    """100 events a second in payloads of ten: ten invocations a second of ten ms with a gigabyte."""
    parts = month(LOAD, MEASURED)
    invocations = 10 * MONTH_SECONDS
    own_log_gb = invocations * (1010 + LAMBDA_LINES_BYTES) / 1e9
    assert part(parts, "Lambda, requests") == pytest.approx(invocations * 0.2e-6)
    assert part(parts, "Lambda, time") == pytest.approx(invocations * 0.010 * 0.0000133334)
    assert part(parts, "the functions' own log, taking in") == pytest.approx(own_log_gb * 0.5)
    assert part(parts, "the functions' own log, keeping") == pytest.approx(
        own_log_gb * 0.1 * 90 / (730 / 24) * 0.03
    )
    sent_gb = 100 * MONTH_SECONDS * 500 / 1e9
    assert part(parts, "transfer") == pytest.approx(sent_gb * 0.02)
    assert part(parts, "without gzip") == pytest.approx(sent_gb * 4 * 0.02)
    assert part(parts, "a collector outside AWS") == pytest.approx(sent_gb * (0.045 + 0.09))


def test_cloudwatch_charges_for_taking_in_and_for_keeping() -> None:
    """526 GB at half a dollar; kept compressed to a tenth, with 26 bytes more for each event, for 30 days."""
    parts = month(LOAD, MEASURED)
    gb = 100 * MONTH_SECONDS * 2000 / 1e9
    assert part(parts, "taking in") == pytest.approx(gb * 0.5)
    assert part(parts, "keeping them") == pytest.approx(gb * 2026 / 2000 * 0.1 * 30 / (730 / 24) * 0.03)
    assert total(parts, Kind.CLOUDWATCH) == part(parts, "taking in") + part(parts, "keeping them")


@pytest.mark.parametrize(
    ("events", "expected_ms"), [(1, 9.1), (10, 10.0), (30, 12.0), (500, 59.0), (2000, 209.0)]
)
def test_a_figure_between_two_measured_payloads_is_interpolated(events: float, expected_ms: float) -> None:
    """Below the first and above the last along the nearest two."""
    assert interpolated(MEASURED, events, "billed_ms") == pytest.approx(expected_ms)


def test_the_account_s_concurrency_ends_at_a_number_of_events() -> None:
    """Ten milliseconds for ten events: a container carries a thousand in a second; at least one is there."""
    assert events_per_second_of(1000, LOAD, MEASURED) == pytest.approx(1_000_000)
    assert containers(Load(1, 50_000.0, 2000.0), MEASURED) == pytest.approx(50)
    assert containers(LOAD, MEASURED) == 1
    assert starting_containers(LOAD) == 200  # ten payloads a second for 20 seconds


@pytest.mark.parametrize(
    ("seconds", "expected"), [(30.0, 1.0), (66.0, 1.5), (198.0, 1 + 165 / 198 + 99 / 198)]
)
def test_the_redrive_looks_at_a_message_after_each_pause(seconds: float, expected: float) -> None:
    """At once, 33 seconds later, 66 after that: pauses of 30, 60 … seconds, a tenth longer in the mean."""
    assert mean_tries(seconds) == pytest.approx(expected)


def test_an_hour_of_outage_parks_every_payload_and_drains_five_messages_at_a_time() -> None:
    """36,000 messages; two invocations of a tenth of a second deliver ten; 20 ms of Lambda park one."""
    found = outage(LOAD, MEASURED, 1)
    assert found.messages == 36_000
    assert found.tries == pytest.approx(36_000 * mean_tries(3600))
    assert found.parking_dollars == pytest.approx(36_000 * (0.2e-6 + 0.020 * 0.0000133334))
    assert found.redrive_dollars == pytest.approx(found.tries / 5 * (0.2e-6 + 0.050 * 0.0000133334))
    assert found.queue_dollars == pytest.approx((36_000 + found.tries / 5 + found.tries) * 0.4e-6)
    assert found.drain_seconds == pytest.approx(36_000 / 5 * 0.1 / 2)
    assert outage(LOAD, MEASURED, 1, concurrency=10).drain_seconds == pytest.approx(36_000 / 5 * 0.1 / 10)
    assert messages_per_second(LOAD, MEASURED) == pytest.approx(100)


def test_the_redrive_cannot_try_more_than_its_concurrency_allows() -> None:
    """Two invocations of 50 ms with five messages each: 200 tries a second, however many are parked."""
    many = outage(Load(200, 100_000.0, 2000.0), MEASURED, 1)
    assert many.tries == pytest.approx(3600 * 200)


def test_large_messages_are_more_than_one_request() -> None:
    """A message of 200 events has 80 kB, so two requests; five of them are seven."""
    found = outage(Load(1, 2000.0, 2000.0, events_per_payload=200.0), MEASURED, 1)
    assert found.queue_dollars == pytest.approx((36_000 * 2 + found.tries / 5 * 7 + found.tries) * 0.4e-6)


def test_figures_are_stored_and_read_again(tmp_path: Path) -> None:
    """As JSON that a person can compare."""
    save(MEASURED, tmp_path / "measured.json")
    assert load(tmp_path / "measured.json") == MEASURED
    assert (tmp_path / "measured.json").read_text(encoding="utf-8").count("\n") > 50


@pytest.mark.parametrize("name", pages.PAGES)
def test_a_page_is_what_the_stored_figures_make(name: str) -> None:
    """`python -m tools.bill` writes it again after a change to the text, a price, or what a stack has."""
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == pages.render(name, load())


@pytest.mark.parametrize("name", pages.PAGES)
def test_every_part_of_a_page_has_its_place(name: str) -> None:
    """And every place its part; parts that both pages have may be left out."""
    places = set(re.findall(r"\{\{(\w+)\}\}", pages.source(name)))
    parts = pages.PAGES[name](MEASURED)
    assert places <= parts.keys()
    assert parts.keys() - places <= {"date", "machine", "lines"}
    assert "{{" not in pages.render(name, MEASURED)


def test_the_page_says_whether_the_soak_was_compared() -> None:
    """Per event and whole CPU: 20 ms for 1,000 events alone, and what the soak took."""
    assert "Not checked against the soak" in pages.render("cost.md", MEASURED)
    soak = {"date": "2026-01-31", "messages": 40, "events": 8000, "seconds": 0.2}
    with_soak = msgspec.convert(msgspec.to_builtins(MEASURED) | {"soak": soak}, type(MEASURED))
    cells = [
        [cell.strip() for cell in line.split("|")]
        for line in pages.render("cost.md", with_soak).splitlines()
        if "alone" in line or "after its load" in line
    ]
    assert [row[2:5] for row in cells if len(row) > 3] == [["40", "8,000", "25"], ["5", "1,000", "20"]]


def test_figures_are_short() -> None:
    """Cents below a hundred dollars; seconds, minutes and hours."""
    assert (dollars(12.345), dollars(99.5), dollars(1234.5)) == ("12.35", "99.50", "1,234")
    assert (duration(40), duration(720), duration(9000)) == ("40 s", "12 min", "2.5 h")


def test_every_source_is_a_link_whose_address_the_page_has() -> None:
    """The tables name the hosts alone, which keeps them narrow enough for a screen."""
    page = pages.render("cost.md", MEASURED)
    named = re.findall(r"\| \[[\w.-]+\]\[(\w+)\]", page)
    addresses = dict(re.findall(r"^\[(\w+)\]: (https://\S+)$", page, re.MULTILINE))
    sources = {name: price.source for name, price in prices().prices.items() if price.source != NOT_VERIFIED}
    assert addresses == sources
    assert named == list(sources)
    assert max(len(line) for line in page.splitlines() if line.startswith(("| kind", "| price of"))) < 170


def test_the_page_on_scale_leaves_cheap_parts_to_the_sums() -> None:
    """Dearest first; nothing of CloudWatch's own charge, and nothing optional."""
    page = pages.render("scale.md", load())
    rows = re.findall(r"^\| (\w+) +\| ([^|*]+?) +\| +([\d,.]+) \|$", page, re.MULTILINE)
    figures = [float(dollars.replace(",", "")) for _, _, dollars in rows]
    assert {kind for kind, _, _ in rows} == {"fixed", "variable"}
    assert figures == sorted(figures, reverse=True)
    assert min(figures) >= 10
    assert "alarms" not in {name for _, name, _ in rows}  # 16 of 10 cents: none is about one cluster
    assert {name for _, name, _ in rows} >= {"Kinesis, written", "Kinesis, read", "Kinesis, the stream"}
