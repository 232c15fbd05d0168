"""What Loki refuses, with its default limits and in its own words.

Source: Grafana Loki, "limits_config"; the texts of the errors in pkg/validation and pkg/ingester.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

_NS = 1_000_000_000
_GRACE_NS = 600 * _NS  # creation_grace_period
_BEHIND_NS = 3600 * _NS  # half of max_chunk_age


@dataclass(frozen=True, slots=True)
class LokiLimits:
    """The limits of a tenant; `max_age_hours` is 168 at a Loki that was left as it is, and None is none.

    At a multi-tenant Loki (`auth_enabled`) every request names its tenant.
    """

    max_age_hours: float | None = None
    multi_tenant: bool = False
    max_line_bytes: int = 256 * 1024
    max_labels: int = 15
    max_metadata: int = 128
    max_metadata_bytes: int = 64 * 1024

    def fault_of_line(self, stream: str, line: str, metadata: dict[str, str]) -> str:
        """What is too large in an entry; empty if nothing is."""
        size = len(line.encode())
        if size > self.max_line_bytes:
            return (
                f"max entry size '{self.max_line_bytes}' bytes exceeded for stream '{stream}' while adding "
                f"an entry with length '{size}' bytes"
            )
        if len(metadata) > self.max_metadata:
            return (
                f"stream '{stream}' has too many structured metadata labels: '{len(metadata)}' labels, "
                f"limit: '{self.max_metadata}' labels"
            )
        held = sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items())
        if held > self.max_metadata_bytes:
            return (
                f"stream '{stream}' has structured metadata too large: '{held}' bytes, "
                f"limit: '{self.max_metadata_bytes}' bytes"
            )
        return ""

    def fault_of_time(self, stream: str, time_ns: int, newest_ns: int, now_ns: int) -> str:
        """What is wrong with the time of an entry; `newest_ns` is that of its stream."""
        if self.max_age_hours is not None:
            oldest_ns = now_ns - int(self.max_age_hours * 3600) * _NS
            if time_ns < oldest_ns:
                return (
                    f"entry for stream '{stream}' has timestamp too old: {_shown(time_ns)}, "
                    f"oldest acceptable timestamp is: {_shown(oldest_ns)}"
                )
            if time_ns > now_ns + _GRACE_NS:
                return f"entry for stream '{stream}' has timestamp too new: {_shown(time_ns)}"
        if time_ns < newest_ns - _BEHIND_NS:
            return (
                f"entry with timestamp {_shown(time_ns)} ignored, reason: 'entry too far behind, "
                f"entry timestamp is: {_shown(time_ns)}, "
                f"oldest acceptable timestamp is: {_shown(newest_ns - _BEHIND_NS)}'"
            )
        return ""


def _shown(time_ns: int) -> str:
    """RFC 3339 in UTC, without the fraction, which Loki cuts off."""
    return f"{datetime.fromtimestamp(time_ns // _NS, UTC):%Y-%m-%dT%H:%M:%SZ}"
