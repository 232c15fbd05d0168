"""The pipeline of one payload: batches, what is parked, and the counts."""

from dataclasses import replace

import pytest

from eks_log_forwarder.errors import UndeliveredError
from eks_log_forwarder.intake.log_stream import LogStream
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.parking.messages import payload_of
from eks_log_forwarder.stages import Stages
from eks_log_forwarder.telemetry.tally import Tally
from eks_log_forwarder.transport.exchange import Answer
from eks_log_forwarder.transport.failures import Failure
from tests.scripted import (
    OK,
    Answering,
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
    scene = Scene(always(400))
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
