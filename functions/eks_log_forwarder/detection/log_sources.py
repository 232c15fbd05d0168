"""Sigma log sources, and the log type that each one names."""

import re
from collections.abc import Mapping

from eks_log_forwarder.intake.log_type import LogType

CATEGORIES: dict[LogType, str] = {
    log_type: re.sub("([A-Z])", r"-\1", log_type).lower()
    for log_type in LogType
    if log_type not in {LogType.AUDIT, LogType.UNKNOWN}
}
"""The categories of `product: aws, service: eks`, such as `controller-manager`, by the log type."""

_LOG_TYPES = {category: log_type for log_type, category in CATEGORIES.items()} | {
    str(log_type): log_type for log_type in CATEGORIES
}


def source_of_log_type(log_type: LogType) -> dict[str, str]:
    """The `logsource` of rules for a log type other than `unknown`."""
    if log_type is LogType.AUDIT:
        return {"product": "kubernetes", "service": "audit"}
    return {"product": "aws", "service": "eks", "category": CATEGORIES[log_type]}


def log_type_of_source(log_source: Mapping[object, object]) -> LogType | None:
    """The log type of a rule's `logsource`; None if EKS has no such log.

    Either `product: kubernetes, service: audit` with any category, because published rules add `application`,
    or `product: aws, service: eks` with one of `CATEGORIES`, or the log type's own name (`autoModeCompute`).
    """
    match log_source:
        case {"product": "kubernetes", "service": "audit"}:
            return LogType.AUDIT
        case {"product": "aws", "service": "eks", "category": str(category)}:
            return _LOG_TYPES.get(category)
        case _:
            return None
