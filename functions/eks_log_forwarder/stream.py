"""Where a payload's lines come from: one log stream of one cluster."""

import re
from dataclasses import dataclass

from eks_log_forwarder.control_plane.log_type import log_type_of
from eks_log_forwarder.control_plane.parsing import Parsed
from eks_log_forwarder.log_record import Record
from eks_log_forwarder.records import Detection, LogEvent, LogType, SubscriptionPayload

UNKNOWN_CLUSTER = "unknown"

# Amazon EKS user guide, "Send control plane logs to CloudWatch Logs"
_CLUSTER_LOG_GROUP = re.compile(r"/aws/eks/(?P<cluster>[^/]+)/cluster")
# what centralised logs say of the account that wrote the line; the payload's owner is then another one
_ACCOUNT_FIELD = "@aws.account"


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
            log_type=log_type_of(payload.logStream),
        )

    def record(
        self,
        event: LogEvent,
        message: str,
        parsed: Parsed,
        redacted: int,
        detections: list[Detection],
    ) -> Record:
        """The record of one line of this stream."""
        fields = event.extractedFields
        account = fields.get(_ACCOUNT_FIELD) if fields else None
        return Record(
            event.timestamp,
            self.log_group,
            self.name,
            message,
            event.id,
            account or self.owner,
            self.cluster,
            self.log_type,
            parsed.audit,
            parsed.authenticator,
            parsed.klog,
            parsed.parsed is not False,
            parsed.truncated,
            redacted,
            detections,
        )
