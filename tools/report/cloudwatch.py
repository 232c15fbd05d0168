"""The lines of a cluster's log group, and what it costs to read them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tools.aws_reading import ClientFactory, NotFoundError, Reader
from tools.bill.prices import cost, prices
from tools.errors import ToolError
from tools.log_groups import cluster_log_group, read_log_group
from tools.metric_reading import Metric, read_sums
from tools.replay.sending import read_events
from tools.replay.span import Span, shown
from tools.report.lines import Line, line_of_stream

_GB = 1e9
_HOUR = timedelta(hours=1)
_DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Scan:
    """A span to read, with the bytes that CloudWatch took in; None if the metric cannot be read."""

    span: Span
    incoming_bytes: int | None
    gone_before_ms: int | None = None

    def price(self) -> str:
        """What CloudWatch charges, in sentences."""
        free = "CloudWatch Logs charges nothing for reading with FilterLogEvents"
        if self.incoming_bytes is None:
            return (
                f"{free}. How much there is to read is not known. Outside the log group's region AWS charges"
                f" about {cost('internet_transfer_gb', 1)} $ a GB for the transfer."
            )
        size = self.incoming_bytes / _GB
        return (
            f"There are about {size:,.3f} GB to read. {free}; a query of Logs Insights over the same span"
            f" would cost {cost('logs_insights_gb', size):,.2f} $. Read from outside the region, AWS charges"
            f" the transfer: about {cost('internet_transfer_gb', size):,.2f} $"
            f" (list prices of {prices().region})."
        )

    def title(self) -> str:
        """What is read, in words."""
        return f"{self.span.log_group}, {shown(self.span.start_ms)} to {shown(self.span.end_ms)}"


def plan(reader: Reader, cluster: str, start_ms: int, end_ms: int, now_ms: int) -> Scan:
    """Finds the log group and how much it took in.

    Raises:
        ToolError: there is no such log group, or the end is before the start.
    """
    if end_ms <= start_ms:
        msg = f"TO ({shown(end_ms)}) is not after FROM ({shown(start_ms)})"
        raise ToolError(msg)
    name = cluster_log_group(cluster)
    try:
        group = read_log_group(reader, name)
    except NotFoundError as error:
        raise ToolError(str(error)) from error
    oldest_ms = now_ms - (group.retention_days or 0) * _DAY_MS if group and group.retention_days else None
    gone_ms = oldest_ms if oldest_ms is not None and start_ms < oldest_ms else None
    return Scan(Span(name, start_ms, end_ms), _incoming_bytes(reader, name, start_ms, end_ms), gone_ms)


def _incoming_bytes(reader: Reader, log_group: str, start_ms: int, end_ms: int) -> int | None:
    """The bytes of the whole hours that the span touches."""
    start = datetime.fromtimestamp(start_ms / 1000, UTC).replace(minute=0, second=0, microsecond=0)
    end = datetime.fromtimestamp(end_ms / 1000, UTC).replace(minute=0, second=0, microsecond=0) + _HOUR
    metric = Metric("AWS/Logs", "IncomingBytes", (("LogGroupName", log_group),))
    sums = read_sums(reader, [metric], start, end, _HOUR)
    return None if sums is None else round(sum(sums[0].values()))


def read_lines(client: ClientFactory, scan: Scan, moved: Callable[[int], None]) -> Iterator[Line]:
    """The lines of the span in the order of their times; `moved` is told the time of each."""
    for event in read_events(client, scan.span, scan.span.start_ms):
        moved(event["timestamp"])
        yield line_of_stream(event["message"], event["logStreamName"], event["timestamp"])
