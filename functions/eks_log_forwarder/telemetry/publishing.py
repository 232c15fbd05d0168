"""What an operator sees: structured logs, and metrics in CloudWatch's embedded metric format (EMF).

The summary of an invocation is an EMF document and the last line. A metric has the name of its summary field.
A count of zero is neither logged nor published; the alarms say what missing data means.
"""

import logging

import msgspec
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from eks_log_forwarder.encoding import to_json
from eks_log_forwarder.telemetry.api_answers import sampled
from eks_log_forwarder.telemetry.detection_line import line_fields
from eks_log_forwarder.telemetry.emf import Document, EmfProvider, Value
from eks_log_forwarder.telemetry.tally import Tally

NAMESPACE = "EksLogForwarder"
UNKNOWN_ACCOUNT = "unknown"  # a dimension cannot be empty

# Lambda's own lines and the log stream's name say these already; every byte of a line is billed.
_LEFT_OUT = frozenset({"cold_start", "function_arn", "function_memory_size", "function_name", "location"})
_encode = msgspec.json.Encoder(enc_hook=str).encode


def _serialize(line: dict[str, object]) -> str:
    return _encode({name: value for name, value in line.items() if name not in _LEFT_OUT}).decode()


logger = Logger(json_serializer=_serialize)
emf = EmfProvider(NAMESPACE)
metrics = Metrics(provider=emf)  # type: ignore[arg-type]  # it takes every BaseProvider

# At level DEBUG these log URLs, headers and answers, and the token with them.
for _library in ("urllib3", "requests", "botocore", "boto3"):
    logging.getLogger(_library).setLevel(logging.CRITICAL)


def publish(tally: Tally, *, by_account: bool = False) -> None:
    """Publishes the counts of payloads from CloudWatch: detections, requests and the summary.

    `by_account` adds the owner of the log groups to the dimensions of a cluster, since clusters of two
    accounts can have one name.
    """
    _publish_detections(tally)
    for (resource, verb), count in tally.api_requests.items():
        _publish_count("ApiRequests", count, resource=resource, verb=verb)
    for verb, latencies_ms in tally.api_answers.latencies_ms.items():
        _publish("ApiLatency", MetricUnit.Milliseconds, sampled(latencies_ms), verb=verb)
    summary = _summary(tally)
    for name, value in (
        ("EventsReceived", tally.received),
        ("EventsDelivered", tally.delivered),
        ("EventsFiltered", tally.filtered),
        ("EventsParked", tally.parked),
        ("EventsKept", tally.kept),
        ("EventsTruncated", tally.truncated),
        ("EventsTrimmed", tally.trimmed),
        ("EventsUnparsed", tally.unparsed),
        ("EventsRedacted", tally.redacted),
        ("ControlMessages", tally.control_messages),
        ("ApiThrottled", tally.api_answers.throttled),
    ):
        summary.add(name, MetricUnit.Count, value)
    summary.publish_by("service")
    if by_account:
        summary.dimensions["account"] = tally.account or UNKNOWN_ACCOUNT
        summary.publish_by("service", "account", "cluster", "logType", only="EventsReceived")
    else:
        summary.publish_by("service", "cluster", "logType", only="EventsReceived")
    emf.add_metric(summary)


def publish_redriven(tally: Tally) -> None:
    """Publishes the counts of a parked message; its events were counted when CloudWatch sent them.

    So that the counts of a stack balance, only what leaves the queue is published: `EventsRedriven` were
    delivered or filtered, `EventsRejected` went to the dead-letter queue. The redrive leaves only those
    detections in the tally that have not been published before.
    """
    _publish_detections(tally)
    summary = _summary(tally)
    summary.add("EventsRedriven", MetricUnit.Count, tally.delivered + tally.filtered)
    summary.add("ParkedAge", MetricUnit.Seconds, round(tally.parked_age_seconds))
    summary.publish_by("service")
    emf.add_metric(summary)
    metrics.flush_metrics()


def _summary(tally: Tally) -> Document:
    """The document of an invocation or message, with what both functions publish of a delivery."""
    keys = logger.get_current_keys()
    fields = {
        "level": "WARNING" if tally.reasons else "INFO",
        "message": "summary",
        "function_request_id": keys.get("function_request_id"),
        "rejected_unidentified": tally.rejected_unidentified,
        "split": tally.split,
        "detections": len(tally.detections),
        "reasons": tally.reasons,
        "details": tally.details,
    }
    summary = Document(
        {"service": emf.service, "cluster": tally.cluster, "logType": str(tally.log_type)},
        fields={name: value for name, value in fields.items() if value},
    )
    for name, unit, value in (
        ("EventsRejected", MetricUnit.Count, tally.rejected),
        ("AuthenticationFailures", MetricUnit.Count, tally.authentication_failures),
        ("DeliveryAttempts", MetricUnit.Count, tally.delivery_attempts),
        ("BytesSent", MetricUnit.Bytes, tally.bytes_sent),
        ("DeliveryLatency", MetricUnit.Milliseconds, round(tally.slowest_request_ms, 1)),
        ("EventAge", MetricUnit.Milliseconds, round(tally.oldest_event_ms)),
    ):
        summary.add(name, unit, value)
    return summary


def _publish_detections(tally: Tally) -> None:
    """Counts detections by level and by rule, and logs the gravest one by one."""
    for level, count in tally.detections.by_level.items():
        _publish_count("Detections", count, level=level)
    for rule, count in tally.detections.by_rule.items():
        _publish_count("Detections", count, rule=rule)
    _log_detections(tally)


def _log_detections(tally: Tally) -> None:
    """Writes the lines as the logger would, in a tenth of its time: what they share is formatted once.

    No log level suppresses them, because the notify function reads them.
    """
    gravest = tally.detections.gravest()
    if not gravest:
        return
    record = logging.LogRecord(logger.name, logging.WARNING, "", 0, "detection", None, None)
    shared = msgspec.json.decode(logger.registered_formatter.format(record), type=dict[str, object])
    for detection in gravest:
        line = to_json(shared | line_fields(detection, tally)).decode()
        print(line)  # noqa: T201  # Lambda's log is standard output


def _publish_count(name: str, count: int, **dimensions: str) -> None:
    _publish(name, MetricUnit.Count, count, **dimensions)


def _publish(name: str, unit: MetricUnit, value: Value, **dimensions: str) -> None:
    """Publishes a metric by further dimensions; no client of the cluster can invent their values."""
    document = Document({"service": emf.service, **dimensions})
    document.add(name, unit, value)
    document.publish_by(*document.dimensions)
    emf.add_metric(document)
