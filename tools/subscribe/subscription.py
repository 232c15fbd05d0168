"""Subscribes the forward function to a log group. It never changes a filter of another application."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import sleep

from botocore.exceptions import ClientError

from eks_log_forwarder.subscribing.filters import put_filter
from tools.aws_reading import ClientFactory, NotFoundError, Reader
from tools.errors import ToolError
from tools.log_groups import FILTERS_A_LOG_GROUP, LogGroup, SubscriptionFilter, read_log_group
from tools.stack import Stack
from tools.subscribe.permission import PermissionUnknownError, add_permission, has_permission

# CloudWatch Logs tries an invocation before it accepts a filter, and a new permission spreads slowly.
_NOT_SPREAD = "Could not execute the lambda function"
_PAUSE_SECONDS = 5.0
_TRIES = 13  # a minute


class SubscriptionError(ToolError):
    """The log group cannot be subscribed; the message says why and what to do."""

    status = 1


@dataclass(frozen=True, slots=True)
class Wish:
    """A log group and a filter pattern.

    An empty pattern matches all lines. None keeps the pattern of an existing filter, and gives a new one the
    stack's, or an empty one if there is a `name`: one that says the cluster and the log type. Without it, the
    stack's name is the filter's.
    """

    log_group: str
    pattern: str | None = None
    name: str = ""


def subscribe(
    client: ClientFactory, stack: Stack, wish: Wish, pause: Callable[[float], None] = sleep
) -> Iterator[str]:
    """Adds the permission and the filter if they are missing; yields a sentence for each step.

    The filter of the stack's own cluster gets the name and the pattern that the template gives it: the alarms
    of the stack watch that name, and CloudFormation updates that filter.

    Raises:
        SubscriptionError: the log group is the forwarder's own, does not exist, or has no room for a filter.
    """
    if stack.is_own(wish.log_group):
        msg = f"{wish.log_group} is a log of the forwarder itself: each line would cause another one"
        raise SubscriptionError(msg)
    reader = Reader(client)
    group = _existing(reader, wish.log_group)
    name = _filter_name(group, stack, wish)
    try:
        allowed = has_permission(reader, stack, wish.log_group)
    except PermissionUnknownError as error:
        msg = f"{error}: without it the permission cannot be checked"
        raise SubscriptionError(msg) from error
    if allowed:
        yield "CloudWatch Logs may already invoke the function for this log group."
    else:
        # First, because CloudWatch Logs tries an invocation before it accepts a filter.
        source_arn = add_permission(client, stack, wish.log_group)
        yield f"CloudWatch Logs may now invoke the function for {source_arn}."
    if name is None:
        yield f"{wish.log_group} is already subscribed; nothing to do."
        return
    # The stack's pattern selects control-plane lines.
    default = "" if wish.name else stack.filter_pattern
    pattern = default if wish.pattern is None else wish.pattern
    _put(client, stack, Wish(wish.log_group, pattern), name, pause)
    yield f"{wish.log_group} is subscribed by the filter {name}."


def _put(client: ClientFactory, stack: Stack, wish: Wish, name: str, pause: Callable[[float], None]) -> None:
    """Puts the filter; waits for a new permission, which takes up to a minute to spread."""
    for tries_left in reversed(range(_TRIES)):
        try:
            put_filter(
                client("logs"),
                log_group=wish.log_group,
                name=name,
                pattern=wish.pattern or "",
                destination_arn=stack.function_arn,
            )
        except ClientError as error:
            if not tries_left or _NOT_SPREAD not in str(error):
                raise
            pause(_PAUSE_SECONDS)
        else:
            return


def _existing(reader: Reader, name: str) -> LogGroup:
    try:
        group = read_log_group(reader, name)
    except NotFoundError as error:
        msg = f"{error}; EKS creates it when a log type is enabled: see make discover"
        raise SubscriptionError(msg) from error
    if group is None or group.filters is None:
        msg = "logs:DescribeSubscriptionFilters was refused: another filter could be replaced by mistake"
        raise SubscriptionError(msg)
    return group


def _filter_name(group: LogGroup, stack: Stack, wish: Wish) -> str | None:
    """The filter's name; None if it already exists as wished."""
    filters: tuple[SubscriptionFilter, ...] = group.filters or ()
    is_own = wish.log_group == stack.subscribed_log_group and bool(stack.filter_name)
    if is_own and wish.pattern not in {None, stack.filter_pattern}:
        msg = f"{group.name} is the log group of the stack's own cluster: set its parameter FilterPattern"
        raise SubscriptionError(msg)
    new_name, pattern = wish.name or stack.name, wish.pattern
    if is_own:
        new_name, pattern = stack.filter_name, stack.filter_pattern
    for found in filters:
        if found.leads_to(stack.function_arn):
            if wish.name and found.name != wish.name:
                msg = (
                    f"{group.name} is subscribed by the filter {found.name}, not {wish.name}: delete it and"
                    f" try again (aws logs delete-subscription-filter --log-group-name {group.name}"
                    f" --filter-name {found.name})"
                )
                raise SubscriptionError(msg)
            return None if pattern in {None, found.pattern} else found.name
    others = ", ".join(found.name for found in filters)
    if any(found.name == new_name for found in filters):
        # A filter with the same name would be replaced.
        msg = f"another filter of {group.name} has the name {new_name}: rename it, or the stack"
        raise SubscriptionError(msg)
    if len(filters) >= FILTERS_A_LOG_GROUP:
        msg = (
            f"{group.name} has {len(filters)} subscription filters ({others}), and {FILTERS_A_LOG_GROUP} are"
            " the limit: remove one and try again"
        )
        raise SubscriptionError(msg)
    return new_name
