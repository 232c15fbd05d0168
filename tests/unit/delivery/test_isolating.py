"""One event that something in front of the collector refuses, in a batch that failed at several times."""

import pytest

from eks_log_forwarder.delivery.circuit_breaker import Gate
from eks_log_forwarder.delivery.leftover import Cause
from eks_log_forwarder.transport.exchange import Answer
from eks_log_forwarder.transport.failures import Failure
from tests.scripted import OK, Answering, Scene, always, in_turn, numbered

REFUSALS: list[Answer | Failure] = [
    Answer(403, b""),
    Answer(406, b""),
    Answer(302, b""),
    Answer(503, b""),
    Failure.CONNECTION_RESET,
    Failure.ANSWER_TIMEOUT,
    Failure.HTML_ANSWER,
]


def firewall(refusal: Answer | Failure, *bad: str) -> Answering:
    """Refuses every request that holds one of these messages."""
    return lambda messages: refusal if set(bad) & set(messages) else OK


def reason_of(refusal: Answer | Failure) -> str:
    """The reason that the leftover has."""
    return refusal if isinstance(refusal, Failure) else f"http_{refusal.status}"


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("bad", ["0", "7", "15"])
def test_only_the_event_at_fault_is_rejected(refusal: Answer | Failure, bad: str) -> None:
    """With the reason that the firewall gave; the others are delivered, and the circuit stays closed."""
    scene = Scene(firewall(refusal, bad))
    assert scene.send(*numbered(16), has_history=True) == [([bad], Cause.REJECTED, reason_of(refusal))]
    assert scene.tally.delivered == 15
    assert scene.clock.slept == [0.2, 1.0]
    assert scene.delivery.circuit.gate() is Gate.CLOSED


def test_a_thousand_events_take_about_twenty_requests() -> None:
    """The whole, then two for each halving, and the event itself three times."""
    scene = Scene(firewall(Answer(403, b""), "333"))
    scene.send(*numbered(1000), has_history=True)
    assert scene.transport.taken <= 26
    assert scene.tally.delivered == 999


@pytest.mark.parametrize("has_accepted", [False, True])
@pytest.mark.parametrize("bad", [("0", "15"), ("6", "7"), ("3", "4", "9"), tuple(numbered(8))])
def test_several_events_at_fault_are_all_found(bad: tuple[str, ...], has_accepted: bool) -> None:  # noqa: FBT001  # the table's column
    """Also if each half holds one: an event that was delivered is sent again, or three are tried alone."""
    scene = Scene(firewall(Answer(403, b""), *bad), has_accepted=has_accepted)
    leftovers = scene.send(*numbered(16), has_history=True)
    assert {messages[0] for messages, _, _ in leftovers} == set(bad)
    assert {(cause, reason) for _, cause, reason in leftovers} == {(Cause.REJECTED, "http_403")}
    assert scene.tally.delivered == 16 - len(bad)


def test_a_single_event_is_rejected_if_others_pass() -> None:
    """Twice refused, with a test in between."""
    scene = Scene(firewall(Answer(403, b""), "bad"), has_accepted=True)
    assert scene.send("bad", has_history=True) == [(["bad"], Cause.REJECTED, "http_403")]
    assert scene.tally.delivered == 0


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("has_accepted", [False, True])
def test_in_an_outage_nothing_is_at_fault(refusal: Answer | Failure, has_accepted: bool) -> None:  # noqa: FBT001  # the table's column
    """The whole, two halves, and one test or three; every event waits. A 403 reads the secret again first."""
    scene = Scene(lambda _: refusal, has_accepted=has_accepted)
    assert scene.send(*numbered(16), has_history=True) == [
        (numbered(16), Cause.UNREACHABLE, reason_of(refusal))
    ]
    assert scene.transport.taken == 3 + (1 if has_accepted else 3) + (reason_of(refusal) == "http_403")


@pytest.mark.parametrize(
    "failure",
    [
        Failure.CONNECTION_REFUSED,
        Failure.CONNECTION_TIMEOUT,
        Failure.NAME_NOT_RESOLVED,
        Failure.TLS,
        Answer(429, b""),
    ],
)
def test_a_failure_before_the_events_are_read_is_not_of_an_event(failure: Answer | Failure) -> None:
    """One request."""
    scene = Scene(lambda _: failure)
    assert scene.send(*numbered(16), has_history=True) == [
        (numbered(16), Cause.UNREACHABLE, reason_of(failure))
    ]
    assert scene.transport.taken == 1


def test_an_outage_that_ends_meanwhile_rejects_nothing() -> None:
    """The halves that failed before the first success are sent again."""
    scene = Scene(in_turn(*[Answer(406, b"")] * 2))
    assert scene.send("a", "b", has_history=True) == []
    assert scene.tally.delivered == 2


def test_an_outage_that_begins_meanwhile_rejects_nothing() -> None:
    """The first half was accepted; then everything fails, the test too."""
    scene = Scene(in_turn(Answer(406, b""), OK, *[Answer(406, b"")] * 100))
    leftovers = scene.send(*numbered(8), has_history=True)
    assert leftovers == [(numbered(8)[4:], Cause.UNREACHABLE, "http_406")]
    assert scene.tally.delivered == 4


@pytest.mark.parametrize("failures", [1, 2])
def test_an_event_that_fails_at_random_is_not_at_fault(failures: int) -> None:
    """Once or twice, while others are accepted: it is delivered."""
    answers = [Answer(406, b""), Answer(406, b""), OK, *[Answer(406, b"")] * failures]
    scene = Scene(in_turn(*answers))
    assert scene.send("a", "b", has_history=True) == []
    assert scene.tally.delivered == 2


def test_without_history_a_batch_is_not_halved() -> None:
    """A 403 may be the token's."""
    scene = Scene(firewall(Answer(403, b""), "7"))
    assert scene.send(*numbered(16)) == [(numbered(16), Cause.UNREACHABLE, "http_403")]


def test_a_probe_of_an_open_circuit_is_one_request_whatever_its_history() -> None:
    """And nothing is at fault."""
    scene = Scene(always(503), budget_seconds=0.1)
    scene.send("a")
    scene.clock.now += 61.0
    assert scene.send(*numbered(8), has_history=True) == [(numbered(8), Cause.UNREACHABLE, "http_503")]
    assert scene.transport.taken == 2


def test_time_that_runs_out_leaves_the_rest() -> None:
    """What was found so far is rejected only if everything else is settled."""
    scene = Scene(firewall(Failure.ANSWER_TIMEOUT, "0"), request_seconds=5.0, remaining_seconds=18.0)
    leftovers = scene.send(*numbered(16), has_history=True)
    assert [cause for _, cause, _ in leftovers] == [Cause.UNREACHABLE]
    assert scene.tally.delivered + len(leftovers[-1][0]) == 16
