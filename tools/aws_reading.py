"""Read-only calls to AWS that continue when a right is refused: see `Reader`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tools.errors import ToolError

# The codes of AWS's APIs for a refused right; EC2 and SNS have their own.
_REFUSALS = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "UnauthorizedException",
    "UnauthorizedOperation",
}
_ABSENCES = {
    "AWS.SimpleQueueService.NonExistentQueue",
    "NotFound",
    "NotFoundException",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
}
# IAM calls these operations by other names (service authorization reference).
_RIGHTS = {"lambda:Invoke": "lambda:InvokeFunction"}

type ClientFactory = Callable[[str], Any]
"""A service's name -> its boto3 client."""


class NotFoundError(ToolError):
    """AWS has no such resource; the message is AWS's own."""


@dataclass(slots=True)
class Reader:
    """Calls AWS, and remembers the refused rights by their IAM names (`eks:DescribeCluster`)."""

    client: ClientFactory
    refused: list[str] = field(default_factory=list)

    def call(self, service: str, operation: str, **parameters: object) -> dict[str, Any] | None:
        """The answer of one call; None if the right was refused.

        Raises:
            NotFoundError: the resource does not exist.
            ClientError: AWS refused the call for another reason.
        """
        return self._ask(service, operation, lambda client: getattr(client, operation)(**parameters))

    def pages(self, service: str, operation: str, key: str, **parameters: object) -> list[Any] | None:
        """The items under `key` on all pages; None if the right was refused. Raises as `call`."""

        def collect(client: Any) -> list[Any]:  # noqa: ANN401  # boto3 makes its clients at run time
            pages = client.get_paginator(operation).paginate(**parameters)
            return [item for page in pages for item in page[key]]

        return self._ask(service, operation, collect)

    def ec2(self, operation: str, key: str, filters: Mapping[str, str]) -> list[Any] | None:
        """The items of an EC2 call with these filters; None if the right was refused. Raises as `call`."""
        listed = [{"Name": name, "Values": [value]} for name, value in filters.items()]
        return self.pages("ec2", operation, key, Filters=listed)

    def _ask[Answer](self, service: str, operation: str, ask: Callable[[Any], Answer]) -> Answer | None:
        client = self.client(service)
        try:
            return ask(client)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _ABSENCES:
                raise NotFoundError(error.response["Error"].get("Message", code)) from error
            if code not in _REFUSALS:
                raise
        right = f"{service}:{client.meta.method_to_api_mapping[operation]}"
        right = _RIGHTS.get(right, right)
        if right not in self.refused:
            self.refused.append(right)
        return None
