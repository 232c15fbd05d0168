"""One more log group for the forward function; a filter that is not the forwarder's is never touched."""

from collections.abc import Iterator
from dataclasses import dataclass

from tools.aws_reading import ClientFactory, NotFoundError, Reader
from tools.log_groups import FILTERS_A_LOG_GROUP, LogGroup, SubscriptionFilter, read_log_group
from tools.stack import Stack
from tools.subscribe.permission import PermissionUnknownError, add_permission, has_permission


class SubscriptionError(Exception):
    """The log group cannot be subscribed; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be subscribed: a log group, and the lines that pass.

    An empty pattern passes all; None does too, but leaves a filter of ours that stands as it is.
    """

    log_group: str
    pattern: str | None = None


def subscribe(client: ClientFactory, stack: Stack, wish: Wish) -> Iterator[str]:
    """Adds permission and filter where they are missing; yields a sentence for each step, as it is done.

    Raises:
        SubscriptionError: it would feed itself, the log group is not there, or both filters are taken.
    """
    if stack.is_own(wish.log_group):
        msg = f"{wish.log_group} is a log of the forwarder itself: subscribed, each line would make another"
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
        yield "CloudWatch Logs may invoke the function for this log group already."
    else:
        # First, since CloudWatch Logs tries an invocation before it accepts a filter.
        source_arn = add_permission(client, stack, wish.log_group)
        yield f"CloudWatch Logs may now invoke the function for {source_arn}."
    if name is None:
        yield f"{wish.log_group} is subscribed already; nothing to do."
        return
    client("logs").put_subscription_filter(
        logGroupName=wish.log_group,
        filterName=name,
        filterPattern=wish.pattern or "",
        destinationArn=stack.function_arn,
    )
    yield f"{wish.log_group} is subscribed by the filter {name}."


def _existing(reader: Reader, name: str) -> LogGroup:
    try:
        group = read_log_group(reader, name)
    except NotFoundError as error:
        msg = f"{error}; EKS makes it when a log type is turned on: make discover says how"
        raise SubscriptionError(msg) from error
    if group is None or group.filters is None:
        msg = "logs:DescribeSubscriptionFilters was refused: without it a filter of others might be replaced"
        raise SubscriptionError(msg)
    return group


def _filter_name(group: LogGroup, stack: Stack, wish: Wish) -> str | None:
    """The name to put the filter under; None where it stands already as wished."""
    filters: tuple[SubscriptionFilter, ...] = group.filters or ()
    for found in filters:
        if found.leads_to(stack.function_arn):
            return None if wish.pattern in {None, found.pattern} else found.name
    others = ", ".join(found.name for found in filters)
    if any(found.name == stack.name for found in filters):
        # Putting a filter under a name that is taken replaces it.
        msg = f"a filter of others has the name {stack.name} on {group.name}: rename it, or the stack"
        raise SubscriptionError(msg)
    if len(filters) >= FILTERS_A_LOG_GROUP:
        msg = (
            f"{group.name} has {len(filters)} subscription filters ({others}), and takes"
            f" {FILTERS_A_LOG_GROUP}: remove one that is not needed, then try again"
        )
        raise SubscriptionError(msg)
    return stack.name
