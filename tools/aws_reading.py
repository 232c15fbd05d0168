"""Read-only calls to AWS that go on when a right is refused: `Reader.call` and `Reader.pages`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

# What AWS's APIs call a refusal; EC2 has its own word for it.
_REFUSALS = frozenset({
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedException",
    "UnauthorizedOperation",
})  # fmt: skip
_ABSENCES = frozenset({"ResourceNotFoundException", "NotFoundException"})

type ClientFactory = Callable[[str], Any]
"""A service's name -> its boto3 client."""


class NotFoundError(Exception):
    """AWS has no such thing; the message is AWS's own."""


@dataclass(slots=True)
class Reader:
    """Asks AWS, and remembers which rights were refused, as IAM names them (`eks:DescribeCluster`)."""

    client: ClientFactory
    refused: list[str] = field(default_factory=list)

    def call(self, service: str, operation: str, **parameters: object) -> dict[str, Any] | None:
        """The answer of one call; None if the right to it was refused.

        Raises:
            NotFoundError: what was asked for does not exist.
            ClientError: AWS refused the call for any other reason.
        """
        client = self.client(service)
        return self._ask(client, service, operation, lambda: getattr(client, operation)(**parameters))

    def pages(self, service: str, operation: str, key: str, **parameters: object) -> list[Any] | None:
        """The items under `key` on all pages; None if the right was refused. Raises as `call`."""
        client = self.client(service)

        def collect() -> list[Any]:
            pages = client.get_paginator(operation).paginate(**parameters)
            return [item for page in pages for item in page[key]]

        return self._ask(client, service, operation, collect)

    def _ask[Answer](
        self,
        client: Any,  # noqa: ANN401  # boto3 makes its clients at run time
        service: str,
        operation: str,
        ask: Callable[[], Answer],
    ) -> Answer | None:
        try:
            return ask()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _ABSENCES:
                raise NotFoundError(error.response["Error"].get("Message", code)) from error
            if code not in _REFUSALS:
                raise
        right = f"{service}:{client.meta.method_to_api_mapping[operation]}"
        if right not in self.refused:
            self.refused.append(right)
        return None
