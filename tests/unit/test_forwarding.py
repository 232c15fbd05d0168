"""The pipeline of one payload: batches, what is parked, and the counts."""

from copy import replace

import pytest

from eks_log_forwarder.control_plane.parsing import Parsed
from eks_log_forwarder.errors import UndeliveredError
from eks_log_forwarder.intake.log_stream import LogStream
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent
from eks_log_forwarder.parking.messages import payload_of
from eks_log_forwarder.record.record import Detection
from eks_log_forwarder.stages import Stages
from eks_log_forwarder.telemetry.tally import Tally
from eks_log_forwarder.transport.exchange import Answer
from eks_log_forwarder.transport.failures import Failure
from tests.scripted import (
    OK,
    Answering,
    Clock,
    MemoryQueue,
    Scene,
    always,
    forwarder,
    in_turn,
    numbered,
    payload,
    rejecting,
)


def forwarded(scene: Scene, queue: MemoryQueue | None, *messages: str) -> Tally:
    """The tally of a payload in batches of ten."""
    given = payload(*messages)
    try:
        forwarder(scene, queue, 10).forward(given, LogStream.of(given), scene.deadline, scene.tally)
    finally:
        scene.tally.check()
    return scene.tally


def counts(tally: Tally) -> tuple[int, int, int, int, int]:
    """Received, delivered, parked, rejected, kept."""
    return (tally.received, tally.delivered, tally.parked, tally.rejected, tally.kept)


def test_a_payload_is_delivered_in_batches_and_in_order() -> None:
    """Nothing is parked, and the queue is not touched."""
    scene = Scene(always(200))
    tally = forwarded(scene, queue := MemoryQueue(), *numbered(25))
    assert [len(sent) for sent in scene.transport.requests] == [10, 10, 5]
    assert [message for sent in scene.transport.requests for message in sent] == numbered(25)
    assert counts(tally) == (25, 25, 0, 0, 0)
    assert queue.messages == []


def test_after_an_outage_the_remaining_batches_are_parked_untried() -> None:
    """The second batch fails: two requests in all, and one message for each batch that waits."""
    scene = Scene(in_turn(OK, Answer(404, b"")))
    tally = forwarded(scene, queue := MemoryQueue(), *numbered(35))
    assert scene.transport.taken == 2
    assert queue.contents() == [
        (numbered(35)[10:20], "http_404"),
        (numbered(35)[20:30], "http_404"),
        (numbered(35)[30:], "http_404"),
    ]
    assert counts(tally) == (35, 10, 25, 0, 0)
    assert tally.reasons == {"http_404": 25}


def test_the_retries_of_an_outage_happen_once_an_invocation() -> None:
    """A budget for the first batch; nothing for the others."""
    scene = Scene(always(503))
    tally = forwarded(scene, MemoryQueue(), *numbered(100))
    assert scene.clock.slept == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert (scene.transport.taken, tally.delivery_attempts, tally.parked) == (8, 8, 100)


def test_a_rejected_event_is_parked_alone_and_the_next_batches_are_delivered() -> None:
    """With its reason."""
    scene = Scene(rejecting("7", "22"))
    tally = forwarded(scene, queue := MemoryQueue(), *numbered(30))
    assert queue.contents() == [(["7"], "http_400"), (["22"], "http_400")]
    assert counts(tally) == (30, 28, 2, 2, 0)


def test_what_was_not_narrowed_down_is_parked_and_not_counted_as_rejected() -> None:
    """Nobody knows yet which event it was; a hundred requests did not tell."""
    scene = Scene(always(400), has_accepted=True)
    given = payload(*numbered(1000))
    forwarder(scene, MemoryQueue()).forward(given, LogStream.of(given), scene.deadline, scene.tally)
    tally = scene.tally
    assert (tally.received, tally.delivered, tally.parked) == (1000, 0, 1000)
    assert 0 < tally.rejected < 100


def test_events_are_parked_as_they_came() -> None:
    """Ids, timestamps and all: the redrive begins from the beginning."""
    given = payload("a", "b \ud83d", "c")
    scene = Scene(always(404))
    forwarder(scene, queue := MemoryQueue()).forward(given, LogStream.of(given), scene.deadline, scene.tally)
    assert [payload_of(message.body) for message in queue.messages] == [given]


@pytest.mark.parametrize("answering", [always(404), always(503), lambda _: Failure.TLS])
def test_without_a_queue_what_is_undelivered_is_raised(answering: Answering) -> None:
    """It stays with Lambda."""
    scene = Scene(answering)
    with pytest.raises(UndeliveredError, match="no queue for undelivered events is configured") as caught:
        forwarded(scene, None, *numbered(12))
    assert (caught.value.undelivered, caught.value.received) == (12, 12)
    assert counts(scene.tally) == (12, 0, 0, 0, 12)


