"""The bill at the end of a run: measures its inputs, prints it beside its bounds, and writes its pages."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchmarks.bill_inputs import measure_bill_inputs
from benchmarks.own_log import OwnLog
from benchmarks.payloads import REAL_LINES
from benchmarks.results import Ratio
from tools.bill import pages
from tools.bill.bill import HOURS, Kind, month, total, typical
from tools.bill.cost_page import month_table
from tools.bill.measured import FILE, Measured, load, save
from tools.bill.outage import outage
from tools.bill.shown import FORWARDER
from tools.markdown import table

_CLUSTERS = 10


def bill(own_log: OwnLog, machine: str, rounds: int, *, everything: bool) -> tuple[str, list[str]]:
    """The tables to print, and the bounds that are not met; with `everything` the pages are written, too."""
    with tempfile.TemporaryDirectory() as folder:
        measured = measure_bill_inputs(Path(folder), rounds, machine, own_log)
    if everything:
        if FILE.exists():  # the soak is measured by itself
            measured = msgspec.structs.replace(measured, soak=load().soak)
        save(measured)
        pages.write(measured)
    ratios = list(bounds(measured))
    rows = [
        (one.name, f"at most {one.bound:g}", f"{one.measured:.3g}", "yes" if one.is_met else "NO")
        for one in ratios
    ]
    shown = f"{month_table(measured)}\n\n{table(('bill', 'bound', 'measured', 'met'), rows)}"
    return shown, [f"{one.name}: {one.measured:.3g}" for one in ratios if not one.is_met]


def bounds(measured: Measured) -> Iterator[Ratio]:
    """Ratios and counts, so that prices and machines do not matter much.

    The lines in `events/` are made to match rules, and matches are logged: two bounds need real lines.
    """
    many = typical(_CLUSTERS, measured)
    parts = month(many, measured)
    cloudwatch = total(parts, Kind.CLOUDWATCH)
    forwarding, parking = measured.forwarding[0], measured.parking[0]
    hour = outage(many, measured, 1).dollars
    yield Ratio("an hour's outage / CloudWatch's hour", hour * HOURS / cloudwatch, 1, at_most=True)
    parked = parking.billed_ms / forwarding.billed_ms
    yield Ratio("parking / delivering 10 events, billed time", parked, 1.5, at_most=True)
    if measured.lines == REAL_LINES:
        share = total(parts, *FORWARDER) / cloudwatch
        yield Ratio("the forwarder / CloudWatch, 10 clusters", share, 0.15, at_most=True)
        yield Ratio("own log of 10 events, bytes", forwarding.log_bytes, 1700, at_most=True)
