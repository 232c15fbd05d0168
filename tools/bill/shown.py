"""Figures for a reader, and the tables that both pages have."""

from collections.abc import Iterable

from tools.bill import bill
from tools.bill.bill import Kind, month, total, typical
from tools.bill.measured import Measured
from tools.bill.outage import outage
from tools.markdown import table

FORWARDER = (Kind.FIXED, Kind.VARIABLE)
_HOUR = 3600
_HUNDRED = 100


def dollars(value: float) -> str:
    """`12.34`, `1,234`."""
    return f"{value:,.0f}" if value >= _HUNDRED else f"{value:,.2f}"


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `1.9 h`."""
    if seconds < 2 * 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * _HOUR else f"{seconds / _HOUR:.1f} h"


def clusters(count: int) -> str:
    """`1 cluster`, `10 clusters`."""
    return f"{count} cluster{'s' * (count > 1)}"


def common_parts(measured: Measured) -> dict[str, str]:
    """What both pages say of the measurement and of its assumptions."""
    return {
        "date": measured.date,
        "machine": measured.machine,
        "lines": measured.lines,
        "memory_mb": f"{measured.memory_mb}",
        "delay_ms": f"{measured.delay_ms:g}",
        "message_bytes": f"{measured.payload.message_bytes:,.0f}",
        "events_per_payload": f"{bill.EVENTS_PER_PAYLOAD:g}",
        "cluster_rate": f"{bill.EVENTS_PER_SECOND_OF_CLUSTER:g}",
    }


def outage_table(measured: Measured, sizes: Iterable[int]) -> str:
    """What an hour without the collector costs, part by part, with a column for each number of clusters."""
    columns = [_outage_column(measured, size) for size in sizes]
    names = (
        "an hour with the collector, variable parts",
        "the first hour without it: Lambda, parking",
        "Lambda, attempts to reach the collector",
        "SQS: sending, receiving, hiding again",
        "Lambda, redrive without success",
        "the functions' own log",
        "**the first hour, sum**",
        "**mean hour of a day's outage**",
        "messages parked in an hour",
        "draining after an hour's outage, once",
        "draining after a day's outage, once",
    )
    rows = [(name, *(column[n] for column in columns)) for n, name in enumerate(names)]
    return table(("", *map(clusters, sizes)), rows)


def _outage_column(measured: Measured, size: int) -> tuple[str, ...]:
    load = typical(size, measured)
    hour, day = outage(load, measured, 1), outage(load, measured, 24)
    return (
        dollars(total(month(load, measured), Kind.VARIABLE) / bill.HOURS),
        dollars(hour.parking_dollars),
        dollars(hour.probing_dollars),
        dollars(hour.queue_dollars),
        dollars(hour.redrive_dollars),
        dollars(hour.log_dollars),
        dollars(hour.dollars),
        dollars(day.dollars / 24),
        f"{hour.messages:,.0f}",
        dollars(hour.drain_dollars),
        dollars(day.drain_dollars),
    )
