"""The log stream that a payload comes from."""

import re
from dataclasses import dataclass

from eks_log_forwarder.intake.log_type import LogType, log_type_of_stream
from eks_log_forwarder.intake.payload import SubscriptionPayload

UNKNOWN_CLUSTER = "unknown"

# Amazon EKS user guide, "Send control plane logs to CloudWatch Logs"
_CLUSTER_LOG_GROUP = re.compile(r"/aws/eks/(?P<cluster>[^/]+)/cluster")


def cluster_of(log_group: str) -> str | None:
    """Return the cluster whose control plane writes to a log group, or None for any other log group."""
    match = _CLUSTER_LOG_GROUP.fullmatch(log_group)
    return match["cluster"] if match else None


@dataclass(frozen=True, slots=True)
class LogStream:
    """One log stream. `cluster` and `log_type` come from its names; they are `unknown` for unknown names."""

    log_group: str
    name: str
    owner: str
    cluster: str
    log_type: LogType

    @classmethod
    def of(cls, payload: SubscriptionPayload) -> "LogStream":
        """Return the stream of a payload. A payload holds the events of one stream."""
        return cls(
            log_group=payload.logGroup,
            name=payload.logStream,
            owner=payload.owner,
            cluster=cluster_of(payload.logGroup) or UNKNOWN_CLUSTER,
            log_type=log_type_of_stream(payload.logStream),
        )
