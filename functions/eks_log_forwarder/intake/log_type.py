"""The EKS control-plane log types, and the log type of a CloudWatch Logs stream."""

from enum import StrEnum


class LogType(StrEnum):
    """The five log types of the EKS API, and `unknown` for any other stream."""

    API = "api"
    AUDIT = "audit"
    AUTHENTICATOR = "authenticator"
    CONTROLLER_MANAGER = "controllerManager"
    SCHEDULER = "scheduler"
    UNKNOWN = "unknown"


# The audit prefix comes first because it starts with the api prefix.
_PREFIXES = (
    ("kube-apiserver-audit-", LogType.AUDIT),
    ("kube-apiserver-", LogType.API),
    ("authenticator-", LogType.AUTHENTICATOR),
    ("kube-controller-manager-", LogType.CONTROLLER_MANAGER),
    # undocumented: EKS writes this stream when controllerManager is enabled
    ("cloud-controller-manager-", LogType.CONTROLLER_MANAGER),
    ("kube-scheduler-", LogType.SCHEDULER),
)


def log_type_of_stream(stream: str) -> LogType:
    """Return the log type of a stream, from its name."""
    for prefix, log_type in _PREFIXES:
        if stream.startswith(prefix):
            return log_type
    return LogType.UNKNOWN
