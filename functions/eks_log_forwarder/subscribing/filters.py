"""The subscription filter that the forwarder creates on a log group."""

from typing import Any

# Events then say where they come from, also in an account that collects the logs of others (CloudWatch Logs
# API reference, PutSubscriptionFilter).
_SYSTEM_FIELDS = ["@aws.account", "@aws.region"]


def put_filter(logs: Any, *, log_group: str, name: str, pattern: str, destination_arn: str) -> None:  # noqa: ANN401  # boto3 makes its clients at run time
    """Creates or replaces a filter; an empty pattern matches all lines."""
    logs.put_subscription_filter(
        logGroupName=log_group,
        filterName=name,
        filterPattern=pattern,
        destinationArn=destination_arn,
        **({"emitSystemFields": _SYSTEM_FIELDS} if _knows_system_fields(logs) else {}),
    )


def _knows_system_fields(logs: Any) -> bool:  # noqa: ANN401  # as above
    # Lambda's SDK can be older than the parameter, and refuses a parameter that it does not know.
    operation = logs.meta.service_model.operation_model("PutSubscriptionFilter")
    return "emitSystemFields" in operation.input_shape.members
