"""Delivers one batch: retries, narrowing, the secret, and the leftovers."""

from copy import replace

import pytest

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.delivery.delivery import MAX_REQUESTS_PER_BATCH
from eks_log_forwarder.delivery.leftover import Cause
from eks_log_forwarder.destinations.outcomes import (
    Delivered,
    EventOutcome,
    Outcome,
    PerEvent,
    Rejected,
    Unreachable,
)
from eks_log_forwarder.errors import SecretError
from eks_log_forwarder.transport.exchange import Answer
from eks_log_forwarder.transport.failures import Failure
from tests.scripted import OK, Clock, Lines, Scene, always, in_turn, numbered, rejecting

THOUSAND = numbered(1000)


def test_a_batch_that_is_taken_leaves_nothing() -> None:
    """One request, its events in order."""
    scene = Scene(always(200))
    assert scene.send("a", "b", "c") == []
    assert scene.transport.requests == [["a", "b", "c"]]
    assert (scene.tally.delivered, scene.tally.delivery_attempts, scene.tally.bytes_sent) == (3, 1, 5)
    assert scene.clock.slept == []


@pytest.mark.parametrize(
    ("bad", "requests"),
    [(["0"], 19), (["500"], 19), (["999"], 21), (["0", "500", "999"], 51), (["6", "7"], 27)],
)
@pytest.mark.parametrize("status", [400, 413, 422])
def test_only_the_events_at_fault_are_rejected(bad: list[str], requests: int, status: int) -> None:
    """Two requests per split of a thousand events; the others are delivered once and in order."""
    scene = Scene(rejecting(*bad, status=status), has_accepted=True)
    assert scene.send(*THOUSAND) == [([message], Cause.REJECTED, f"http_{status}") for message in bad]
    assert scene.transport.taken == requests
    assert scene.tally.delivered == 1000 - len(bad)
    taken = [message for sent in scene.transport.requests if not set(bad) & set(sent) for message in sent]
    assert taken == [message for message in THOUSAND if message not in bad]


def test_a_batch_that_is_too_large_is_halved_until_it_fits() -> None:
    """1000 events where 300 fit: 1 + 2 + 4 requests, four of them taken."""
    scene = Scene(lambda messages: Answer(413, b"") if len(messages) > 300 else OK)
    assert scene.send(*THOUSAND) == []
    assert [len(sent) for sent in scene.transport.requests] == [1000, 500, 250, 250, 500, 250, 250]
    assert scene.tally.delivered == 1000


def test_an_event_that_is_too_large_by_itself_is_rejected_alone() -> None:
    """Its neighbours fit."""
    scene = Scene(lambda messages: Answer(413, b"") if len("".join(messages)) > 9 else OK)
    assert scene.send("a", "b", "x" * 10, "c") == [(["x" * 10], Cause.REJECTED, "http_413")]
    assert (scene.tally.delivered, scene.transport.taken) == (3, 5)


def test_the_requests_of_a_batch_are_bounded() -> None:
    """Where every event is rejected, a hundred requests are made, and one for each part that is there."""
    scene = Scene(always(400), has_accepted=True)
    leftovers = scene.send(*THOUSAND)
    assert MAX_REQUESTS_PER_BATCH == 100
    assert MAX_REQUESTS_PER_BATCH <= scene.transport.taken <= MAX_REQUESTS_PER_BATCH + 10
    assert [message for messages, _, _ in leftovers for message in messages] == THOUSAND
    assert {cause for _, cause, _ in leftovers} == {Cause.REJECTED, Cause.NOT_NARROWED}
    assert {cause for messages, cause, _ in leftovers if len(messages) > 1} == {Cause.NOT_NARROWED}
    assert scene.tally.delivered == 0


def test_an_outage_while_narrowing_leaves_the_rest_in_order() -> None:
    """What was delivered before stays delivered; the rest is one piece, and it is the last."""
    scene = Scene(in_turn(Answer(400, b""), OK, Answer(400, b""), Answer(404, b"")), has_accepted=True)
    assert scene.send(*numbered(8)) == [(["4", "5", "6", "7"], Cause.UNREACHABLE, "http_404")]
    assert (scene.tally.delivered, scene.transport.taken) == (4, 4)


def test_a_rejected_event_stands_before_what_an_outage_left() -> None:
    """The unreachable leftover comes last, which is how the forwarder knows of it."""
    scene = Scene(in_turn(Answer(400, b""), Answer(400, b""), OK, Answer(404, b"")))
    assert scene.send("bad", "b") == [(["bad"], Cause.REJECTED, "http_400")]
    scene = Scene(in_turn(Answer(400, b""), Answer(400, b""), Answer(404, b"")))
    assert scene.send("bad", "b") == [
        (["bad"], Cause.REJECTED, "http_400"),
        (["b"], Cause.UNREACHABLE, "http_404"),
    ]


