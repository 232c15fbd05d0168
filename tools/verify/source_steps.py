"""The steps from the cluster to the function: logging, subscription filter, permission."""

from collections.abc import Iterator

from tools.aws_reading import NotFoundError
from tools.discover.cluster import enabled_log_types
from tools.discover.findings import Finding, advice, missing, ok, refused, unknown
from tools.log_groups import LOG_TYPES, enable_logging_command, read_log_group
from tools.subscribe.permission import PermissionUnknownError, has_permission
from tools.verify.target import Target


def logging_step(target: Target) -> Iterator[Finding]:
    """Whether the cluster's logging is on, and for which types."""
    what, cluster = "control-plane logging", target.stack.cluster
    try:
        answer = target.reader.call("eks", "describe_cluster", name=cluster)
    except NotFoundError:
        found = f"EKS has no cluster {cluster} in {target.stack.region}"
        yield missing(what, found, "aws eks list-clusters")
        return
    if answer is None:
        yield refused(what, "eks:DescribeCluster")
        return
    on = enabled_log_types(answer["cluster"])
    off = [name for name in LOG_TYPES if name in target.log_types and name not in on]
    found = f"on: {', '.join(name for name in LOG_TYPES if name in on) or 'none'}"
    if not on:
        yield missing(what, f"off for cluster {cluster}", enable_logging_command(cluster))
    elif off:
        yield advice(what, f"{found}; off: {', '.join(off)}", enable_logging_command(cluster))
    else:
        yield ok(what, found)


def filter_step(target: Target) -> Iterator[Finding]:
    """Whether the log group has a subscription filter that points to this function."""
    what, name = "subscription filter", target.stack.subscribed_log_group
    try:
        group = read_log_group(target.reader, name)
    except NotFoundError as error:
        yield missing(what, str(error), enable_logging_command(target.stack.cluster))
        return
    if group is None or group.filters is None:
        yield refused(what, "logs:DescribeSubscriptionFilters")
        return
    own = [found for found in group.filters if found.leads_to(target.stack.function_arn)]
    if own:
        pattern = f"only lines that match {own[0].pattern}" if own[0].pattern else "all lines"
        yield ok(what, f"{own[0].name} sends {pattern} to this function")
        return
    others = ", ".join(found.name for found in group.filters) or "none"
    found = f"no filter of {name} points to this function; its filters: {others}"
    yield missing(what, found, _subscribe(target))


def permission_step(target: Target) -> Iterator[Finding]:
    """Whether CloudWatch Logs may invoke the function for the log group."""
    what, log_group = "permission to invoke", target.stack.subscribed_log_group
    try:
        allowed = has_permission(target.reader, target.stack, log_group)
    except PermissionUnknownError as error:
        yield unknown(what, f"not read: {error}")
        return
    if allowed:
        yield ok(what, f"CloudWatch Logs may invoke the function for {log_group}")
    else:
        found = f"CloudWatch Logs may not invoke the function for {log_group}"
        yield missing(what, found, _subscribe(target))


def _subscribe(target: Target) -> str:
    return f'make subscribe CLUSTER={target.stack.cluster} ARGS="--stack {target.stack.name}"'
