"""What a status or a failure means for a batch."""

import pytest

from eks_log_forwarder.destinations.outcomes import (
    Delivered,
    Rejected,
    Unreachable,
    explain,
    outcome_of_failure,
    outcome_of_status,
)
from eks_log_forwarder.transport.failures import Failure

DELIVERED = (200, 201, 202, 204, 206, 299)
WORTH_A_RETRY = (408, 425, 429, 500, 502, 503, 504, 507, 599)
WRONG_PLACE_OR_MANNER = (
    *(100, 199, 300, 301, 302, 304, 307, 308),
    *(402, 404, 405, 406, 407, 410, 414, 415, 421, 426, 431, 451, 501, 505),
)
WRONG_CREDENTIALS = (401, 403)
NEVER = (400, 409, 411, 412, 413, 416, 417, 418, 422, 423, 499)


@pytest.mark.parametrize("status", DELIVERED)
def test_a_2xx_is_delivered(status: int) -> None:
    """RFC 9110, section 15.3."""
    assert outcome_of_status(status) == Delivered()


@pytest.mark.parametrize("status", WORTH_A_RETRY)
@pytest.mark.parametrize("seconds", [None, 0.0, 30.0])
def test_an_overloaded_collector_is_worth_a_retry(status: int, seconds: float | None) -> None:
    """After the time that it asks for."""
    expected = Unreachable(f"http_{status}", retry=True, retry_after_seconds=seconds)
    assert outcome_of_status(status, retry_after_seconds=seconds) == expected


@pytest.mark.parametrize("status", [*WRONG_PLACE_OR_MANNER, *WRONG_CREDENTIALS])
def test_a_wrong_url_or_token_rejects_nothing(status: int) -> None:
    """The events wait until somebody fixes it; an immediate retry would not help."""
    assert outcome_of_status(status) == Unreachable(f"http_{status}", retry=False)


@pytest.mark.parametrize("status", NEVER)
def test_a_request_that_will_never_succeed_is_rejected(status: int) -> None:
    """Too large, not understood, in conflict."""
    assert outcome_of_status(status) == Rejected(f"http_{status}")


def test_only_a_2xx_is_delivered() -> None:
    """Of all statuses from 100 to 599; the reason of the others names the status."""
    outcomes = {status: outcome_of_status(status) for status in range(100, 600)}
    delivered = {status for status, outcome in outcomes.items() if isinstance(outcome, Delivered)}
    assert delivered == set(range(200, 300))
    reasons = {
        status: outcome.reason
        for status, outcome in outcomes.items()
        if isinstance(outcome, Rejected | Unreachable)
    }
    assert reasons == {status: f"http_{status}" for status in {*range(100, 200), *range(300, 600)}}


@pytest.mark.parametrize(
    ("failure", "retry"),
    [
        (Failure.ANSWER_CUT, True),
        (Failure.CONNECTION_REFUSED, True),
        (Failure.CONNECTION_RESET, True),
        (Failure.CONNECTION_TIMEOUT, True),
        (Failure.ANSWER_TIMEOUT, True),
        (Failure.NAME_NOT_RESOLVED, True),
        (Failure.TLS, False),
        (Failure.PROXY_ANSWER_TIMEOUT, True),
        (Failure.PROXY_AUTHENTICATION, False),
        (Failure.PROXY_CANNOT_CONNECT, True),
        (Failure.PROXY_CONNECTION_REFUSED, True),
        (Failure.PROXY_CONNECTION_RESET, True),
        (Failure.PROXY_CONNECTION_TIMEOUT, True),
        (Failure.PROXY_DENIED, False),
        (Failure.PROXY_NAME_NOT_RESOLVED, True),
        (Failure.REQUEST_INVALID, False),
        (Failure.HTML_ANSWER, False),
        (Failure.NO_TIME_LEFT, False),
    ],
)
def test_a_failure_says_nothing_about_the_events(failure: Failure, *, retry: bool) -> None:
    """They may be delivered later, or in a moment."""
    assert outcome_of_failure(failure) == Unreachable(failure.value, retry=retry)


@pytest.mark.parametrize("failure", Failure)
def test_every_failure_is_explained_in_words(failure: Failure) -> None:
    """To somebody who reads the function's log, not its code."""
    assert " " in explain(failure)


@pytest.mark.parametrize(
    ("reason", "words"),
    [("http_413", "the collector answered 413"), ("mapping_conflict", "mapping_conflict")],
)
def test_a_status_is_explained_by_its_number(reason: str, words: str) -> None:
    """A reason that a collector gives is not changed."""
    assert explain(reason) == words
