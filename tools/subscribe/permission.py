"""The function's resource policy: whether CloudWatch Logs may invoke it for a log group."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from tools.aws_reading import ClientFactory, NotFoundError, Reader
from tools.stack import Stack

# One statement for all clusters: a resource policy has at most 20,480 bytes (Lambda quotas).
_ALL_CLUSTERS = "/aws/eks/*/cluster"


# Where EKS and the vended logs of Auto Mode and Capabilities have their log groups.
_PREFIXES = ("/aws/eks/", "/aws/vendedlogs/")


class PermissionUnknownError(Exception):
    """The function's policy could not be read; the message names the right."""


def has_permission(reader: Reader, stack: Stack, log_group: str) -> bool:
    """Whether a statement of the function's policy covers this log group.

    Raises:
        PermissionUnknownError: `lambda:GetPolicy` was refused.
    """
    try:
        answer = reader.call("lambda", "get_policy", FunctionName=stack.function_arn)
    except NotFoundError:  # a function without a policy
        return False
    if answer is None:
        msg = "lambda:GetPolicy was refused"
        raise PermissionUnknownError(msg)
    source_arn = _source_arn(stack, log_group)
    return any(
        _covers(statement, stack, source_arn) for statement in json.loads(answer["Policy"])["Statement"]
    )


def named_log_groups(reader: Reader, stack: Stack) -> Iterator[str]:
    """The log groups that the function's policy names, without the patterns for many."""
    try:
        answer = reader.call("lambda", "get_policy", FunctionName=stack.function_arn)
    except NotFoundError:
        return
    for statement in json.loads(answer["Policy"])["Statement"] if answer else ():
        for arn in statement.get("Condition", {}).get("ArnLike", {}).values():
            _, _, name = str(arn).partition(":log-group:")
            if name and "*" not in name.removesuffix(":*"):
                yield name.removesuffix(":*")


def possible_log_groups(reader: Reader, stack: Stack) -> set[str]:
    """The log groups that the stack can be subscribed to: EKS's, those of vended logs, and the named ones."""
    names = set(named_log_groups(reader, stack))
    for prefix in _PREFIXES:
        groups = reader.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=prefix)
        names |= {group["logGroupName"] for group in groups or ()}
    return names


def add_permission(client: ClientFactory, stack: Stack, log_group: str) -> str:
    """Lets CloudWatch Logs invoke the function for this log group; returns the allowed source ARN.

    All clusters share one statement; every other log group gets its own.
    """
    of_cluster = fnmatchcase(log_group, _ALL_CLUSTERS)
    digest = hashlib.sha256(log_group.encode()).hexdigest()[:16]
    source_arn = _source_arn(stack, _ALL_CLUSTERS if of_cluster else log_group)
    client("lambda").add_permission(
        FunctionName=stack.function_arn,
        StatementId="subscribed-clusters" if of_cluster else f"subscribed-{digest}",
        Action="lambda:InvokeFunction",
        Principal="logs.amazonaws.com",
        SourceArn=source_arn,
        SourceAccount=stack.account,
    )
    return source_arn


def _source_arn(stack: Stack, log_group: str) -> str:
    return f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group:{log_group}:*"


def _covers(statement: Mapping[str, Any], stack: Stack, source_arn: str) -> bool:
    """Whether a statement allows it; a condition that this function does not know counts as a refusal."""
    principal = statement.get("Principal", {})
    service = principal.get("Service", "") if isinstance(principal, dict) else ""
    if statement.get("Effect") != "Allow" or statement.get("Action") != "lambda:InvokeFunction":
        return False
    if service not in {"logs.amazonaws.com", f"logs.{stack.region}.amazonaws.com"}:
        return False
    conditions = statement.get("Condition", {})
    arns = [value for operator in ("ArnLike", "ArnEquals") for value in conditions.get(operator, {}).values()]
    accounts = list(conditions.get("StringEquals", {}).values())
    if set(conditions) - {"ArnLike", "ArnEquals", "StringEquals"}:
        return False
    return all(fnmatchcase(source_arn, arn) for arn in arns) and all(
        found == stack.account for found in accounts
    )