@pytest.mark.parametrize(
    "fault",
    [Answer(503, b""), Answer(429, b""), Answer(408, b""), Failure.CONNECTION_REFUSED, Failure.ANSWER_CUT],
)
def test_a_retry_that_helps_delivers(fault: Answer | Failure) -> None:
    """After pauses that double."""
    scene = Scene(in_turn(fault, fault, fault))
    assert scene.send("a", "b") == []
    assert scene.clock.slept == [0.2, 0.4, 0.8]
    assert (scene.tally.delivered, scene.tally.delivery_attempts) == (2, 4)


@pytest.mark.parametrize(
    ("budget_seconds", "slept"),
    [
        (0.0, []),
        (0.1, []),
        (1.2, [0.2, 0.4]),
        (20.0, [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]),
    ],
)
def test_retries_honour_the_budget(budget_seconds: float, slept: list[float]) -> None:
    """No pause begins that the budget would not outlast; without a budget nothing is even tried."""
    scene = Scene(always(503), budget_seconds=budget_seconds)
    reason = "http_503" if budget_seconds else Failure.NO_TIME_LEFT
    assert scene.send("a", "b") == [(["a", "b"], Cause.UNREACHABLE, reason)]
    assert scene.clock.slept == slept
    assert scene.transport.taken == (len(slept) + 1 if budget_seconds else 0)


def test_a_pause_that_outlasts_the_budget_does_not_hide_the_reason() -> None:
    """A frozen container slept longer than it meant to: what the collector said counts, not the clock."""
    scene = Scene(always(503), budget_seconds=1.0)
    scene.delivery = replace(scene.delivery, sleep=lambda seconds: scene.clock.sleep(seconds * 10))
    assert scene.send("a") == [(["a"], Cause.UNREACHABLE, "http_503")]
    assert scene.transport.taken == 1


def test_every_attempt_is_clipped_to_what_remains() -> None:
    """A collector that never answers: 10 s, a pause, and what is left of 11."""
    scene = Scene(lambda _: Failure.ANSWER_TIMEOUT, budget_seconds=11.0, request_seconds=10.0)
    assert scene.send("a") == [(["a"], Cause.UNREACHABLE, Failure.ANSWER_TIMEOUT)]
    assert scene.transport.within == pytest.approx([11.0, 0.8])
    assert scene.clock.now == pytest.approx(1011.0)


def test_the_deadline_comes_before_the_budget() -> None:
    """2.9 seconds of the invocation are left, and none is used beyond them."""
    scene = Scene(always(503), remaining_seconds=2.9)
    scene.send("a")
    assert scene.clock.slept == [0.2, 0.4, 0.8]
    assert scene.transport.within[0] == pytest.approx(2.9)


def test_without_time_nothing_is_sent() -> None:
    """Every event is left over."""
    scene = Scene(always(200), remaining_seconds=0.0)
    assert scene.send("a", "b") == [(["a", "b"], Cause.UNREACHABLE, Failure.NO_TIME_LEFT)]
    assert scene.transport.taken == 0


def test_retry_after_is_waited_for() -> None:
    """It is the least; the back-off may ask for more."""
    scene = Scene(in_turn(Answer(429, b"", 7.0), Answer(429, b"", 0.0)))
    assert scene.send("a") == []
    assert scene.clock.slept == [7.0, 0.4]


def test_a_retry_after_beyond_the_budget_gives_up_at_once() -> None:
    """The queue waits better than an invocation."""
    scene = Scene(always(429, retry_after_seconds=20.0))
    assert scene.send("a") == [(["a"], Cause.UNREACHABLE, "http_429")]
    assert (scene.clock.slept, scene.transport.taken) == ([], 1)


@pytest.mark.parametrize("status", [302, 404, 405, 415, 501])
def test_a_wrong_address_is_tried_once(status: int) -> None:
    """A retry cannot help, and no event is rejected."""
    scene = Scene(always(status))
    assert scene.send("a", "b") == [(["a", "b"], Cause.UNREACHABLE, f"http_{status}")]
    assert scene.transport.taken == 1


class RotatingSecret:
    """A secret that has been rotated since it was cached."""

    def __init__(self, *values: str) -> None:
        self.values = list(values)
        self.reads: list[bool] = []

    def __call__(self, *, again: bool = False) -> Credentials:
        """The cached value, or the next."""
        self.reads.append(again)
        if again and len(self.values) > 1:
            self.values.pop(0)
        return Credentials(token=self.values[0])


@pytest.mark.parametrize("status", [401, 403])
def test_a_rotated_secret_is_read_again_and_the_request_repeated(status: int) -> None:
    """No event is left over, and no failure counted."""
    scene = Scene(in_turn(Answer(status, b"")), read_secret=(secret := RotatingSecret("old", "new")))
    assert scene.send("a", "b") == []
    assert scene.transport.tokens == ["old", "new"]
    assert secret.reads == [False, True]
    assert (scene.tally.delivered, scene.tally.authentication_failures) == (2, 0)


