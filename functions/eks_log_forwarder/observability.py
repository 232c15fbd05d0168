"""What an operator sees: structured logs, and metrics in CloudWatch's embedded metric format (EMF)."""

import logging
import warnings
from collections.abc import Mapping

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from eks_log_forwarder.tally import Tally

NAMESPACE = "EksLogForwarder"

logger = Logger()
metrics = Metrics(namespace=NAMESPACE)

# At level DEBUG these write URLs, headers and answers, and with them the token.
for _library in ("urllib3", "requests", "botocore", "boto3"):
    logging.getLogger(_library).setLevel(logging.CRITICAL)

# An invocation that fails before it has counted anything has no metrics to publish; its error says enough.
warnings.filterwarnings("ignore", message="No application metrics to publish")


def publish(tally: Tally) -> None:
    """One summary line, and the metrics of a payload that CloudWatch handed over."""
    _publish(tally, {"EventsReceived": tally.received})


def publish_redriven(tally: Tally) -> None:
    """As `publish`, for a parked message: what it holds was counted as received when it came."""
    _publish(tally, {})
    metrics.flush_metrics()  # the next message may be of another cluster


def _publish(tally: Tally, received: Mapping[str, int]) -> None:
    """The metrics by service, by cluster and, for the flow of events, by log type."""
    flow = {**received, "EventsDelivered": tally.delivered, "EventsFiltered": tally.filtered}
    metrics.add_dimensions(service=str(metrics.service), cluster=tally.cluster)
    _add(metrics, MetricUnit.Count, flow)
    _add(
        metrics,
        MetricUnit.Count,
        {
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
    if tally.parked_age_seconds:
        _add(metrics, MetricUnit.Seconds, {"ParkedAge": tally.parked_age_seconds})
    if tally.received:
        by_log_type = EphemeralMetrics(namespace=NAMESPACE)
        by_log_type.add_dimension("logType", tally.log_type)
        _add(by_log_type, MetricUnit.Count, flow)
        by_log_type.flush_metrics()
    log = logger.warning if tally.reasons else logger.info
    log("summary", extra=tally.summary())


def _add(to: Metrics | EphemeralMetrics, unit: MetricUnit, values: Mapping[str, float]) -> None:
    for name, value in values.items():
        to.add_metric(name, unit, value)
