"""The parts of docs/scale.md."""

import math
from dataclasses import replace

from tools.bill import bill, quotas, stack
from tools.bill.bill import Kind, Load, Part, month, total, typical
from tools.bill.measured import Measured
from tools.bill.outage import messages_per_second, outage
from tools.bill.prices import cost
from tools.bill.shown import FORWARDER, common_parts, dollars
from tools.markdown import table

ACCOUNTS = 50
CLUSTERS = 200
PEAK = 3.0
_SLOW_MS = 100.0
_LEAST_DOLLARS = 10.0
_MB = 1e6
_GB = 1e9


def scale_parts(measured: Measured) -> dict[str, str]:
    """Each part of the page by the name of its place."""
    load = typical(CLUSTERS, measured)
    parts = [*map(_of_central, month(load, measured)), *_kinesis(load, measured)]
    separate = month(typical(CLUSTERS // ACCOUNTS, measured), measured)
    redrive_rate = messages_per_second(load, measured, 1)
    slow_ms = bill.billed_ms(load, measured) - measured.delay_ms + _SLOW_MS
    hour, day = outage(load, measured, 1), outage(load, measured, 24)
    return common_parts(measured) | {
        "accounts": f"{ACCOUNTS}",
        "clusters": f"{CLUSTERS}",
        "rate": f"{load.events_per_second:,.0f}",
        "separate": dollars(ACCOUNTS * total(separate, *FORWARDER)),
        "central": dollars(total(parts, *FORWARDER)),
        "cloudwatch": dollars(total(parts, Kind.CLOUDWATCH)),
        "needs": _needs(load, measured),
        "month": _month(parts),
        "least": f"{_LEAST_DOLLARS:g}",
        "first_hour": dollars(hour.dollars),
        "mean_hour": dollars(day.dollars / 24),
        "messages": f"{hour.messages:,.0f}",
        "drain_rate": f"{messages_per_second(load, measured):.0f}",
        "parked_rate": f"{load.payloads_per_second:,.0f}",
        "wanted_concurrency": f"{math.ceil(load.payloads_per_second / redrive_rate)}",
        "both_rate": f"{2 * load.events_per_second:,.0f}",
        "peak": f"{PEAK:g}",
        "record_bytes": f"{record_bytes(load, measured):,.0f}",
        "billed_ms": f"{bill.billed_ms(load, measured):.1f}",
        "slow_concurrency": f"{load.payloads_per_second * PEAK * slow_ms / 1000:,.0f}",
        "shards": f"{quotas.ON_DEMAND_SHARDS}",
        "factor": f"{stack.STREAM_FACTOR}",
        "batch": f"{stack.STREAM_BATCH}",
        "window": f"{stack.STREAM_WINDOW_SECONDS}",
        "stream_hours": f"{stack.STREAM_RETENTION_HOURS}",
    }


def record_bytes(load: Load, measured: Measured) -> float:
    """A payload in the stream: gzip without base64."""
    return load.events_per_payload * measured.payload.streamed_bytes


def _of_central(part: Part) -> Part:
    """A part of a forwarder's bill as a central stack has it."""
    return replace(part, dollars=cost("alarm", stack.CENTRAL_ALARMS)) if part.name == "alarms" else part


def _month(parts: list[Part]) -> str:
    """The sums, and the parts of the forwarder that are worth a line, the dearest first."""
    sums = [("sum", f"**the forwarder, {kind}**", dollars(total(parts, kind))) for kind in FORWARDER]
    sums += [("sum", "**the forwarder**", dollars(total(parts, *FORWARDER)))]
    shown = [part for part in parts if part.kind in FORWARDER and part.dollars >= _LEAST_DOLLARS]
    shown.sort(key=lambda part: -part.dollars)
    rows = [(part.kind, part.name, dollars(part.dollars)) for part in shown]
    return table(("kind", "part", "dollars"), [*sums, *rows], texts=(0, 1))


def _kinesis(load: Load, measured: Measured) -> list[Part]:
    """What an on-demand stream adds to a month's bill, one record for each payload."""
    size, step = record_bytes(load, measured), quotas.KINESIS_RECORD_STEP_BYTES
    records = load.payloads_per_second * bill.SECONDS
    written_gb, read_gb = records * math.ceil(size / step) * step / _GB, records * size / _GB
    kept_hours = stack.STREAM_RETENTION_HOURS - quotas.STREAM_FREE_HOURS
    less = "provisioned shards"
    return [
        Part(Kind.FIXED, "Kinesis, the stream", cost("kinesis_stream_hour", bill.HOURS), "streams", less),
        Part(Kind.VARIABLE, "Kinesis, written", cost("kinesis_in_gb", written_gb), "payloads", less),
        Part(Kind.VARIABLE, "Kinesis, read", cost("kinesis_out_gb", read_gb), "payloads", less),
        Part(
            Kind.VARIABLE,
            f"Kinesis, keeping for {stack.STREAM_RETENTION_HOURS} hours",
            cost("kinesis_kept_gb", read_gb * kept_hours / bill.HOURS),
            "StreamRetentionHours",
            "24 hours are included",
        ),
    ]


def _needs(load: Load, measured: Measured) -> str:
    records = load.payloads_per_second
    bytes_per_second = records * record_bytes(load, measured)
    shards = max(records / quotas.SHARD_RECORDS_PER_SECOND, bytes_per_second / quotas.SHARD_BYTES_PER_SECOND)
    sent_mb = bill.sent_gb(load, measured) * _GB / bill.SECONDS / _MB
    metrics = measured.metrics + (load.clusters - 1) * measured.further_metrics
    at_once, factor = quotas.ON_DEMAND_SHARDS, stack.STREAM_FACTOR
    scaling = [
        ("records in the stream, per second", records, ",.0f", "1,000 in a shard"),
        (
            "MB per second in the stream",
            bytes_per_second / _MB,
            ".1f",
            f"1 in a shard, {quotas.ON_DEMAND_BYTES_PER_SECOND / _MB:.0f} in a new on-demand stream",
        ),
        (
            "concurrent executions of the stream function",
            bill.containers(load, measured),
            ".1f",
            f"{at_once * factor}: {at_once} shards, ParallelizationFactor {factor}",
        ),
        ("requests to the collector, per second", records, ",.0f", "what the collector takes"),
        ("MB per second to the collector (gzip)", sent_mb, ".1f", "what the collector takes"),
    ]
    rows = [
        (name, f"{mean:{shown}}", f"{mean * PEAK:{shown}}", limit) for name, mean, shown, limit in scaling
    ]
    rows += [
        (
            "shards",
            f"{math.ceil(shards)}",
            f"{math.ceil(shards * PEAK)}",
            f"{at_once} in a new on-demand stream, which grows by itself",
        ),
        ("custom metrics", f"{metrics:,}", f"{metrics:,}", "no quota"),
        (
            "interface endpoints",
            f"{stack.ENDPOINTS}",
            f"{stack.ENDPOINTS}",
            f"each in {bill.ZONES} zones; only in a VPC without a NAT gateway",
        ),
    ]
    return table(("needs", "mean", "peak", "what there is"), rows, texts=(0, 3))
