"""The circuit breaker: what opens it, what closes it, and one attempt a minute in between."""

import pytest

from eks_log_forwarder.delivery.circuit_breaker import (
    CIRCUIT_OPEN,
    CircuitBreaker,
    Gate,
    is_out_of_reach,
)
from eks_log_forwarder.delivery.leftover import Cause
from eks_log_forwarder.transport.exchange import Answer
from eks_log_forwarder.transport.failures import Failure
from tests.scripted import OK, Answering, Clock, Scene, always, in_turn, numbered

OUT_OF_REACH: list[Answer | Failure] = [
    Failure.CONNECTION_REFUSED,
    Failure.CONNECTION_RESET,
    Failure.CONNECTION_TIMEOUT,
    Failure.ANSWER_TIMEOUT,
    Failure.ANSWER_CUT,
    Failure.NAME_NOT_RESOLVED,
    Failure.TLS,
    *(failure for failure in Failure if failure.startswith("proxy_")),
    *(Answer(status, b"") for status in (500, 502, 503, 504, 599)),
]
IN_REACH: list[Answer | Failure] = [
    Failure.HTML_ANSWER,
    Failure.REQUEST_INVALID,
    *(Answer(status, b"") for status in (200, 302, 400, 401, 403, 404, 413, 429)),
]


def test_a_circuit_grants_one_attempt_a_minute() -> None:
    """Beginning a minute after it opened."""
    clock = Clock()
    circuit = CircuitBreaker(clock)
    assert circuit.gate() is Gate.CLOSED
    circuit.open()
    found = []
    for _ in range(5):
        found.append((circuit.rests, circuit.gate()))
        clock.now += 30.0
    assert found == [
        (True, Gate.OPEN),
        (True, Gate.OPEN),
        (False, Gate.PROBE),
        (True, Gate.OPEN),
        (False, Gate.PROBE),
    ]
    circuit.close()
    assert circuit.gate() is Gate.CLOSED


def test_a_clock_that_is_set_back_delays_no_attempt() -> None:
    """The wall clock may be corrected by hours."""
    clock = Clock()
    circuit = CircuitBreaker(clock)
    circuit.open()
    clock.now -= 3600.0
    assert circuit.gate() is Gate.PROBE


@pytest.mark.parametrize("result", OUT_OF_REACH)
def test_failed_connections_time_outs_and_5xx_open_the_circuit(result: Answer | Failure) -> None:
    """Once the retries are used up; the next batch makes no request."""
    scene = Scene(lambda _: result, budget_seconds=1.0)
    scene.send("a")
    requests = scene.transport.taken
    assert scene.send("b", "c") == [(["b", "c"], Cause.UNREACHABLE, CIRCUIT_OPEN)]
    assert (scene.transport.taken, is_out_of_reach(result)) == (requests, True)


@pytest.mark.parametrize("result", IN_REACH)
def test_other_results_leave_the_circuit_closed(result: Answer | Failure) -> None:
    """A 401, 403 or 429 comes from a destination that is up."""
    scene = Scene(lambda _: result, budget_seconds=1.0)
    scene.send("a")
    requests = scene.transport.taken
    scene.send("b")
    assert scene.transport.taken > requests
    assert not is_out_of_reach(result)


def test_a_retry_that_helps_leaves_the_circuit_closed() -> None:
    """Only an outage that outlasts the retries opens it."""
    scene = Scene(in_turn(Answer(503, b""), Failure.CONNECTION_RESET))
    assert scene.send("a") == []
    assert scene.delivery.circuit.gate() is Gate.CLOSED


def test_a_probe_is_one_attempt_with_two_seconds_to_connect() -> None:
    """Without a retry; the first attempts had the transport's own time-out."""
    scene = Scene(always(503), budget_seconds=1.0)
    scene.send("a")
    before = scene.transport.taken
    scene.clock.now += 61.0
    assert scene.send("b") == [(["b"], Cause.UNREACHABLE, "http_503")]
    assert scene.send("c") == [(["c"], Cause.UNREACHABLE, CIRCUIT_OPEN)]
    assert scene.transport.taken == before + 1
    assert scene.transport.connect_timeouts == [None] * before + [2.0]


@pytest.mark.parametrize("answer", [OK, Answer(400, b""), Answer(403, b""), Answer(404, b"")])
def test_the_first_answer_closes_the_circuit(answer: Answer) -> None:
    """Also one that rejects: then the destination is up, and its own rule holds."""
    scene = Scene(in_turn(Answer(503, b""), answer), budget_seconds=0.1)
    scene.send("a")
    scene.clock.now += 61.0
    scene.send("b")
    assert scene.send("c") == []
    assert scene.transport.connect_timeouts[-1] is None


def test_an_invocation_without_time_changes_nothing() -> None:
    """It learns nothing of the destination."""
    scene = Scene(always(503), budget_seconds=0.1)
    scene.send("a")
    scene.clock.now += 61.0
    scene.deadline = scene.deadline.within(0.0)
    assert scene.send("b") == [(["b"], Cause.UNREACHABLE, Failure.NO_TIME_LEFT)]
    assert scene.delivery.circuit.rests


@pytest.mark.parametrize(
    ("answering", "request_seconds"),
    [(lambda _: Failure.CONNECTION_REFUSED, 0.0), (lambda _: Failure.ANSWER_TIMEOUT, 10.0)],
    ids=["connection refused", "no answer"],
)
def test_six_invocations_in_an_outage_cost_little_more_than_the_first(
    answering: Answering, request_seconds: float
) -> None:
    """One every 15 seconds: the first uses the retry budget, and one of the next five makes one attempt."""
    scene = Scene(answering, request_seconds=request_seconds)
    seconds, requests = [], []
    for _ in range(6):
        started, before = scene.clock.now, scene.transport.taken
        scene.deadline = scene.deadline.after(45.0, scene.clock)
        scene.send(*numbered(10))
        seconds.append(scene.clock.now - started)
        requests.append(scene.transport.taken - before)
        scene.clock.now += 15.0
    assert sum(seconds[1:]) <= 12.0
    assert sum(requests[1:]) == 1


def test_a_circuit_does_not_show_the_event_that_it_keeps() -> None:
    """It is payload."""
    assert "s3cr3t" not in repr(CircuitBreaker(last_accepted=b"s3cr3t"))
