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
    """One summary line, and the metrics by service, by cluster and, for three of them, by log type."""
    flow = {
        "EventsReceived": tally.received,
        "EventsDelivered": tally.delivered,
        "EventsFiltered": tally.filtered,
    }
    metrics.add_dimensions(service=str(metrics.service), cluster=tally.cluster)
    _add(metrics, MetricUnit.Count, flow)
    _add(metrics, MetricUnit.Count, {"ControlMessages": tally.control_messages})
    _add(metrics, MetricUnit.Count, {"DeliveryAttempts": tally.delivery_attempts})
    _add(metrics, MetricUnit.Bytes, {"BytesSent": tally.bytes_sent})
    if tally.delivery_attempts:
        _add(metrics, MetricUnit.Milliseconds, {"DeliveryLatency": tally.slowest_request_ms})
        _add(metrics, MetricUnit.Milliseconds, {"EventAge": tally.oldest_event_ms})
    if tally.received:
        by_log_type = EphemeralMetrics(namespace=NAMESPACE)
        by_log_type.add_dimension("logType", tally.log_type)
        _add(by_log_type, MetricUnit.Count, flow)
        by_log_type.flush_metrics()
    logger.info("summary", extra=tally.summary())


def _add(to: Metrics | EphemeralMetrics, unit: MetricUnit, values: Mapping[str, float]) -> None:
    for name, value in values.items():
        to.add_metric(name, unit, value)
