"""What a replay would send, and what it would cost."""

from collections import Counter
from collections.abc import Iterator

from eks_log_forwarder.intake.log_stream import origin_of
from tools.replay.payloads import Chunk

# AWS Lambda pricing, us-east-1: dollars per invocation, without its duration.
_REQUEST_PRICE = 0.20 / 1_000_000


class DryRun:
    """Counts the lines of a span by log type."""

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        self.size_bytes = 0
        self.payloads = 0

    def count(self, chunk: Chunk) -> None:
        """Counts the lines of a chunk."""
        self.payloads += len(chunk.payloads)
        for payload in chunk.payloads:
            _, log_type = origin_of(payload["logGroup"], payload["logStream"], payload["subscriptionFilters"])
            self.events[str(log_type)] += len(payload["logEvents"])
            self.size_bytes += sum(len(event["message"].encode()) for event in payload["logEvents"])

    def report(self, *, seen: bool) -> Iterator[str]:
        """The counts, the cost and the effects of a replay, in sentences."""
        total = self.events.total()
        yield f"{total} events ({self.size_bytes / 1e6:.1f} MB) would be sent in {self.payloads} payloads:"
        for log_type, count in sorted(self.events.items()):
            yield f"  {log_type:20} {count:>12}"
        yield (
            "CloudWatch Logs: reading with FilterLogEvents has no price (only Logs Insights charges for the"
            " bytes that it scans), so neither this dry run nor the replay costs anything there."
        )
        yield (
            f"Lambda: {self.payloads} invocations, {self.payloads * _REQUEST_PRICE:.4f} $ in us-east-1, and"
            " their duration. The collector may charge for what it receives again."
        )
        if seen:
            yield "Detections are named on the records. They raise no metric, log line or alarm."
        else:
            yield "The detection rules see these lines as new and raise alarms again; SEEN=yes prevents it."
