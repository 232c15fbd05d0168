"""The filter that the forwarder creates: its system fields, with new and with old SDKs."""

from types import SimpleNamespace
from typing import Any

import pytest

from eks_log_forwarder.subscribing.filters import put_filter

ARGUMENTS = {"log_group": "/aws/eks/a/cluster", "name": "eks-logs", "pattern": "", "destination_arn": "arn"}


def sdk(*members: str) -> tuple[Any, list[dict[str, object]]]:
    """A client whose PutSubscriptionFilter has these parameters, and what it is called with."""
    calls: list[dict[str, object]] = []
    operation = SimpleNamespace(input_shape=SimpleNamespace(members=dict.fromkeys(members)))
    model = SimpleNamespace(operation_model={"PutSubscriptionFilter": operation}.__getitem__)
    client = SimpleNamespace(
        meta=SimpleNamespace(service_model=model),
        put_subscription_filter=lambda **request: calls.append(request),
    )
    return client, calls


@pytest.mark.parametrize(
    ("members", "asked_for"),
    [(["filterName", "emitSystemFields"], ["@aws.account", "@aws.region"]), (["filterName"], None)],
    ids=["new SDK", "old SDK"],
)
def test_asks_for_the_system_fields_that_the_sdk_knows(
    members: list[str], asked_for: list[str] | None
) -> None:
    """An SDK refuses a parameter that it does not know, and the cluster would not be subscribed."""
    client, calls = sdk(*members)
    put_filter(client, **ARGUMENTS)
    (request,) = calls
    assert request.get("emitSystemFields") == asked_for
    assert request["filterName"] == "eks-logs"
