"""Where a payload's lines come from: one log stream of one cluster."""

import re
from dataclasses import dataclass

from eks_log_forwarder.intake.log_type import LogType, log_type_of_stream
from eks_log_forwarder.intake.payload import SubscriptionPayload

UNKNOWN_CLUSTER = "unknown"

# Amazon EKS user guide, "Send control plane logs to CloudWatch Logs"
_CLUSTER_LOG_GROUP = re.compile(r"/aws/eks/(?P<cluster>[^/]+)/cluster")


def cluster_of(log_group: str) -> str | None:
    """The cluster whose control plane writes into a log group; None for any other log group."""
    match = _CLUSTER_LOG_GROUP.fullmatch(log_group)
    return match["cluster"] if match else None


@dataclass(frozen=True, slots=True)
class LogStream:
    """One stream; `cluster` and `log_type` are read off its names, and are `unknown` for other names."""

    log_group: str
    name: str
    owner: str
    cluster: str
    log_type: LogType

    @classmethod
    def of(cls, payload: SubscriptionPayload) -> "LogStream":
        """The stream that a payload's lines come from; a payload never mixes streams."""
        return cls(
            log_group=payload.logGroup,
            name=payload.logStream,
            owner=payload.owner,
            cluster=cluster_of(payload.logGroup) or UNKNOWN_CLUSTER,
            log_type=log_type_of_stream(payload.logStream),
        )
