"""The EKS control-plane log types, and the log type of a CloudWatch Logs stream."""

from enum import StrEnum


class LogType(StrEnum):
    """The EKS API's five names of control-plane log types, and one for a stream of no known name."""

    API = "api"
    AUDIT = "audit"
    AUTHENTICATOR = "authenticator"
    CONTROLLER_MANAGER = "controllerManager"
    SCHEDULER = "scheduler"
    UNKNOWN = "unknown"


# The audit prefix goes before the api prefix, which it begins with.
_PREFIXES = (
    ("kube-apiserver-audit-", LogType.AUDIT),
    ("kube-apiserver-", LogType.API),
    ("authenticator-", LogType.AUTHENTICATOR),
    ("kube-controller-manager-", LogType.CONTROLLER_MANAGER),
    # undocumented: EKS writes it where controllerManager is on
    ("cloud-controller-manager-", LogType.CONTROLLER_MANAGER),
    ("kube-scheduler-", LogType.SCHEDULER),
)


def log_type_of_stream(stream: str) -> LogType:
    """The log type that a stream's name stands for; `unknown` for any other name."""
    for prefix, log_type in _PREFIXES:
        if stream.startswith(prefix):
            return log_type
    return LogType.UNKNOWN
