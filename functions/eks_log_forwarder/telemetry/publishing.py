"""Structured logs, and metrics in CloudWatch's embedded metric format (EMF)."""

import logging
import warnings
from collections.abc import Mapping

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from eks_log_forwarder.telemetry.found import Found
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
    for (resource, verb), count in tally.api_requests.items():
        _publish_apart({"resource": resource, "verb": verb}, {"ApiRequests": count})
    _publish_detections(tally.detections, tally.cluster)


def publish_redriven(tally: Tally) -> None:
    """Like `publish`, for a parked message: its content was counted when CloudWatch sent it.

    The redrive leaves only those detections in the tally that have not been published before.
    """
    _publish(tally, {}, {})
    metrics.flush_metrics()  # the next message may belong to another cluster
    _publish_detections(tally.detections, tally.cluster)


def _publish_detections(found: Found, cluster: str) -> None:
    """Counts detections by level and by rule, and logs the gravest one by one."""
    for level, count in found.by_level.items():
        _publish_apart({"level": level}, {"Detections": count})
    for rule, count in found.by_rule.items():
        _publish_apart({"rule": rule}, {"Detections": count})
    for detection in found.gravest():
        logger.warning(
            "detection",
            extra={
                "rule": detection.rule.id,
                "title": detection.rule.title,
                "rule_level": detection.rule.level,
                "cluster": cluster,
                "actor": detection.actor,
                "target": detection.target,
                "event_id": detection.event_id,
            },
        )


def _content(tally: Tally) -> dict[str, int]:
    return {
        "EventsTruncated": tally.truncated,
        "EventsTrimmed": tally.trimmed,
        "EventsUnparsed": tally.unparsed,
        "EventsRedacted": tally.redacted,
    }


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
