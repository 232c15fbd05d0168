"""AWS as botocore's Stubber answers for it: each call checked against the service's own model."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, Self

import boto3
from botocore.stub import Stubber

type Answer = tuple[str, dict[str, Any] | str]
"""A method's name, and its answer, or the code of the error that it ends with."""


class StubbedAws:
    """Makes clients that answer in order, and nothing that was not foreseen; a context manager.

    Args:
        answers: by service, what its client answers, call by call.
    """

    def __init__(self, **answers: Sequence[Answer]) -> None:
        self._stack = ExitStack()
        self._clients: dict[str, Any] = {}
        self.stubbers: dict[str, Stubber] = {}
        for name, calls in answers.items():
            client = boto3.client(
                name.rstrip("_"),  # type: ignore[call-overload]  # any service; `lambda_` is lambda
                region_name="eu-central-1",
                aws_access_key_id="none",
                aws_secret_access_key="none",
            )
            stubber = Stubber(client)
            for method, answer in calls:
                if isinstance(answer, str):
                    stubber.add_client_error(method, service_error_code=answer)
                else:
                    stubber.add_response(method, answer)
            self._clients[name.rstrip("_")] = client
            self.stubbers[name.rstrip("_")] = stubber

    def __enter__(self) -> Self:
        for stubber in self.stubbers.values():
            self._stack.enter_context(stubber)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def client(self, service: str) -> Any:  # noqa: ANN401  # boto3 makes its clients at run time
        """The stubbed client of a service."""
        return self._clients[service]

    def assert_all_was_asked(self) -> None:
        """Every answer that was foreseen was asked for."""
        for stubber in self.stubbers.values():
            stubber.assert_no_pending_responses()
