"""Which requests count as volume on pods and secrets."""

import pytest

from eks_log_forwarder.telemetry.tally import count_api_request
from tests.policy_samples import header_of, object_of


@pytest.mark.parametrize(
    ("fields", "counted"),
    [
        ({}, ("pods", "get")),
        ({"verb": "list"}, ("pods", "list")),
        ({"verb": "watch"}, ("pods", "watch")),
        ({"verb": "delete"}, ("pods", "delete")),
        ({"verb": "deletecollection"}, ("pods", "deletecollection")),
        ({"verb": "create", "objectRef": object_of("secrets")}, ("secrets", "create")),
        ({"responseStatus": {"code": 403}}, ("pods", "get")),
        ({"stage": None}, ("pods", "get")),
        # a client can invent HTTP methods, and each would become a metric
        ({"verb": "brew-coffee"}, ("pods", "other")),
        ({"verb": ""}, ("pods", "other")),
        # a request is logged at several stages, and counts at its last
        ({"stage": "RequestReceived"}, None),
        ({"stage": "ResponseStarted"}, None),
        ({"stage": "Panic"}, None),
        ({"objectRef": None, "requestURI": "/api/v1/pods"}, None),
        ({"objectRef": object_of("nodes")}, None),
        ({"objectRef": object_of("pods/log")}, None),
        ({"objectRef": object_of("pods/exec"), "verb": "create"}, None),
        ({"objectRef": object_of("pods.metrics.k8s.io")}, None),
    ],
)
def test_counts_a_finished_request_once(fields: dict[str, object], counted: tuple[str, str] | None) -> None:
    """By resource and verb; subresources and other groups' pods are not what the alarms are on."""
    counts: dict[tuple[str, str], int] = {}
    count_api_request(header_of(**fields), counts)
    assert counts == ({} if counted is None else {counted: 1})


def test_adds_up() -> None:
    """Three lists and a get."""
    counts: dict[tuple[str, str], int] = {}
    for verb in ("list", "get", "list", "list"):
        count_api_request(header_of(verb=verb), counts)
    assert counts == {("pods", "list"): 3, ("pods", "get"): 1}
