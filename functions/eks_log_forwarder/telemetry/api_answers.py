"""What the API server's answers say of its health: how many were throttled, and how long requests took."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from eks_log_forwarder.control_plane.audit import AuditHeader

COMPLETE = "ResponseComplete"
FINISHED = frozenset({COMPLETE, ""})  # so that a request counts once, however many stages it logs
# the API server's own verbs; any other comes from an HTTP method that a client invented
VERBS = frozenset({"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"})
OTHER_VERB = "other"
MAX_VALUES = 100  # of an array in a document of the embedded metric format

_THROTTLED = 429
# An eviction that a PodDisruptionBudget forbids is answered 429 too; every `kubectl drain` repeats it.
_EVICTION = "eviction"
# The API server's BasicLongRunningRequestCheck (k8s.io/kubernetes, pkg/controlplane/apiserver/options):
# such a request lasts as long as the client likes.
_LONG_RUNNING_VERBS = frozenset({"watch", "proxy"})
_LONG_RUNNING_SUBRESOURCES = frozenset({"attach", "exec", "proxy", "log", "portforward"})
_MILLISECOND = timedelta(milliseconds=1)


def is_throttled(header: AuditHeader) -> bool:
    """Whether the API server answered 429 because it had too many requests."""
    status, target = header.response_status, header.object_ref
    return (
        status is not None
        and status.code == _THROTTLED
        and header.stage in FINISHED
        and (target is None or target.subresource != _EVICTION)
    )


def latency_ms(header: AuditHeader) -> float | None:
    """Milliseconds from the request's arrival to the end of its answer; None for what says nothing.

    These are events of other stages, watches and other long-running requests, and events without the two
    times.
    """
    target = header.object_ref
    if (
        header.stage != COMPLETE
        or header.verb in _LONG_RUNNING_VERBS
        or (target is not None and target.subresource in _LONG_RUNNING_SUBRESOURCES)
    ):
        return None
    try:
        end = datetime.fromisoformat(header.stage_timestamp)
        taken = (end - datetime.fromisoformat(header.request_received_timestamp)) / _MILLISECOND
    except (ValueError, TypeError):  # not a time, or only one of them has an offset
        return None
    return taken if taken >= 0 else None


class ApiAnswers(msgspec.Struct):
    """Counts throttled requests, and collects latencies by verb."""

    throttled: int = 0
    latencies_ms: dict[str, list[float]] = msgspec.field(default_factory=dict)

    def count(self, header: AuditHeader) -> None:
        """Counts one audit event."""
        status = header.response_status
        if status is not None and status.code == _THROTTLED:  # a call for these few only
            self.throttled += is_throttled(header)
        taken = latency_ms(header)
        if taken is not None:
            verb = header.verb if header.verb in VERBS else OTHER_VERB
            self.latencies_ms.setdefault(verb, []).append(taken)

    def merge(self, other: "ApiAnswers") -> None:
        """Adds the answers of another payload."""
        self.throttled += other.throttled
        for verb, latencies_ms in other.latencies_ms.items():
            self.latencies_ms.setdefault(verb, []).extend(latencies_ms)


def sampled(values: Sequence[float]) -> list[float]:
    """The values, or MAX_VALUES of them, which stand for equal shares of the sorted values.

    Each is the middle of its hundredth, so that CloudWatch's percentiles over several payloads stay those of
    the values. Rounded to a tenth of a millisecond, from ten on to whole ones: each byte of a log is billed.
    """
    ordered = sorted(values)
    if (count := len(ordered)) > MAX_VALUES:
        ordered = [ordered[(2 * share + 1) * count // (2 * MAX_VALUES)] for share in range(MAX_VALUES)]
    return [round(value, 1) if value < 10 else round(value) for value in ordered]  # noqa: PLR2004  # see above
