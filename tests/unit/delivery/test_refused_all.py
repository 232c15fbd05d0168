"""Everything is refused: a wrong setting, not events at fault."""

import pytest

from eks_log_forwarder.delivery.circuit_breaker import CIRCUIT_OPEN
from eks_log_forwarder.delivery.leftover import NOT_ENCODABLE, REFUSED_ALL, Cause, Leftover
from eks_log_forwarder.destinations.outcomes import Delivered, EventOutcome, PerEvent, Rejected, explain
from eks_log_forwarder.transport.exchange import Answer
from eks_log_forwarder.transport.failures import Failure
from tests.scripted import OK, Answering, Lines, Scene, always, batch, in_turn, numbered, rejecting

WHOLE = [(numbered(1000), Cause.REFUSED_ALL, "refused_all")]


@pytest.mark.parametrize("status", [400, 404])
def test_a_batch_waits_if_three_of_its_events_are_refused_alone(status: int) -> None:
    """The first, the middle and the last: four requests instead of a hundred, and nothing is rejected."""
    scene = Scene(always(status))
    assert scene.send(*numbered(1000)) == WHOLE
    assert scene.transport.requests[1:] == [["0"], ["500"], ["999"]]
    assert (scene.tally.delivered, scene.tally.rejected) == (0, 0)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_batch_of_up_to_three_events_is_narrowed_down(count: int) -> None:
    """So few can all be at fault."""
    scene = Scene(always(400))
    assert scene.send(*numbered(count)) == [([m], Cause.REJECTED, "http_400") for m in numbered(count)]


def test_a_small_batch_waits_too_once_a_large_one_was_refused() -> None:
    """The last batch of a payload has few events; they are as innocent as the others."""
    scene = Scene(always(400))
    assert scene.send(*numbered(4)) == [(numbered(4), Cause.REFUSED_ALL, "refused_all")]
    assert scene.send("a", "b") == [(["a", "b"], Cause.REFUSED_ALL, "refused_all")]


@pytest.mark.parametrize("status", [413, 422])
def test_other_rejections_are_narrowed_down(status: int) -> None:
    """They say something about the content."""
    scene = Scene(always(status))
    assert scene.send(*numbered(4)) == [([m], Cause.REJECTED, f"http_{status}") for m in numbered(4)]


def test_a_container_that_has_delivered_an_event_narrows_down() -> None:
    """The setting is right, so these four events are at fault."""
    scene = Scene(rejecting(*numbered(4)))
    assert scene.send("good") == []
    assert scene.send(*numbered(4)) == [([m], Cause.REJECTED, "http_400") for m in numbered(4)]


@pytest.mark.parametrize(("bad", "tried_alone"), [("7", 1), ("0", 2)])
def test_one_event_that_is_accepted_alone_proves_the_setting(bad: str, tried_alone: int) -> None:
    """Then only the event at fault is rejected, and each of the others is delivered once."""
    scene = Scene(rejecting(bad))
    assert scene.send(*numbered(8)) == [([bad], Cause.REJECTED, "http_400")]
    assert [len(sent) for sent in scene.transport.requests[1 : tried_alone + 1]] == [1] * tried_alone
    taken = [one for sent in scene.transport.requests if bad not in sent for one in sent]
    assert sorted(taken) == sorted(set(numbered(8)) - {bad})
    assert scene.tally.delivered == 7


def test_an_outage_during_the_three_leaves_the_whole_batch() -> None:
    """As unreachable."""
    scene = Scene(in_turn(Answer(400, b""), Answer(400, b""), Answer(405, b"")))
    assert scene.send(*numbered(8)) == [(numbered(8), Cause.UNREACHABLE, "http_405")]


def per_event(*rounds: tuple[EventOutcome, ...]) -> Lines:
    """A collector that answers for each event, request by request."""
    left = list(rounds)
    return Lines(read=lambda _answer, _events: PerEvent(left.pop(0)))


CLOSED = Rejected("bulk_400_index_closed_exception")


def test_answers_per_event_that_refuse_all_are_tested_too() -> None:
    """A closed index refuses every document, whatever it holds."""
    scene = Scene(always(200), destination=per_event((CLOSED,) * 5, (CLOSED,), (CLOSED,), (CLOSED,)))
    assert scene.send(*numbered(5)) == [(numbered(5), Cause.REFUSED_ALL, "refused_all")]
    assert scene.transport.taken == 4


