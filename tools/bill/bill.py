"""The bill of a month in which the collector answers: every part, in dollars.

CloudWatch    what CloudWatch charges for the clusters' own logs, with or without a forwarder
fixed         what a stack and its clusters cost without any event
variable      what the events cost
optional      what not everybody needs, or has already; in no sum
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from tools.bill import quotas, stack
from tools.bill.measured import Measured, line
from tools.bill.prices import cost

HOURS = 730.0  # of a month, as AWS's pricing pages count them
SECONDS = HOURS * 3600
_GB = 1e9
EVENTS_PER_PAYLOAD = 10.0  # a busy cluster's payloads are small; CloudWatch Logs does not say how small
EVENTS_PER_SECOND_OF_CLUSTER = 25.0  # 5,000 of 200 clusters
CLUSTER_LOG_DAYS = 30
ALERTS_A_DAY = 10  # mails and events of the notify function, for each cluster
ALERT_SECONDS = 1.0  # of the notify function for each
ZONES = 2
_DAYS = HOURS / 24
_EVENT_METADATA_BYTES = 26  # of each stored event (CloudWatch pricing, "Logs")
_REQUEST_ID = "0" * 36
# Lambda developer guide, "Using CloudWatch Logs with Lambda": what Lambda itself writes for an invocation
LAMBDA_LINES_BYTES = sum(
    len(text)
    for text in (
        f"START RequestId: {_REQUEST_ID} Version: $LATEST\n",
        f"END RequestId: {_REQUEST_ID}\n",
        f"REPORT RequestId: {_REQUEST_ID}\tDuration: 12.34 ms\tBilled Duration: 13 ms\t",
        "Memory Size: 512 MB\tMax Memory Used: 123 MB\t\n",
    )
)


class Kind(StrEnum):
    """Where a part of the bill belongs."""

    CLOUDWATCH = "CloudWatch"
    FIXED = "fixed"
    VARIABLE = "variable"
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the bill; `less` is what lowers it."""

    kind: Kind
    name: str
    dollars: float
    depends_on: str
    less: str


@dataclass(frozen=True, slots=True)
class Load:
    """What clusters log; `events_per_second` is the sum of all, `message_bytes` the mean of an event."""

    clusters: int
    events_per_second: float
    message_bytes: float
    events_per_payload: float = EVENTS_PER_PAYLOAD
    cluster_log_days: float = CLUSTER_LOG_DAYS

    @property
    def payloads_per_second(self) -> float:
        """Invocations of the forward function."""
        return self.events_per_second / self.events_per_payload

    @property
    def gb(self) -> float:
        """What CloudWatch Logs takes in in a month."""
        return self.events_per_second * SECONDS * self.message_bytes / _GB


def typical(clusters: int, measured: Measured) -> Load:
    """So many busy clusters with the measured events."""
    return Load(clusters, clusters * EVENTS_PER_SECOND_OF_CLUSTER, measured.payload.message_bytes)


def total(parts: Iterable[Part], *kinds: Kind) -> float:
    """The dollars of the parts of these kinds."""
    return sum(part.dollars for part in parts if part.kind in kinds)


def own_log_bytes(load: Load, measured: Measured) -> float:
    """What an invocation of the forward function adds to its log, Lambda's own lines included."""
    return interpolated(measured, load.events_per_payload, "log_bytes") + LAMBDA_LINES_BYTES


def billed_ms(load: Load, measured: Measured) -> float:
    """The billed time of an invocation of the forward function."""
    return interpolated(measured, load.events_per_payload, "billed_ms")


def interpolated(measured: Measured, events: float, figure: str, of: str = "forwarding") -> float:
    """A figure of an invocation with so many events, between the measured ones or along the last two."""
    cases = getattr(measured, of)
    after = next((n for n, case in enumerate(cases) if case.events >= events and n), len(cases) - 1)
    return line(cases[after - 1 : after + 1], figure).at(events)


def lambda_dollars(invocations: float, milliseconds: float, memory_mb: float) -> float:
    """Requests and time of so many invocations."""
    gigabyte_seconds = invocations * milliseconds / 1000 * memory_mb / 1024
    return cost("lambda_request", invocations) + cost("lambda_gb_second", gigabyte_seconds)


def month(load: Load, measured: Measured) -> list[Part]:
    """All parts of a month's bill."""
    return [
        *_cloudwatch(load, measured),
        *_fixed(load, measured),
        *_variable(load, measured),
        *_optional(load, measured),
    ]


def _cloudwatch(load: Load, measured: Measured) -> Iterator[Part]:
    compression = measured.payload.stored_bytes / measured.payload.message_bytes
    stored = load.gb * (1 + _EVENT_METADATA_BYTES / load.message_bytes) * compression
    yield Part(
        Kind.CLOUDWATCH,
        "taking in the control-plane logs",
        cost("logs_ingestion_gb", load.gb),
        "GB that the clusters log",
        "switch log types of the cluster off",
    )
    yield Part(
        Kind.CLOUDWATCH,
        f"keeping them for {load.cluster_log_days:g} days",
        cost("logs_storage_gb", stored * load.cluster_log_days / _DAYS),
        "compressed GB, retention of the cluster's log group",
        "a shorter retention: the collector has the events",
    )