@pytest.mark.parametrize(("room", "parked"), [(0, 0), (1, 10), (2, 20)])
def test_what_the_queue_does_not_take_is_raised_with_counts(room: int, parked: int) -> None:
    """What it did take stays parked, and what was delivered stays delivered."""
    scene = Scene(in_turn(OK, Answer(404, b"")))
    with pytest.raises(UndeliveredError) as caught:
        forwarded(scene, queue := MemoryQueue(room), *numbered(40))
    assert (caught.value.undelivered, caught.value.received) == (30 - parked, 40)
    assert str(caught.value) == (
        f"{30 - parked} of 40 events stay with Lambda: http_404 (the collector answered 404); "
        "the queue did not accept the events: ClientError Full"
    )
    assert counts(scene.tally) == (40, 10, parked, 0, 30 - parked)
    assert sum(message.events for message in queue.messages) == parked


def test_a_log_type_that_is_not_wanted_is_filtered() -> None:
    """And nothing is sent."""
    scene = Scene(always(200))
    given = payload("a", "b")
    only_audit = replace(forwarder(scene, None), stages=Stages(frozenset({LogType.AUDIT})))
    only_audit.forward(given, LogStream.of(given), scene.deadline, scene.tally)
    assert (scene.tally.received, scene.tally.filtered, scene.transport.taken) == (2, 2, 0)


def test_a_payload_without_events_is_nothing_to_do() -> None:
    """No request, no message."""
    scene = Scene(always(200))
    assert counts(forwarded(scene, MemoryQueue())) == (0, 0, 0, 0, 0)
    assert scene.transport.taken == 0


def slow(clock: Clock, *messages: str, seconds: float = 100.0) -> Stages:
    """Stages that take so long for each of these messages."""

    def match(_log_type: LogType, _parsed: Parsed, event: LogEvent) -> list[Detection]:
        clock.now += seconds if event.message in messages else 0.0
        return []

    return Stages(frozenset(LogType), match=match)


def test_what_follows_a_slow_event_is_parked_unchanged() -> None:
    """The full batches before it are delivered; its own batch and the rest wait, in order."""
    scene = Scene(always(200))
    given = payload(*numbered(35))
    slowed = replace(forwarder(scene, queue := MemoryQueue(), 10), stages=slow(scene.clock, "12"))
    slowed.forward(given, LogStream.of(given), scene.deadline, scene.tally)
    assert counts(scene.tally) == (35, 10, 25, 0, 0)
    assert queue.contents() == [
        (numbered(35)[10:13], "no_time_left"),
        (numbered(35)[13:23], "no_time_left"),
        (numbered(35)[23:33], "no_time_left"),
        (numbered(35)[33:], "no_time_left"),
    ]
    parked = [event for message in queue.messages for event in payload_of(message.body).logEvents]
    assert parked == given.logEvents[10:]


def fragile(*messages: str) -> Stages:
    """Stages that raise on these messages, with the message in the error's text."""

    def match(_log_type: LogType, _parsed: Parsed, event: LogEvent) -> list[Detection]:
        if event.message in messages:
            raise ValueError(event.message)
        return []

    return Stages(frozenset(LogType), match=match)


@pytest.mark.parametrize("bad", [["3"], ["0", "24"], numbered(25)])
def test_an_event_on_which_a_stage_raises_holds_back_no_other(bad: list[str]) -> None:
    """Each is parked alone and counted; the others are delivered."""
    scene = Scene(always(200))
    given = payload(*numbered(25))
    broken = replace(forwarder(scene, queue := MemoryQueue(), 10), stages=fragile(*bad))
    broken.forward(given, LogStream.of(given), scene.deadline, scene.tally)
    assert queue.contents() == [([message], "not_encodable") for message in bad]
    assert counts(scene.tally) == (25, 25 - len(bad), len(bad), len(bad), 0)


def test_an_error_of_a_stage_is_named_without_its_text() -> None:
    """By its class and place; once, however many events it concerns."""
    scene = Scene(always(200))
    given = payload("s3cr3t", "s3cr3t")
    broken = replace(forwarder(scene, MemoryQueue()), stages=fragile("s3cr3t"))
    broken.forward(given, LogStream.of(given), scene.deadline, scene.tally)
    (detail,) = scene.tally.details
    assert detail.startswith("not_encodable: ValueError at stages.py:")
    assert "s3cr3t" not in str(scene.tally)


def test_an_open_circuit_parks_everything_without_a_request() -> None:
    """The second invocation of an outage."""
    scene = Scene(always(503))
    forwarded(scene, MemoryQueue(), *numbered(30))
    requests, slept = scene.transport.taken, list(scene.clock.slept)
    scene.tally = Tally("demo", LogType.API)
    tally = forwarded(scene, queue := MemoryQueue(), *numbered(30))
    assert (scene.transport.taken, scene.clock.slept) == (requests, slept)
    assert tally.reasons == {"circuit_open": 30}
    assert [message.events for message in queue.messages] == [10, 10, 10]


def test_the_error_for_lambda_is_short() -> None:
    """Lambda's record of it holds the payload too, and fits into 1 MiB."""
    error = UndeliveredError(undelivered=1, received=1, why="x" * 1_000_000)
    assert len(str(error)) == 500
