"""What the steps of `make verify` look at: the stack, its forward function, and the time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tools.aws_reading import NotFoundError, Reader
from tools.stack import Stack, StackError, read_stack

VARIABLES_RIGHT = "lambda:GetFunctionConfiguration"


@dataclass(frozen=True, slots=True)
class Target:
    """A deployed stack; `variables` are its forward function's, empty if reading them was refused."""

    reader: Reader
    stack: Stack
    variables: Mapping[str, str]
    now: datetime

    @property
    def destination(self) -> str:
        """The collector's name, as `DESTINATION` gives it."""
        return self.variables.get("DESTINATION") or "xplg"

    @property
    def secret_arn(self) -> str:
        """The ARN of the collector's secret, or an empty string."""
        return self.variables.get("DESTINATION_SECRET_ARN", "")

    @property
    def log_types(self) -> frozenset[str]:
        """The log types that the stack forwards."""
        return frozenset(self.variables.get("LOG_TYPES", "").split(",")) - {""}


def read_target(reader: Reader, stack_name: str, now: datetime) -> Target:
    """The stack and its function's variables.

    Raises:
        StackError: the stack cannot be read, has no cluster of its own, or its function was deleted.
    """
    stack = read_stack(reader, stack_name)
    if not stack.cluster:
        msg = f"the stack {stack_name} has no output SubscribedLogGroupName: deploy this version first"
        raise StackError(msg)
    try:
        answer = reader.call("lambda", "get_function_configuration", FunctionName=stack.function_arn)
    except NotFoundError as error:
        msg = f"the forward function was deleted ({error}): delete the stack and deploy it again"
        raise StackError(msg) from error
    variables = (answer or {}).get("Environment", {}).get("Variables", {})
    return Target(reader, stack, variables, now)