def test_answers_per_event_that_accept_one_alone_are_narrowed_down() -> None:
    """The other four are sent once more, and rejected one by one."""
    scene = Scene(always(200), destination=per_event((CLOSED,) * 5, (Delivered(),), (CLOSED,) * 4))
    assert scene.send(*numbered(5)) == [([m], Cause.REJECTED, CLOSED.reason) for m in numbered(5)[1:]]
    assert (scene.transport.taken, scene.tally.delivered) == (3, 1)


def test_a_mapping_conflict_of_some_events_is_no_setting() -> None:
    """One request, as long as one event of the answer is accepted."""
    scene = Scene(always(200), destination=per_event((CLOSED, CLOSED, CLOSED, Delivered())))
    assert len(scene.send(*numbered(4))) == 3
    assert scene.transport.taken == 1


def test_an_event_that_cannot_be_encoded_is_no_setting() -> None:
    """The encoder fails on one event; halving finds it without a request for it."""

    class Fragile(Lines):
        def request(self, encoded, credentials):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202  # as its parent
            if b"bad" in encoded:
                msg = "the text of this error holds s3cr3t"
                raise OverflowError(msg)
            return super().request(encoded, credentials)

    scene = Scene(always(200), destination=Fragile())
    assert scene.send("a", "b", "bad", "c", "d") == [(["bad"], Cause.REJECTED, "not_encodable")]
    assert (scene.tally.delivered, scene.transport.taken) == (4, 2)
    assert scene.tally.details
    assert "s3cr3t" not in str(scene.tally.details)


def test_no_leftover_is_unexplained() -> None:
    """The reasons of this folder are explained in words."""
    for reason in (REFUSED_ALL, CIRCUIT_OPEN, NOT_ENCODABLE):
        assert explain(reason) != reason


def singles(answering: Answering, count: int, *, has_accepted: bool = False) -> tuple[Scene, list[Leftover]]:
    """Sends events to a destination that takes one a request."""
    scene = Scene(answering, destination=Lines(max_events_per_request=1), has_accepted=has_accepted)
    batches = [batch(message) for message in numbered(count)]
    return scene, scene.delivery.send(batches, scene.deadline, scene.tally)


def test_three_requests_tell_a_wrong_setting_where_each_event_has_its_own() -> None:
    """All events wait together, in order."""
    scene, (leftover,) = singles(always(400), 1000)
    assert ([event.message for event in leftover.events], leftover.cause) == (
        numbered(1000),
        Cause.REFUSED_ALL,
    )
    assert scene.transport.requests == [["0"], ["999"], ["500"]]


@pytest.mark.parametrize("bad", [["0"], ["0", "7"], ["0", "1", "2", "3"]])
def test_single_events_at_fault_are_rejected_and_the_others_delivered_once(bad: list[str]) -> None:
    """An event that is accepted proves the setting."""
    scene, leftovers = singles(rejecting(*bad), 8)
    assert [event.message for left in leftovers for event in left.events if left.cause is Cause.REJECTED] in (
        bad,
        [bad[0], *reversed(bad[1:])],
    )
    assert scene.tally.delivered == 8 - len(bad)
    assert sorted(scene.transport.requests) == [[message] for message in numbered(8)]


@pytest.mark.parametrize(("count", "has_accepted"), [(3, False), (8, True)])
def test_few_single_events_and_those_of_a_setting_that_is_known_are_rejected(
    count: int, *, has_accepted: bool
) -> None:
    """As in a batch."""
    scene, leftovers = singles(always(400), count, has_accepted=has_accepted)
    assert [left.cause for left in leftovers] == [Cause.REJECTED] * count
    assert sorted(scene.transport.requests) == [[message] for message in numbered(count)]


def test_an_outage_among_single_events_leaves_those_that_follow() -> None:
    """The first was rejected; the others wait."""
    _, leftovers = singles(in_turn(Answer(400, b""), Failure.TLS, OK), 8)
    assert [left.cause for left in leftovers] == [Cause.REJECTED] + [Cause.UNREACHABLE] * 7
    assert sorted(event.message for left in leftovers for event in left.events) == numbered(8)
