"""The parts of docs/cost.md."""

from collections.abc import Iterable

from tools.bill import bill, quotas, stack
from tools.bill.bill import Kind, Load, Part, month, total, typical
from tools.bill.measured import Invocation, Measured
from tools.bill.outage import (
    MAX_PAUSE_SECONDS,
    events_per_second_of,
    messages_per_second,
    outage,
    parking_containers,
    starting_containers,
)
from tools.bill.prices import cost, prices
from tools.bill.shown import FORWARDER, clusters, common_parts, dollars, duration, outage_table
from tools.markdown import table

SIZES = (1, 10, 200)
_MIDDLE = 10
_CONCURRENCIES = (stack.REDRIVE_CONCURRENCY, 10, 50)
_DAY = 86_400


def cost_parts(measured: Measured) -> dict[str, str]:
    """Each part of the page by the name of its place."""
    parts = month(typical(_MIDDLE, measured), measured)
    forwarder = total(parts, *FORWARDER)
    payload = measured.payload
    one = typical(1, measured)
    single = month(one, measured)
    return common_parts(measured) | {
        "clusters": f"{_MIDDLE}",
        "one": dollars(total(single, *FORWARDER)),
        "many": dollars(forwarder),
        "share_one": f"{total(single, *FORWARDER) / total(single, Kind.CLOUDWATCH):.0%}",
        "share": f"{forwarder / total(parts, Kind.CLOUDWATCH):.0%}",
        "own_share": f"{_of(parts, 'the functions', 'custom metrics') / forwarder:.0%}",
        "lambda_share": f"{_of(parts, 'Lambda') / forwarder:.0%}",
        "month": month_table(measured),
        "levers": _levers(parts),
        "payloads": _payloads(measured),
        "metrics": f"{measured.metrics}",
        "further_metrics": f"{measured.further_metrics}",
        "metrics_saved": dollars(cost("custom_metric", measured.metrics - measured.further_metrics)),
        "outage": outage_table(measured, SIZES),
        "max_pause": f"{MAX_PAUSE_SECONDS / 60:.1f}",
        "quotas": _quotas(measured),
        "retry_budget": f"{stack.RETRY_BUDGET_SECONDS:.0f}",
        "retention": f"{quotas.SQS_RETENTION_DAYS}",
        "in_flight": f"{quotas.SQS_IN_FLIGHT:,}",
        "batch_kb": f"{1_000_000 / payload.message_bytes * payload.parked_bytes / 1000:.0f}",
        "drain_rate": f"{messages_per_second(one, measured):.0f}",
        "concurrency": f"{stack.REDRIVE_CONCURRENCY}",
        "drain": _drain(measured),
        "soak": _soak(measured),
        "gb_a_day": f"{one.events_per_second * _DAY * one.message_bytes / 1e9:.1f}",
        "ratio": f"{payload.stored_bytes / payload.message_bytes:.1%}",
        "own_log_days": f"{stack.OWN_LOG_DAYS}",
        "lambda_lines": f"{bill.LAMBDA_LINES_BYTES}",
        "pollers": f"{quotas.SQS_POLLERS}",
        "alerts": f"{bill.ALERTS_A_DAY}",
        "probe": f"{stack.CONNECT_PROBE_SECONDS + stack.READ_TIMEOUT_SECONDS:.0f}",
        "invocations": _invocations(measured),
        "region": prices().region,
        "prices": _prices(),
        "sources": _sources(),
    }


def month_table(measured: Measured) -> str:
    """The month's bill with a column for each number of clusters: the sums, then every part."""
    bills = [month(typical(size, measured), measured) for size in SIZES]
    sums = [
        ("sum", name, *(dollars(total(parts, *kinds)) for parts in bills))
        for name, kinds in (
            ("**CloudWatch**, with or without a forwarder", (Kind.CLOUDWATCH,)),
            ("**the forwarder, fixed**", (Kind.FIXED,)),
            ("**the forwarder, variable**", (Kind.VARIABLE,)),
            ("**the forwarder**", FORWARDER),
        )
    ]
    rows = [
        (part.kind, part.name, *(dollars(one.dollars) for one in same))
        for same in zip(*bills, strict=True)
        for part in same[:1]
    ]
    return table(("kind", "part", *map(clusters, SIZES)), [*sums, *rows], texts=(0, 1))


def _levers(parts: Iterable[Part]) -> str:
    """What each part depends on, and what lowers it."""
    rows = [(part.name, part.depends_on, part.less) for part in parts]
    return table(("part", "depends on", "to pay less"), rows, texts=(0, 1, 2))


def _of(parts: Iterable[Part], *starts: str) -> float:
    return sum(part.dollars for part in parts if part.name.startswith(starts))


