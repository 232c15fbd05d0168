"""Which answers count as throttled, which requests have a latency, and what is published of many."""

import pytest

from eks_log_forwarder.telemetry.api_answers import ApiAnswers, is_throttled, latency_ms, sampled
from tests.policy_samples import header_of, object_of

TIMES = {
    "requestReceivedTimestamp": "2026-01-14T10:00:00.000000Z",
    "stageTimestamp": "2026-01-14T10:00:00.012500Z",
}


@pytest.mark.parametrize(
    ("fields", "throttled"),
    [
        ({"responseStatus": {"code": 429}}, True),
        ({"responseStatus": {"code": 429}, "stage": None}, True),
        ({"responseStatus": {"code": 429}, "objectRef": None, "requestURI": "/version"}, True),
        # `kubectl drain` gets this from a PodDisruptionBudget, every five seconds
        ({"responseStatus": {"code": 429}, "verb": "create", "objectRef": object_of("pods/eviction")}, False),
        ({"responseStatus": {"code": 429}, "stage": "RequestReceived"}, False),
        ({"responseStatus": {"code": 503}}, False),
        ({"responseStatus": None}, False),
    ],
)
def test_a_finished_request_that_was_answered_429_is_throttled(
    fields: dict[str, object],
    throttled: bool,  # noqa: FBT001  # a parameter
) -> None:
    """A forbidden eviction has the same code and is not."""
    assert is_throttled(header_of(**fields)) is throttled


@pytest.mark.parametrize(
    ("fields", "latency"),
    [
        ({}, 12.5),
        ({"responseStatus": {"code": 500}}, 12.5),
        ({"stageTimestamp": "2026-01-14T10:00:00.000000000Z"}, 0.0),
        ({"verb": "watch"}, None),
        ({"objectRef": object_of("pods/exec"), "verb": "create"}, None),
        ({"objectRef": object_of("pods/log")}, None),
        ({"objectRef": object_of("nodes/proxy")}, None),
        ({"stage": "ResponseStarted"}, None),
        ({"stage": None}, None),
        ({"stageTimestamp": None}, None),
        ({"stageTimestamp": "soon"}, None),
        ({"stageTimestamp": "2026-01-14T10:00:01"}, None),
        ({"stageTimestamp": "2026-01-14T09:59:59Z"}, None),
    ],
)
def test_a_complete_short_request_has_a_latency(fields: dict[str, object], latency: float | None) -> None:
    """Milliseconds; without two usable times there is none."""
    assert latency_ms(header_of(**TIMES | fields)) == latency


def test_latencies_are_collected_by_the_api_servers_own_verbs() -> None:
    """A client can invent a verb; all of those are one."""
    answers = ApiAnswers()
    for verb in ("get", "get", "brew-coffee", "mix", "watch"):
        answers.count(header_of(verb=verb, **TIMES))
    answers.count(header_of(verb="list", responseStatus={"code": 429}))
    assert answers == ApiAnswers(1, {"get": [12.5, 12.5], "other": [12.5, 12.5]})


def test_a_hundred_values_are_published_as_they_are() -> None:
    """Sorted and rounded: tenths below ten milliseconds, whole ones from there on."""
    assert sampled([1234.567, 0.04, 9.96, 15.5, 3.14159]) == [0.0, 3.1, 10.0, 16, 1235]
    assert sampled(range(100)) == list(range(100))


def test_a_thousand_values_are_published_as_the_middles_of_their_hundredths() -> None:
    """Ten of a thousand values are beyond the 99th percentile; one of the hundred is."""
    found = sampled([1.0] * 990 + [500.0] * 10)
    assert (len(found), found.count(1.0), found.count(500)) == (100, 99, 1)
    assert sampled(range(1000))[::33] == [5, 335, 665, 995]
