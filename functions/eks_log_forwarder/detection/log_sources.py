"""Sigma log sources, and the log type that each one names."""

from collections.abc import Mapping

from eks_log_forwarder.intake.log_type import LogType

_EKS_CATEGORIES = {
    "authenticator": LogType.AUTHENTICATOR,
    "scheduler": LogType.SCHEDULER,
    "api": LogType.API,
    "controller-manager": LogType.CONTROLLER_MANAGER,
}


def log_type_of_source(log_source: Mapping[object, object]) -> LogType | None:
    """The log type of a rule's `logsource`; None if EKS has no such log.

    Either `product: kubernetes, service: audit` with any category, because published rules add `application`,
    or `product: aws, service: eks` with one of four categories.
    """
    match log_source:
        case {"product": "kubernetes", "service": "audit"}:
            return LogType.AUDIT
        case {"product": "aws", "service": "eks", "category": str(category)}:
            return _EKS_CATEGORIES.get(category)
        case _:
            return None
