"""Structured logs, and metrics in CloudWatch's embedded metric format (EMF)."""

import logging
import warnings
from collections.abc import Iterator, Mapping

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from eks_log_forwarder.telemetry.tally import Tally

NAMESPACE = "EksLogForwarder"

logger = Logger()
metrics = Metrics(namespace=NAMESPACE)

# At level DEBUG these log URLs, headers and answers, which can hold the token.
for _library in ("urllib3", "requests", "botocore", "boto3"):
    logging.getLogger(_library).setLevel(logging.CRITICAL)

# An invocation that fails before it counts anything has no metrics to publish; its error is enough.
warnings.filterwarnings("ignore", message="No application metrics to publish")


def publish(tally: Tally) -> None:
    """Publishes the counts of a payload from CloudWatch: metrics, detections and one summary line."""
    _publish(tally, {"EventsReceived": tally.received}, _content(tally))
    for dimensions, name, value in _counts_by_dimension(tally):
        _publish_apart(dimensions, {name: value})
    for detection in tally.detections.gravest():
        logger.warning(
            "detection",
            extra={
                "rule": detection.rule.id,
                "title": detection.rule.title,
                "rule_level": detection.rule.level,
                "cluster": tally.cluster,
                "actor": detection.actor,
                "target": detection.target,
                "event_id": detection.event_id,
            },
        )


def publish_redriven(tally: Tally) -> None:
    """Like `publish`, for a parked message: its content was counted when CloudWatch sent it."""
    _publish(tally, {}, {})
    metrics.flush_metrics()  # the next message may belong to another cluster


def _content(tally: Tally) -> dict[str, int]:
    return {
        "EventsTruncated": tally.truncated,
        "EventsTrimmed": tally.trimmed,
        "EventsUnparsed": tally.unparsed,
        "EventsRedacted": tally.redacted,
    }


def _counts_by_dimension(tally: Tally) -> Iterator[tuple[dict[str, str], str, int]]:
    """Counts by further dimensions; no client of the cluster can invent values of them."""
    for level, count in tally.detections.by_level.items():
        yield {"level": level}, "Detections", count
    for rule, count in tally.detections.by_rule.items():
        yield {"rule": rule}, "Detections", count
    for (resource, verb), count in tally.api_requests.items():
        yield {"resource": resource, "verb": verb}, "ApiRequests", count


def _publish(tally: Tally, received: Mapping[str, int], content: Mapping[str, int]) -> None:
    """Publishes metrics by service and by cluster, and the flow of events by log type."""
    flow = {**received, "EventsDelivered": tally.delivered, "EventsFiltered": tally.filtered}
    metrics.add_dimensions(service=str(metrics.service), cluster=tally.cluster)
    _add(
        metrics,
        MetricUnit.Count,
        {
            **flow,
            **content,
            "EventsParked": tally.parked,
            "EventsRejected": tally.rejected,
            "ControlMessages": tally.control_messages,
            "AuthenticationFailures": tally.authentication_failures,
            "DeliveryAttempts": tally.delivery_attempts,
        },
    )
    _add(metrics, MetricUnit.Bytes, {"BytesSent": tally.bytes_sent})
    if tally.delivery_attempts:
        _add(metrics, MetricUnit.Milliseconds, {"DeliveryLatency": tally.slowest_request_ms})
    if tally.delivered:
        _add(metrics, MetricUnit.Milliseconds, {"EventAge": tally.oldest_event_ms})
    if tally.split:
        _add(metrics, MetricUnit.Count, {"EventsSplit": tally.split})
    if tally.parked_age_seconds:
        _add(metrics, MetricUnit.Seconds, {"ParkedAge": tally.parked_age_seconds})
    if tally.received:
        _publish_apart({"logType": tally.log_type}, flow)
        if received:  # the alarm on a silent audit log of one cluster reads it
            _publish_apart({"cluster": tally.cluster, "logType": tally.log_type}, received)
    log = logger.warning if tally.reasons else logger.info
    log("summary", extra=tally.summary())


def _publish_apart(dimensions: Mapping[str, str], counts: Mapping[str, int]) -> None:
    """Publishes counts in a document with other dimensions."""
    apart = EphemeralMetrics(namespace=NAMESPACE)
    for name, value in dimensions.items():
        apart.add_dimension(name, value)
    _add(apart, MetricUnit.Count, counts)
    apart.flush_metrics()


def _add(to: Metrics | EphemeralMetrics, unit: MetricUnit, values: Mapping[str, float]) -> None:
    for name, value in values.items():
        to.add_metric(name, unit, value)
