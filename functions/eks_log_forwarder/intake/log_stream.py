"""The log stream that a payload comes from."""

import re
from collections.abc import Iterable

import msgspec

from eks_log_forwarder.encoding import encodable
from eks_log_forwarder.intake.filter_name import CLUSTER_NAME, read_filter_name
from eks_log_forwarder.intake.log_type import LogType, bare, log_type_of_stream, vended_log_type_in
from eks_log_forwarder.intake.payload import SubscriptionPayload, filter_names

UNKNOWN_CLUSTER = "unknown"

# Amazon EKS user guide, "Send control plane logs to CloudWatch Logs"
_CLUSTER_LOG_GROUP = re.compile(r"/aws/eks/(?P<cluster>[^/]+)/cluster")
_VENDED_LOG_GROUP = re.compile(r"/aws/vendedlogs/eks/cluster/[^/]+/(?P<cluster>[^/]+)")
_EKS_LOG_GROUP = re.compile(r"/aws/eks/(?P<cluster>[^/]+)/.+")
# Of a cluster, and of a capability of a cluster (service authorization reference, Amazon EKS).
_EKS_ARN = re.compile(
    rf"arn:[^:]+:eks:[^:]*:[0-9]*:(?:cluster|capability)/(?P<cluster>{CLUSTER_NAME.pattern})(?:/.*)?"
)
# Parts of a log group's name that are not the name of a cluster, as `bare` returns them.
_COMMON_PARTS = {"", "aws", "vended", "cluster", "clusters", "log", "automode", "capability", "capabilities"}
_MAX_NAME_CHARACTERS = 512  # of log groups and streams (API reference, CreateLogStream)


def cluster_of(log_group: str) -> str | None:
    """Return the cluster whose control plane writes to a log group, or None for any other log group."""
    match = _CLUSTER_LOG_GROUP.fullmatch(log_group)
    return match["cluster"] if match else None


def cluster_of_arn(arn: str) -> str | None:
    """Return the cluster that an ARN names, itself or as that of a capability, or None for any other ARN."""
    match = _EKS_ARN.fullmatch(arn)
    return match["cluster"] if match else None


def origin_of(log_group: str, stream: str, filters: Iterable[str]) -> tuple[str, LogType]:
    """Return the cluster and the log type of a stream; what no name says is `unknown`.

    In a control-plane log group, only the names of the group and of the stream count, so that no filter
    renames a cluster. In any other group, a filter's name comes first (`read_filter_name`). If it leaves the
    type open, or there is none, the type is in the name of the stream or else of the group. If there is none,
    the cluster is in the name of the group, provided that this says a type, and a cluster beyond doubt.
    """
    cluster = cluster_of(log_group)
    if cluster is not None:
        return cluster, log_type_of_stream(stream)
    said = next(filter(None, map(read_filter_name, filters)), None)
    if said is not None:
        cluster, log_type = said
        return cluster, log_type or _log_type_in_names(log_group, stream)
    return _cluster_in(log_group), _log_type_in_names(log_group, stream)


def _log_type_in_names(log_group: str, stream: str) -> LogType:
    log_type = log_type_of_stream(stream)
    for name in (stream, log_group):
        if log_type is LogType.UNKNOWN and len(name) <= _MAX_NAME_CHARACTERS:
            log_type, _ = vended_log_type_in(name)
    return log_type


def _cluster_in(log_group: str) -> str:
    """Return the cluster in the name of a log group of vended logs.

    Never one in the name of a stream: the cluster is a dimension of metrics, and whoever writes to a log
    group can create any number of streams.
    """
    if len(log_group) > _MAX_NAME_CHARACTERS:
        return UNKNOWN_CLUSTER
    log_type, parts = vended_log_type_in(log_group)
    parts = [part for part in parts if CLUSTER_NAME.fullmatch(part)]
    if log_type is LogType.UNKNOWN:
        return UNKNOWN_CLUSTER
    vended = _VENDED_LOG_GROUP.fullmatch(log_group)
    if vended is not None and vended["cluster"] in parts:  # also a cluster with the name eks or cluster
        return vended["cluster"]
    possible = [part for part in parts if bare(part) not in _COMMON_PARTS]
    eks = _EKS_LOG_GROUP.fullmatch(log_group)
    if eks is not None and eks["cluster"] in possible:
        return eks["cluster"]
    return possible[0] if len(possible) == 1 else UNKNOWN_CLUSTER


class LogStream(msgspec.Struct, frozen=True):
    """One log stream. `cluster` and `log_type` come from names (`origin_of`)."""

    log_group: str
    name: str
    owner: str
    cluster: str
    log_type: LogType

    @classmethod
    def of(cls, payload: SubscriptionPayload) -> "LogStream":
        """Return the stream of a payload. A payload holds the events of one stream."""
        cluster, log_type = origin_of(payload.logGroup, payload.logStream, filter_names(payload))
        # Owner and cluster are published, and metrics take only text that UTF-8 represents.
        return cls(
            log_group=payload.logGroup,
            name=payload.logStream,
            owner=encodable(payload.owner),
            cluster=encodable(cluster),
            log_type=log_type,
        )
