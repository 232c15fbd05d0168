"""Stacks of CloudFormation: what an earlier run left, and the stack of network.yaml."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from tools import ROOT
from tools.errors import ToolError
from tools.stack import values

_PAUSE_SECONDS = 5
_MAX_SECONDS = 1800
# A stack whose creation failed cannot be updated, and it has no resources that are in use.
_FAILED_CREATIONS = frozenset({"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"})


def describe(cloudformation: Any, name: str) -> Mapping[str, Any]:  # noqa: ANN401  # boto3 makes it at run time
    """CloudFormation's description of a stack; empty if there is no such stack."""
    try:
        (description,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return {}
    found: Mapping[str, Any] = description
    return found


def settle(
    cloudformation: Any,  # noqa: ANN401  # as above
    name: str,
    say: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Mapping[str, Any]:
    """Waits until a stack can be deployed, and deletes one whose creation failed; returns its description.

    Raises:
        ToolError: the stack stays in progress for half an hour, or its rollback failed.
    """
    waited, deleted = 0, False
    while found := describe(cloudformation, name):
        status = str(found["StackStatus"])
        if status == "UPDATE_ROLLBACK_FAILED":
            msg = (
                f"the last update of {name} could not be rolled back:"
                f" aws cloudformation continue-update-rollback --stack-name {name}"
            )
            raise ToolError(msg)
        if status in _FAILED_CREATIONS and not deleted:
            say(f"deleting {name}, whose creation failed ({status})")
            cloudformation.delete_stack(StackName=name)
            deleted = True
        elif not status.endswith("_IN_PROGRESS") or status == "REVIEW_IN_PROGRESS":
            break
        elif not waited:
            say(f"waiting for {name}: {status}")
        if waited >= _MAX_SECONDS:
            msg = f"{name} is in {status} for {_MAX_SECONDS // 60} minutes: look at its events"
            raise ToolError(msg)
        sleep(_PAUSE_SECONDS)
        waited += _PAUSE_SECONDS
    return found


def deploy_network(
    cloudformation: Any,  # noqa: ANN401  # as above
    name: str,
    parameters: Mapping[str, str],
    say: Callable[[str], None],
) -> None:
    """Creates or updates a stack of network.yaml; parameters that are not named keep their values.

    Raises:
        ToolError: CloudFormation could not do it; the message has its reason.
    """
    before = settle(cloudformation, name, say)
    wanted = values(before, "Parameter") | dict(parameters)
    arguments = {
        "StackName": name,
        "TemplateBody": (ROOT / "network.yaml").read_text(encoding="utf-8"),
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in wanted.items()],
        "Tags": [{"Key": "application", "Value": "eks-log-forwarder"}],
    }
    try:
        if before:
            cloudformation.update_stack(**arguments)
        else:
            cloudformation.create_stack(**arguments)
    except ClientError as error:
        if "No updates are to be performed" in str(error):
            say(f"{name} is up to date")
            return
        msg = f"the stack {name} could not be deployed: {error}"
        raise ToolError(msg) from error
    done = "stack_update_complete" if before else "stack_create_complete"
    try:
        cloudformation.get_waiter(done).wait(
            StackName=name, WaiterConfig={"Delay": _PAUSE_SECONDS, "MaxAttempts": 360}
        )
    except WaiterError as error:
        msg = f"the stack {name} failed: {_reason(cloudformation, name)}"
        raise ToolError(msg) from error
    say(f"{name} is {'updated' if before else 'created'}")


def _reason(cloudformation: Any, name: str) -> str:  # noqa: ANN401  # as above
    """The first failure among the stack's events."""
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
    if not failed:
        return "its events say why"
    first = failed[-1]
    return f"{first['LogicalResourceId']}: {first.get('ResourceStatusReason', 'no reason')}"