@pytest.mark.parametrize("status", [401, 403])
def test_a_secret_that_stays_wrong_is_read_again_once(status: int) -> None:
    """Two requests; then the batch is left over and a metric says why."""
    scene = Scene(always(status), read_secret=(secret := RotatingSecret("wrong")))
    assert scene.send("a", "b") == [(["a", "b"], Cause.UNREACHABLE, f"http_{status}")]
    assert secret.reads == [False, True]
    assert (scene.transport.taken, scene.tally.authentication_failures) == (2, 1)


def test_the_secret_is_read_again_once_for_all_the_parts_of_a_batch() -> None:
    """A part that is refused after the batch was cut has had its second chance."""
    scene = Scene(
        in_turn(Answer(401, b""), Answer(400, b""), OK, Answer(401, b"")),
        has_accepted=True,
        read_secret=(secret := RotatingSecret("old", "new")),
    )
    assert scene.send(*numbered(4)) == [(["2", "3"], Cause.UNREACHABLE, "http_401")]
    assert secret.reads == [False, True, False, False]


def test_a_secret_that_cannot_be_read_makes_the_destination_unreachable() -> None:
    """Nothing is sent; the detail says why."""

    def read(*, again: bool = False) -> Credentials:  # noqa: ARG001  # the shape of ReadSecret
        msg = "AccessDenied"
        raise SecretError(msg)

    scene = Scene(always(200), read_secret=read)
    assert scene.send("a") == [(["a"], Cause.UNREACHABLE, Failure.SECRET_UNREADABLE)]
    assert scene.transport.taken == 0


def test_a_secret_that_cannot_be_read_again_leaves_the_batch() -> None:
    """After the one request that was refused."""

    def read(*, again: bool = False) -> Credentials:
        if again:
            msg = "Throttled"
            raise SecretError(msg)
        return Credentials(token="old")

    scene = Scene(always(401), read_secret=read)
    assert scene.send("a") == [(["a"], Cause.UNREACHABLE, Failure.SECRET_UNREADABLE)]
    assert scene.transport.taken == 1


def answers_per_event(*rounds: tuple[EventOutcome, ...]) -> Lines:
    """A collector that says of each event what became of it, request by request."""
    left = list(rounds)
    return Lines(read=lambda _answer, _events: PerEvent(left.pop(0)))


def test_only_the_events_that_may_succeed_are_sent_again() -> None:
    """The collector took one, refused one and was too busy for two."""
    busy = Unreachable("busy")
    scene = Scene(
        always(200),
        destination=answers_per_event(
            (Delivered(), busy, Rejected("mapping"), busy), (busy, Delivered()), (Delivered(),)
        ),
    )
    assert scene.send("a", "b", "c", "d") == [(["c"], Cause.REJECTED, "mapping")]
    assert scene.transport.requests == [["a", "b", "c", "d"], ["b", "d"], ["b"]]
    assert scene.tally.delivered == 3


def test_what_stays_busy_is_left_over_after_what_was_rejected() -> None:
    """Once the budget is used up; the rejected one is not repeated."""
    busy = Unreachable("busy", retry=False)
    scene = Scene(always(200), destination=answers_per_event((busy, Rejected("mapping"), Delivered())))
    assert scene.send("a", "b", "c") == [
        (["b"], Cause.REJECTED, "mapping"),
        (["a"], Cause.UNREACHABLE, "busy"),
    ]
    assert scene.tally.delivered == 1


def test_events_that_are_all_rejected_one_by_one_need_one_request() -> None:
    """There is nothing to cut."""
    scene = Scene(always(200), destination=answers_per_event((Rejected("x"), Rejected("y"))))
    assert scene.send("a", "b") == [(["a"], Cause.REJECTED, "x"), (["b"], Cause.REJECTED, "y")]
    assert (scene.transport.taken, scene.tally.delivered) == (1, 0)


def test_an_answer_on_which_our_reading_fails_leaves_the_events() -> None:
    """A fault of ours in reading an answer must not cost the payload."""

    def read(_answer: Answer, _events: int) -> Outcome:
        msg = "month must be in 1..12"
        raise ValueError(msg)

    scene = Scene(always(200), destination=Lines(read=read))
    assert scene.send("a", "b") == [(["a", "b"], Cause.UNREACHABLE, "answer_unreadable")]


def test_a_leftover_does_not_show_its_events() -> None:
    """They are payload."""
    scene = Scene(always(404), clock=Clock())
    (leftover,) = scene.delivery.send(
        [__import__("tests.scripted", fromlist=["batch"]).batch("s3cr3t")], scene.deadline, scene.tally
    )
    assert "s3cr3t" not in repr(leftover)
