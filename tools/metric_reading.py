"""Sums of CloudWatch metrics over time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from eks_log_forwarder.telemetry.publishing import NAMESPACE
from tools.aws_reading import Reader

_QUERIES_A_CALL = 500  # a quota of GetMetricData
_SLICE = timedelta(hours=30)  # a day with its edges; a page has at most 100,800 values

type Sums = Mapping[datetime, float]
"""The start of a period -> the sum of its values; a period without values is missing."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric by its namespace, name and dimensions."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str = "Sum"


def received_events(stack: str, cluster: str, log_type: str) -> Metric:
    """The events of a cluster and log type that a stack received."""
    dimensions = (("service", stack), ("cluster", cluster), ("logType", log_type))
    return Metric(NAMESPACE, "EventsReceived", dimensions)


def incoming_events(log_group: str) -> Metric:
    """The events that CloudWatch Logs took into a log group."""
    return Metric("AWS/Logs", "IncomingLogEvents", (("LogGroupName", log_group),))


def read_sums(  # noqa: PLR0913  # a span, its resolution, and who is told
    reader: Reader,
    metrics: Sequence[Metric],
    start: datetime,
    end: datetime,
    period: timedelta,
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Sums] | None:
    """The values of each metric from `start` to before `end`, in the metrics' order.

    Returns:
        None if `cloudwatch:GetMetricData` was refused.
    """
    sums: list[dict[datetime, float]] = [{} for _ in metrics]
    at = start
    while at < end:
        until = min(at + _SLICE, end)
        progress(f"{at:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M}")
        for first in range(0, len(metrics), _QUERIES_A_CALL):
            queries = [
                _query(number, metrics[number], period)
                for number in range(first, min(first + _QUERIES_A_CALL, len(metrics)))
            ]
            results = reader.pages(
                "cloudwatch",
                "get_metric_data",
                "MetricDataResults",
                MetricDataQueries=queries,
                StartTime=at,
                EndTime=until,
                ScanBy="TimestampAscending",
            )
            if results is None:
                return None
            for result in results:  # a page can continue the values of the one before
                values = zip(result["Timestamps"], result["Values"], strict=True)
                sums[int(result["Id"][1:])].update(values)
        at = until
    return list(sums)


def _query(number: int, metric: Metric, period: timedelta) -> dict[str, object]:
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    stat = {
        "Metric": {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions},
        "Period": int(period.total_seconds()),
        "Stat": metric.statistic,
    }
    return {"Id": f"m{number}", "MetricStat": stat, "ReturnData": True}
