"""The context that Lambda passes to a handler with the event."""

from types import SimpleNamespace
from typing import Any


def lambda_context(remaining_ms: int = 60_000) -> Any:  # noqa: ANN401  # it has only what our handlers read
    """The context of an invocation with a minute left, or another time that does not run."""
    return SimpleNamespace(
        function_name="eks-log-forwarder-forward",
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:eks-log-forwarder-forward",
        aws_request_id="00000000-0000-4000-8000-000000000000",
        get_remaining_time_in_millis=lambda: remaining_ms,
    )
