"""The deployed stack, as CloudFormation describes it, and the options that name it."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tools import ROOT
from tools.aws_clients import add_aws_options
from tools.aws_reading import Reader
from tools.errors import ToolError
from tools.sam_config import stack_name


class StackError(ToolError):
    """The stack cannot be read, or is not this application's; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Stack:
    """What the tools need of a deployed stack; `alarm_topic_arn` may be empty.

    `subscribed_log_group` is that of its own cluster. The template creates its filter, `filter_name` with
    `filter_pattern`, and its silence alarm.
    """

    name: str
    function_arn: str
    alarm_topic_arn: str
    own_log_groups: frozenset[str]
    subscribed_log_group: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def cluster(self) -> str:
        """The stack's own cluster; `subscribed_log_group` is `/aws/eks/NAME/cluster`."""
        return self.subscribed_log_group.removeprefix("/aws/eks/").removesuffix("/cluster")

    @property
    def filter_name(self) -> str:
        """The subscription filter that the template creates; its alarms watch this name."""
        return self.outputs.get("SubscriptionFilterName", "")

    @property
    def filter_pattern(self) -> str:
        """The pattern of that filter."""
        return self.parameters.get("FilterPattern", "")

    @property
    def region(self) -> str:
        """The function's region; every log group that is subscribed to it is there too."""
        return self.function_arn.split(":")[3]

    @property
    def account(self) -> str:
        """The AWS account's twelve digits."""
        return self.function_arn.split(":")[4]

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`."""
        return self.function_arn.split(":")[1]

    def is_own(self, log_group: str) -> bool:
        """Whether the stack's functions write this log group: subscribed, it would feed itself."""
        return log_group in self.own_log_groups or log_group.startswith(f"/aws/lambda/{self.name}-")


def add_stack_options(parser: ArgumentParser) -> None:
    """Adds the options that name the stack, its region and the profile."""
    parser.add_argument("--stack", help="the forwarder's stack (default: that of samconfig.toml)")
    parser.add_argument(
        "--config-env", default="default", help="section of samconfig.toml (default: default)"
    )
    add_aws_options(parser)


def named_stack(options: Namespace) -> str:
    """The name of the stack that the options mean."""
    return options.stack or stack_name(ROOT / "samconfig.toml", options.config_env)


def values(description: Mapping[str, Any], kind: str) -> dict[str, str]:
    """The values by name of CloudFormation's description of a stack; `kind` is Output or Parameter."""
    return {one[f"{kind}Key"]: one.get(f"{kind}Value", "") for one in description.get(f"{kind}s", [])}


def read_stack(reader: Reader, name: str) -> Stack:
    """A stack by its name.

    Raises:
        StackError: there is no such stack, it has no forward function, or `cloudformation:DescribeStacks` was
            refused.
    """
    if not name:
        msg = "which stack? Give STACK=name, or set stack_name in samconfig.toml"
        raise StackError(msg)
    try:
        answer = reader.call("cloudformation", "describe_stacks", StackName=name)
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        region = reader.client("cloudformation").meta.region_name
        msg = (
            f"there is no stack {name} in {region}: check name, region and account"
            f" (`aws cloudformation list-stacks --region {region}` prints the names)"
        )
        raise StackError(msg) from error
    if answer is None:
        msg = "cloudformation:DescribeStacks was refused: the stack's outputs name the function"
        raise StackError(msg)
    (description,) = answer["Stacks"]
    outputs, parameters = values(description, "Output"), values(description, "Parameter")
    if "StreamFunctionName" in outputs:
        msg = f"{name} is a stack of central.yaml; docs/central.md says which commands know one"
        raise StackError(msg)
    if "ForwardFunctionArn" not in outputs:
        msg = f"the stack {name} has no output ForwardFunctionArn: is it this application's?"
        raise StackError(msg)
    subscribed = outputs.get("SubscribedLogGroupName", "")
    own = {value for name, value in outputs.items() if name.endswith("LogGroupName")} - {subscribed}
    return Stack(
        name=name,
        function_arn=outputs["ForwardFunctionArn"],
        alarm_topic_arn=outputs.get("AlarmTopicArn", ""),
        own_log_groups=frozenset(own),
        subscribed_log_group=subscribed,
        outputs=outputs,
        parameters=parameters,
    )
