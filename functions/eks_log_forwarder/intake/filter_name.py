"""Names of subscription filters that say the cluster and the log type of a log group.

A log group of CloudWatch vended logs has any name that its owner likes. The name of the subscription filter
travels in every payload (`subscriptionFilters`), so the functions need no table of log groups.

Whoever may call `logs:PutSubscriptionFilter` in the account of a log group chooses this name, and so the
cluster and the log type of its records. The payload's `owner` is that account all the same, and the name of a
control-plane log group outweighs the filter's.
"""

import re

from eks_log_forwarder.intake.log_type import LogType

MIXED = "mixed"
"""Stands in the place of the log type if the names of the streams, or of the log group, say it."""

# A filter's name has at most 512 characters, without `:` and `*` (API reference, PutSubscriptionFilter). The
# names of stacks and clusters have no slash (API references of CloudFormation and EKS).
CLUSTER_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}")
_NAME = re.compile(
    rf"[A-Za-z][0-9A-Za-z-]{{0,127}}/(?P<cluster>{CLUSTER_NAME.pattern})/(?P<log_type>[A-Za-z]+)"
)
_LOG_TYPES = {str(log_type): log_type for log_type in LogType if log_type is not LogType.UNKNOWN} | {
    MIXED: None
}


def filter_name(stack: str, cluster: str, log_type: str) -> str:
    """Return `<stack>/<cluster>/<log type>`: two stacks can subscribe one log group."""
    return f"{stack}/{cluster}/{log_type}"


def read_filter_name(name: str) -> tuple[str, LogType | None] | None:
    """Return the cluster and the log type (None for `mixed`) in a filter's name; None for other names."""
    match = _NAME.fullmatch(name)
    if match is None or match["log_type"] not in _LOG_TYPES:
        return None
    return match["cluster"], _LOG_TYPES[match["log_type"]]
