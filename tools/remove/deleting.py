"""Deletes what was found, in an order in which an interruption leaves nothing that cannot be found again."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import batched
from time import sleep
from typing import Any

from rich.console import Console

from tools.aws_reading import ClientFactory
from tools.errors import ToolError
from tools.remove.found import Found

_POLL_SECONDS = 5.0
_ALARMS_A_CALL = 100  # DeleteAlarms, API reference


@dataclass(frozen=True, slots=True)
class Deleting:
    """Deletes, and says what it deletes."""

    client: ClientFactory
    console: Console
    pause: Callable[[float], None] = sleep

    def delete(self, found: Found, *, queues: bool, secret: bool) -> None:
        """Deletes what was found; whatever is gone already is no fault.

        Filters and alarms follow the stack, because automatic subscription would create them again.

        Raises:
            ToolError: CloudFormation could not delete a stack; the message has its reasons.
        """
        for name in found.subscriptions:
            self._delete_stack(name, name)
        if found.exists:
            self._delete_stack(found.stack.name, found.stack_id)
        logs = self.client("logs")
        for log_group, name in found.filters:
            with suppress(logs.exceptions.ResourceNotFoundException):  # its stack has deleted it
                logs.delete_subscription_filter(logGroupName=log_group, filterName=name)
            self._say(f"Deleted the filter {name} on {log_group}.")
        for names in batched(found.alarms, _ALARMS_A_CALL, strict=False):
            self.client("cloudwatch").delete_alarms(AlarmNames=list(names))
            self._say(f"Deleted {len(names)} silence alarms.")
        for queue in found.queues if queues else ():
            self.client("sqs").delete_queue(QueueUrl=queue.url)
            self._say(f"Deleted the queue {queue.url}.")
        if secret and found.secret_arn:
            self.client("secretsmanager").delete_secret(SecretId=found.secret_arn, RecoveryWindowInDays=30)
            self._say(
                "AWS deletes the secret in 30 days; until then: aws secretsmanager restore-secret"
                f" --secret-id {found.secret_arn}"
            )

    def _delete_stack(self, name: str, stack_id: str) -> None:
        """Deletes a stack and waits; functions in a VPC take up to 40 minutes."""
        cloudformation = self.client("cloudformation")
        (described,) = cloudformation.describe_stacks(StackName=stack_id)["Stacks"]
        stack_id = described["StackId"]
        cloudformation.delete_stack(StackName=stack_id)
        with self.console.status(f"Deleting the stack {name}") as status:
            while (state := self._state(stack_id)) == "DELETE_IN_PROGRESS":
                status.update(f"Deleting the stack {name}: {', '.join(self._in_work(stack_id)) or state}")
                self.pause(_POLL_SECONDS)
        if state != "DELETE_COMPLETE":
            msg = f"the stack {name} is {state}: {'; '.join(self._reasons(stack_id))}"
            raise ToolError(msg)
        self._say(f"Deleted the stack {name}.")

    def _state(self, stack_id: str) -> str:
        (stack,) = self.client("cloudformation").describe_stacks(StackName=stack_id)["Stacks"]
        return str(stack["StackStatus"])

    def _resources(self, stack_id: str) -> list[dict[str, Any]]:
        answer = self.client("cloudformation").describe_stack_resources(StackName=stack_id)
        resources: list[dict[str, Any]] = answer["StackResources"]
        return resources

    def _in_work(self, stack_id: str) -> Iterable[str]:
        for resource in self._resources(stack_id):
            if resource["ResourceStatus"] == "DELETE_IN_PROGRESS":
                yield resource["LogicalResourceId"]

    def _reasons(self, stack_id: str) -> Iterable[str]:
        for resource in self._resources(stack_id):
            if resource["ResourceStatus"] == "DELETE_FAILED":
                yield f"{resource['LogicalResourceId']}: {resource.get('ResourceStatusReason', 'no reason')}"

    def _say(self, line: str) -> None:
        self.console.print(line, highlight=False, soft_wrap=True)
