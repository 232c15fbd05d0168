"""The EKS log types, and what the names of CloudWatch log groups and streams say about them."""

import re
from enum import StrEnum


class LogType(StrEnum):
    """The five log types of the EKS API, those of Auto Mode and Capabilities, and `unknown` for the rest.

    `capabilityArgocd` stands for the five log types of the capability Argo CD.
    """

    API = "api"
    AUDIT = "audit"
    AUTHENTICATOR = "authenticator"
    CONTROLLER_MANAGER = "controllerManager"
    SCHEDULER = "scheduler"
    AUTO_MODE_BLOCK_STORAGE = "autoModeBlockStorage"
    AUTO_MODE_COMPUTE = "autoModeCompute"
    AUTO_MODE_IPAM = "autoModeIpam"
    AUTO_MODE_LOAD_BALANCING = "autoModeLoadBalancing"
    CAPABILITY_ACK = "capabilityAck"
    CAPABILITY_ARGOCD = "capabilityArgocd"
    CAPABILITY_KRO = "capabilityKro"
    UNKNOWN = "unknown"


VENDED_LOG_TYPES = {
    "AUTO_MODE_BLOCK_STORAGE_LOGS": LogType.AUTO_MODE_BLOCK_STORAGE,
    "AUTO_MODE_COMPUTE_LOGS": LogType.AUTO_MODE_COMPUTE,
    "AUTO_MODE_IPAM_LOGS": LogType.AUTO_MODE_IPAM,
    "AUTO_MODE_LOAD_BALANCING_LOGS": LogType.AUTO_MODE_LOAD_BALANCING,
    "EKS_CAPABILITY_ACK_LOGS": LogType.CAPABILITY_ACK,
    "EKS_CAPABILITY_ARGOCD_APPLICATION_LOGS": LogType.CAPABILITY_ARGOCD,
    "EKS_CAPABILITY_ARGOCD_APPLICATIONSET_LOGS": LogType.CAPABILITY_ARGOCD,
    "EKS_CAPABILITY_ARGOCD_COMMITSERVER_LOGS": LogType.CAPABILITY_ARGOCD,
    "EKS_CAPABILITY_ARGOCD_REPOSERVER_LOGS": LogType.CAPABILITY_ARGOCD,
    "EKS_CAPABILITY_ARGOCD_SERVER_LOGS": LogType.CAPABILITY_ARGOCD,
    "EKS_CAPABILITY_KRO_LOGS": LogType.CAPABILITY_KRO,
}
"""The log types of CloudWatch vended logs (CloudWatch Logs API reference, PutDeliverySource)."""

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
_NOT_ALPHANUMERIC = re.compile(r"[^0-9a-z]+")


def log_type_of_stream(stream: str) -> LogType:
    """Return the log type of a control-plane stream, from its name."""
    for prefix, log_type in _PREFIXES:
        if stream.startswith(prefix):
            return log_type
    return LogType.UNKNOWN


def bare(name: str) -> str:
    """Return the letters and digits of a name in lower case, without `eks` before and `logs` behind them."""
    return _NOT_ALPHANUMERIC.sub("", name.lower()).removeprefix("eks").removesuffix("logs")


def _key(name: str) -> str:
    return bare(name).replace("capabilities", "capability")


_BY_KEY = {_key(name): log_type for name, log_type in VENDED_LOG_TYPES.items()} | {
    _key(log_type): log_type for log_type in VENDED_LOG_TYPES.values()
}


def vended_log_type_in(path: str) -> tuple[LogType, list[str]]:
    """Return the log type that a part of a log group's or stream's name says, and the other parts.

    The parts are separated by slashes. The type is one of `VENDED_LOG_TYPES`, in any case and with any
    punctuation, with or without `EKS_` and `_LOGS`, in one part or two (`capabilities/ack`). If no part says
    one, the type is unknown.
    """
    parts = [part for part in path.split("/") if part]
    for width in (1, 2):
        for start in range(len(parts) - width + 1):
            log_type = _BY_KEY.get(_key("".join(parts[start : start + width])))
            if log_type is not None:
                return log_type, parts[:start] + parts[start + width :]
    return LogType.UNKNOWN, parts