def _fixed(load: Load, measured: Measured) -> Iterator[Part]:
    further = load.clusters - 1
    metrics = measured.metrics + further * measured.further_metrics
    alarms = stack.ALARMS + further * stack.ALARMS_OF_FURTHER_CLUSTER + bool(further) * stack.SUBSCRIBE_ALARMS
    yield Part(
        Kind.FIXED,
        f"custom metrics ({measured.metrics} + {measured.further_metrics} for each further cluster)",
        cost("custom_metric", metrics),
        "number of clusters",
        "one stack for several clusters",
    )
    yield Part(
        Kind.FIXED,
        "alarms",
        cost("alarm", alarms) + cost("anomaly_alarm", stack.ANOMALY_ALARMS),
        "number of clusters",
        "Environment=dev has no volume and silence alarms",
    )
    yield Part(Kind.FIXED, "dashboard", cost("dashboard", stack.DASHBOARDS), "number of stacks", "")
    yield Part(
        Kind.FIXED, "key of the alarm topic", cost("kms_key", stack.KEYS), "number of stacks, rotations", ""
    )
    polls = quotas.SQS_POLLERS * SECONDS / quotas.LONG_POLL_SECONDS
    yield Part(Kind.FIXED, "polling of the empty queue", cost("sqs_request", polls), "number of stacks", "")
    yield Part(
        Kind.FIXED, "secret", cost("secret", 1), "number of stacks", "several stacks can share a secret"
    )


def _variable(load: Load, measured: Measured) -> Iterator[Part]:
    invocations = load.payloads_per_second * SECONDS
    milliseconds = billed_ms(load, measured)
    log_gb = invocations * own_log_bytes(load, measured) / _GB
    compression = measured.payload.stored_bytes / measured.payload.message_bytes
    alerts = ALERTS_A_DAY * _DAYS * load.clusters
    yield Part(
        Kind.VARIABLE,
        "Lambda, requests",
        cost("lambda_request", invocations),
        "payloads: CloudWatch Logs decides how many events each has",
        "a filter pattern",
    )
    yield Part(
        Kind.VARIABLE,
        "Lambda, time",
        lambda_dollars(invocations, milliseconds, measured.memory_mb) - cost("lambda_request", invocations),
        "events, their size, the collector's answer time",
        "a filter pattern, DisabledDetections",
    )
    yield Part(
        Kind.VARIABLE,
        "the functions' own log, taking in",
        cost("lambda_logs_ingestion_gb", log_gb),
        "payloads, detections",
        "a filter pattern; LogLevel hardly: most lines are metrics",
    )
    yield Part(
        Kind.VARIABLE,
        f"the functions' own log, keeping for {stack.OWN_LOG_DAYS} days",
        cost("logs_storage_gb", log_gb * compression * stack.OWN_LOG_DAYS / _DAYS),
        "LogRetentionDays",
        "a shorter LogRetentionDays",
    )
    yield Part(
        Kind.VARIABLE,
        "calls of Secrets Manager",
        cost("secret_call", containers(load, measured) * SECONDS / stack.SECRET_CACHE_SECONDS),
        "containers",
        "",
    )
    yield Part(
        Kind.VARIABLE,
        f"notifications ({ALERTS_A_DAY} a day and cluster)",
        lambda_dollars(alerts, ALERT_SECONDS * 1000, measured.memory_mb)
        + cost("sns_mail", alerts)
        + cost("eventbridge_event", alerts),
        "detections of level high or critical",
        "filters for known actors",
    )
    yield Part(
        Kind.VARIABLE,
        "transfer to a collector in another zone",
        cost("zone_transfer_gb", sent_gb(load, measured)),
        "bytes sent (gzip)",
        "an audit policy; a collector in the same zone",
    )


def _optional(load: Load, measured: Measured) -> Iterator[Part]:
    endpoints = cost("endpoint_hour", stack.ENDPOINTS * ZONES * HOURS)
    gateways = cost("nat_hour", ZONES * HOURS)
    sent = sent_gb(load, measured)
    more = sent * (measured.payload.plain_bytes / measured.payload.sent_bytes - 1)
    yield Part(
        Kind.OPTIONAL,
        f"{stack.ENDPOINTS} interface endpoints in {ZONES} zones (network.yaml)",
        endpoints,
        "endpoints, zones",
        "share those of the VPC",
    )
    yield Part(
        Kind.OPTIONAL,
        f"or NAT gateways in {ZONES} zones, without their GB",
        gateways,
        "zones",
        "share those of the VPC",
    )
    yield Part(
        Kind.OPTIONAL,
        "a collector outside AWS: NAT and internet, by the GB",
        cost("nat_gb", sent) + cost("internet_transfer_gb", sent),
        "bytes sent (gzip)",
        "an audit policy",
    )
    yield Part(
        Kind.OPTIONAL,
        "without gzip, as xplg by default: more transfer to another zone",
        cost("zone_transfer_gb", more),
        "bytes sent",
        "gzip, where the listener takes it",
    )
    yield Part(Kind.OPTIONAL, "a key of your own (KmsKeyArn)", cost("kms_key", 1), "keys", "")


def containers(load: Load, measured: Measured) -> float:
    """Concurrent executions of the forward function, at least one."""
    return max(load.payloads_per_second * billed_ms(load, measured) / 1000, 1.0)


def sent_gb(load: Load, measured: Measured) -> float:
    """What a month's requests to the collector hold, at the measured compression."""
    per_byte = measured.payload.sent_bytes / measured.payload.message_bytes
    return load.gb * per_byte
