"""The deployed stack, as CloudFormation describes it."""

from dataclasses import dataclass

from tools.aws_reading import Reader


class StackError(Exception):
    """The stack is not there, or is not this application's; the message says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Stack:
    """What the tools need of a deployed stack; `alarm_topic_arn` may be empty.

    `subscribed_log_group` is that of its own cluster, whose filter and silence alarm the template makes.
    """

    name: str
    function_arn: str
    alarm_topic_arn: str
    own_log_groups: frozenset[str]
    subscribed_log_group: str = ""

    @property
    def region(self) -> str:
        """Of the function, and so of every log group that can be subscribed to it."""
        return self.function_arn.split(":")[3]

    @property
    def account(self) -> str:
        """The account's twelve digits."""
        return self.function_arn.split(":")[4]

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`."""
        return self.function_arn.split(":")[1]

    def is_own(self, log_group: str) -> bool:
        """Whether a log group is one that the stack's functions write: subscribed, it would feed itself."""
        return log_group in self.own_log_groups or log_group.startswith(f"/aws/lambda/{self.name}-")


def read_stack(reader: Reader, name: str) -> Stack:
    """A stack by its name.

    Raises:
        StackError: it has no forward function, or `cloudformation:DescribeStacks` was refused.
        ClientError: there is no stack of this name.
    """
    answer = reader.call("cloudformation", "describe_stacks", StackName=name)
    if answer is None:
        msg = "cloudformation:DescribeStacks was refused: the stack's outputs name the function"
        raise StackError(msg)
    (description,) = answer["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}
    if "ForwardFunctionArn" not in outputs:
        msg = f"the stack {name} has no output ForwardFunctionArn: is it this application's?"
        raise StackError(msg)
    return Stack(
        name=name,
        function_arn=outputs["ForwardFunctionArn"],
        alarm_topic_arn=outputs.get("AlarmTopicArn", ""),
        own_log_groups=frozenset(
            value
            for key, value in outputs.items()
            if key.endswith("LogGroupName") and key != "SubscribedLogGroupName"
        ),
        subscribed_log_group=outputs.get("SubscribedLogGroupName", ""),
    )