def _payloads(measured: Measured) -> str:
    sizes = [case.events for case in measured.forwarding]
    rate = _MIDDLE * bill.EVENTS_PER_SECOND_OF_CLUSTER
    bills = [
        month(Load(_MIDDLE, rate, measured.payload.message_bytes, float(size)), measured) for size in sizes
    ]
    rows = [
        ("Lambda", *(dollars(_of(parts, "Lambda")) for parts in bills)),
        ("the functions' own log", *(dollars(_of(parts, "the functions")) for parts in bills)),
        ("the forwarder, all parts", *(dollars(total(parts, *FORWARDER)) for parts in bills)),
    ]
    return table((f"{clusters(_MIDDLE)}, a month", *(f"{size:,} events a payload" for size in sizes)), rows)


def _quotas(measured: Measured) -> str:
    loads = [typical(size, measured) for size in SIZES]
    rate = bill.EVENTS_PER_SECOND_OF_CLUSTER
    end = {
        quota: f"{events_per_second_of(quota, loads[0], measured) / rate:,.0f}"
        for quota in (quotas.CONCURRENCY, quotas.CONCURRENCY_OF_NEW_ACCOUNT)
    }
    small = f"with a new account's {quotas.CONCURRENCY_OF_NEW_ACCOUNT}"
    end_of_start = quotas.CONCURRENCY / starting_containers(loads[0])
    rows = [
        (
            "concurrent executions, healthy",
            *(f"{bill.containers(load, measured):.0f}" for load in loads),
            f"{end[quotas.CONCURRENCY]} clusters, {end[quotas.CONCURRENCY_OF_NEW_ACCOUNT]} {small}",
        ),
        (
            "in the first seconds of an outage",
            *(f"{starting_containers(load):,.0f}" for load in loads),
            f"{end_of_start:.0f} clusters, none {small}",
        ),
        (
            "later in the outage",
            *(f"{parking_containers(load, measured):.0f}" for load in loads),
            "about as healthy",
        ),
        ("parked messages a second", *(f"{load.payloads_per_second:,.1f}" for load in loads), "no quota"),
        (
            f"outage until {quotas.SQS_IN_FLIGHT:,} messages are in flight, at the earliest",
            *(duration(quotas.SQS_IN_FLIGHT / load.payloads_per_second) for load in loads),
            "then the redrive tries less often",
        ),
    ]
    return table(("", *map(clusters, SIZES), "the quota ends at"), rows, texts=(0, len(SIZES) + 1))


def _drain(measured: Measured) -> str:
    loads = [typical(size, measured) for size in SIZES]
    rows = [
        (
            f"after {name}, MaximumConcurrency {concurrency}",
            *(duration(outage(load, measured, hours, concurrency).drain_seconds) for load in loads),
        )
        for name, hours in (("an hour's outage", 1), ("a day's outage", 24))
        for concurrency in _CONCURRENCIES
    ]
    return table(("", *map(clusters, SIZES)), rows)


def _soak(measured: Measured) -> str:
    if measured.soak is None:
        return "Not checked against the soak yet: `make soak ARGS=--record`, then `python -m tools.bill`."
    soak, alone = measured.soak, measured.soaked
    rows = [
        (f"{soak.date}, after its load", soak.messages, soak.events, soak.seconds),
        ("such messages alone", measured.redrive_messages, alone.events, alone.whole_cpu_ms / 1000),
    ]
    return table(
        ("the soak's events", "messages", "events", "µs for each event, a whole CPU"),
        [
            (name, f"{messages:,}", f"{events:,}", f"{seconds / events * 1e6:.0f}")
            for name, messages, events, seconds in rows
        ],
    )


def _invocations(measured: Measured) -> str:
    batch = measured.redrive_messages
    groups: tuple[tuple[str, tuple[Invocation, ...]], ...] = (
        ("forward, delivers", measured.forwarding),
        ("forward, circuit open: parks", measured.parking),
        (f"redrive of {batch} messages, delivers", measured.redriving),
        (f"redrive of {batch} messages, circuit open: keeps", measured.keeping),
    )
    rows = [
        (
            name,
            f"{case.events:,}",
            f"{case.billed_ms:.1f}",
            f"{case.whole_cpu_ms:.1f}",
            f"{case.log_bytes:,.0f}",
        )
        for name, cases in groups
        for case in cases
    ]
    head = (
        "invocation",
        "events",
        f"billed ms, {measured.memory_mb} MB",
        "ms, a whole CPU",
        "own log, bytes",
    )
    return table(head, rows)


def _prices() -> str:
    rows = [
        (price.of, price.shown(), f"{price.date}", _link(name, price.source))
        for name, price in prices().prices.items()
    ]
    return table(("price of", "dollars", "date", "source"), rows, texts=(0, 2, 3))


def _link(name: str, source: str) -> str:
    """The host, as a link to the address that `_sources` has, which would make the table wide."""
    return f"[{source.split('/')[2]}][{name}]" if "://" in source else source


def _sources() -> str:
    found = prices().prices.items()
    return "\n".join(f"[{name}]: {price.source}" for name, price in found if "://" in price.source)
