"""The next batch is made while the current one is on its way: one ahead, in order, and none lost."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from eks_log_forwarder.delivery.ahead import Ahead
from eks_log_forwarder.delivery.batch import Batch
from eks_log_forwarder.transport.exchange import Answer
from eks_log_forwarder.transport.failures import Failure
from tests.scripted import Answering, Scene, always, batch, in_turn

REFUSED = Failure.CONNECTION_REFUSED


def making(journal: list[str], *names: str) -> Iterator[Batch]:
    """A batch of one event for each name; the journal says when it is made."""
    for name in names:
        journal.append(f"make {name}")
        yield batch(name)


def journaled(journal: list[str], answering: Answering) -> Answering:
    """The journal also says when a request is answered."""

    def answer(messages: list[str]) -> Answer | Failure:
        journal.append(f"answer {'+'.join(messages)}")
        return answering(messages)

    return answer


def test_one_batch_is_made_before_its_turn() -> None:
    """However often it is asked for: memory holds two batches at most."""
    journal: list[str] = []
    ahead = Ahead(making(journal, "a", "b", "c"))
    next(ahead)
    for _ in range(3):
        ahead.make_next()
    assert journal == ["make a", "make b"]
    assert [one.events[0].message for one in ahead] == ["b", "c"]
    ahead.make_next()
    assert list(ahead) == []


def test_nothing_is_left_of_the_batches_when_they_are_sent() -> None:
    """Without the garbage collector, which runs seldom: a container would grow by each payload."""
    kept: list[weakref.ref[Ahead]] = []
    gc.disable()
    try:
        ahead = Ahead([batch("a")])
        kept.append(weakref.ref(ahead))
        next(ahead)
        ahead.make_next()
        assert list(ahead) == []
        del ahead
        assert kept[0]() is None
    finally:
        gc.enable()


def test_an_error_waits_for_its_turn() -> None:
    """It would otherwise leave a request that nobody waits for."""

    def failing() -> Iterator[Batch]:
        yield batch("a")
        raise MemoryError

    ahead = Ahead(failing())
    next(ahead)
    ahead.make_next()
    ahead.make_next()
    with pytest.raises(MemoryError):
        next(ahead)
    assert list(ahead) == []


def test_the_next_batch_is_made_before_the_answer_arrives() -> None:
    """And sent after it: one request at a time, in order."""
    journal: list[str] = []
    scene = Scene(journaled(journal, always(200)))
    left = scene.delivery.send(making(journal, "a", "b", "c"), scene.deadline, scene.tally)
    assert journal == ["make a", "make b", "answer a", "make c", "answer b", "answer c"]
    assert (left, scene.tally.delivered) == ([], 3)


def test_retries_make_no_further_batch() -> None:
    """Three attempts for the first batch: the second is made once, and the third after that."""
    journal: list[str] = []
    scene = Scene(journaled(journal, in_turn(Answer(503, b""), REFUSED)))
    left = scene.delivery.send(making(journal, "a", "b", "c"), scene.deadline, scene.tally)
    assert journal[:6] == ["make a", "make b", "answer a", "answer a", "answer a", "make c"]
    assert (left, scene.tally.delivered) == ([], 3)


def test_after_a_failure_the_batch_that_was_made_is_left_over_like_the_others() -> None:
    """The first is delivered, the second fails; the third, which is made by then, is not tried."""
    scene = Scene(in_turn(Answer(200, b""), *[REFUSED] * 100))
    left = scene.delivery.send(making([], "a", "b", "c", "d"), scene.deadline, scene.tally)
    found = [([event.message for event in one.events], str(one.reason)) for one in left]
    assert found == [(["b"], REFUSED), (["c"], REFUSED), (["d"], REFUSED)]
    assert set(map(tuple, scene.transport.requests)) == {("a",), ("b",)}
    assert scene.tally.delivered == 1


def test_an_open_circuit_makes_no_batch_ahead() -> None:
    """Without a request there is nothing to wait for."""
    journal: list[str] = []
    scene = Scene(journaled(journal, always(200)))
    scene.delivery.circuit.open()
    left = scene.delivery.send(making(journal, "a", "b"), scene.deadline, scene.tally)
    assert (journal, len(left)) == (["make a", "make b"], 2)
