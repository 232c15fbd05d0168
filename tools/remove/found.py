"""What there is of a stack, also after a part of it was deleted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tools.aws_reading import NotFoundError, Reader
from tools.errors import ToolError
from tools.log_groups import read_log_group
from tools.stack import Stack, values
from tools.subscribe.permission import possible_log_groups
from tools.subscribe.silence_alarm import service_of

_QUEUES = ("UndeliveredQueue", "DeadLetterQueue")
_GONE = {"DELETE_COMPLETE"}


@dataclass(frozen=True, slots=True)
class FoundQueue:
    """A queue of the stack. `hidden` messages are with the redrive function or wait for a retry."""

    url: str
    waiting: int
    hidden: int


@dataclass(frozen=True, slots=True)
class Found:
    """What `make remove` deletes.

    `exists` is False once the stack itself is deleted. `subscriptions` are stacks of subscription.yaml.
    `filters` are pairs of log group and filter name.
    """

    stack: Stack
    stack_id: str
    exists: bool
    subscriptions: tuple[str, ...]
    filters: tuple[tuple[str, str], ...]
    alarms: tuple[str, ...]
    queues: tuple[FoundQueue, ...]
    secret_arn: str
    network_stack: str


def find(reader: Reader, name: str) -> Found:
    """Reads what there is.

    Raises:
        ToolError: there never was such a stack, it is another application's, or a right was refused.
    """
    description = _description(reader, name)
    exists = description["StackStatus"] not in _GONE
    stack_id = description["StackId"]
    parameters = values(description, "Parameter")
    if "DestinationUrl" not in parameters:
        msg = f"the stack {name} has no parameter DestinationUrl: is it this application's?"
        raise ToolError(msg)
    _, partition, _, region, account, *_ = stack_id.split(":")
    stack = Stack(
        name=name,
        function_arn=f"arn:{partition}:lambda:{region}:{account}:function:{name}-forward",
        alarm_topic_arn="",
        own_log_groups=frozenset(),
        outputs=values(description, "Output") if exists else {},
    )
    found = Found(
        stack=stack,
        stack_id=stack_id,
        exists=exists,
        subscriptions=tuple(_subscriptions(reader, name)),
        filters=tuple(_filters(reader, stack)),
        alarms=tuple(_alarms(reader, name)),
        queues=tuple(_queues(reader, name, stack_id)),
        secret_arn=_secret(reader, parameters.get("DestinationSecretArn", "")),
        network_stack=parameters.get("NetworkStack", ""),
    )
    if reader.refused:
        msg = f"rights were refused, so what would remain is unknown: {', '.join(reader.refused)}"
        raise ToolError(msg)
    return found


def _description(reader: Reader, name: str) -> Mapping[str, Any]:
    """CloudFormation's description of the stack, or of the last deleted one, which it keeps for 90 days."""
    try:
        answer = reader.call("cloudformation", "describe_stacks", StackName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        answer = _deleted(reader, name)
    if answer is None:
        msg = f"rights were refused: {', '.join(reader.refused)}"
        raise ToolError(msg)
    (description,) = answer["Stacks"]
    return description  # type: ignore[no-any-return]  # a part of boto3's answer


def _deleted(reader: Reader, name: str) -> dict[str, Any] | None:
    summaries = reader.pages(
        "cloudformation", "list_stacks", "StackSummaries", StackStatusFilter=["DELETE_COMPLETE"]
    )
    ours = [one for one in summaries or () if one["StackName"] == name]
    if not ours:
        msg = f"there is no stack {name} in this region, and none was deleted in the last 90 days"
        raise ToolError(msg)
    last = max(ours, key=lambda one: one["CreationTime"])
    return reader.call("cloudformation", "describe_stacks", StackName=last["StackId"])


def _subscriptions(reader: Reader, name: str) -> Iterator[str]:
    for description in reader.pages("cloudformation", "describe_stacks", "Stacks") or ():
        is_there = description["StackStatus"] not in _GONE
        if is_there and values(description, "Parameter").get("ForwarderStackName") == name:
            yield description["StackName"]


def _filters(reader: Reader, stack: Stack) -> Iterator[tuple[str, str]]:
    """The filters that lead to the function, without the one that the stack deletes itself."""
    for name in sorted(possible_log_groups(reader, stack)):
        try:
            group = read_log_group(reader, name)
        except NotFoundError:
            continue
        for found in (group and group.filters) or ():
            if found.leads_to(stack.function_arn) and found.name != stack.filter_name:
                yield name, found.name


def _alarms(reader: Reader, name: str) -> Iterator[str]:
    prefix = f"{name}-silence-"
    alarms = reader.pages("cloudwatch", "describe_alarms", "MetricAlarms", AlarmNamePrefix=prefix)
    yield from (alarm["AlarmName"] for alarm in alarms or () if service_of(alarm) == name)


def _queues(reader: Reader, name: str, stack_id: str) -> Iterator[FoundQueue]:
    """The queues by the stack's resources, or by their generated names where those are forgotten."""
    answer = reader.call("cloudformation", "describe_stack_resources", StackName=stack_id)
    urls = [
        resource["PhysicalResourceId"]
        for resource in (answer["StackResources"] if answer else ())
        if resource["LogicalResourceId"] in _QUEUES and resource.get("PhysicalResourceId")
    ]
    for logical_id in () if urls else _QUEUES:
        listed = reader.call("sqs", "list_queues", QueueNamePrefix=f"{name}-{logical_id}-")
        urls += listed.get("QueueUrls", []) if listed else []
    yield from filter(None, (count_messages(reader, url) for url in urls))


def count_messages(reader: Reader, url: str) -> FoundQueue | None:
    """A queue and its messages; None if it does not exist."""
    names = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ]
    try:
        answer = reader.call("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=names)
    except ClientError as error:
        if "NonExistentQueue" in error.response["Error"]["Code"] or "DoesNotExist" in str(error):
            return None
        raise
    if answer is None:
        return None
    waiting, *hidden = (int(answer["Attributes"].get(name, 0)) for name in names)
    return FoundQueue(url, waiting, sum(hidden))


def _secret(reader: Reader, arn: str) -> str:
    """The secret's ARN, or "" where there is none or its deletion is scheduled."""
    if not arn:
        return ""
    try:
        answer = reader.call("secretsmanager", "describe_secret", SecretId=arn)
    except NotFoundError:
        return ""
    return "" if answer is None or answer.get("DeletedDate") else arn
