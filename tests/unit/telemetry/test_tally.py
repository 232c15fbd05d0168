"""The counts of one payload."""

import pytest

from eks_log_forwarder.errors import TallyError
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.telemetry.tally import Tally
from eks_log_forwarder.transport.failures import Failure


@pytest.mark.parametrize(
    ("delivered", "filtered", "parked", "kept"),
    [(10, 0, 0, 0), (0, 10, 0, 0), (0, 0, 10, 0), (0, 0, 0, 10), (1, 2, 3, 4)],
)
def test_counts_that_add_up_are_accepted(delivered: int, filtered: int, parked: int, kept: int) -> None:
    """Rejected events are parked ones too and do not count twice."""
    tally = Tally("demo", LogType.AUDIT, received=10)
    tally.delivered, tally.filtered, tally.parked, tally.kept = delivered, filtered, parked, kept
    tally.rejected = parked
    tally.check()


@pytest.mark.parametrize("received", [9, 11])
def test_counts_that_do_not_add_up_are_a_bug(received: int) -> None:
    """One event too many is as wrong as one too few; the error says all the counts."""
    tally = Tally("demo", LogType.AUDIT, received, delivered=1, filtered=2, parked=3, kept=4)
    with pytest.raises(TallyError, match=rf"received {received}, but delivered 1 .* 2 .* 3 .* 4 .* 0 = 10"):
        tally.check()


def test_reasons_are_counted_by_event() -> None:
    """The same reason twice is one line."""
    tally = Tally("demo", LogType.AUDIT)
    for reason, events in (("http_503", 10), ("http_400", 1), ("http_503", 20)):
        tally.give_reason(reason, events)
    assert tally.reasons == {"http_503": 30, "http_400": 1}


def test_the_handler_answers_ok_if_nothing_was_parked() -> None:
    """With the counts of the contract, and no reasons."""
    tally = Tally("demo", LogType.AUDIT, received=3, delivered=1, filtered=2)
    assert tally.answer() == {"status": "OK", "received": 3, "delivered": 1, "filtered": 2, "parked": 0}


def test_the_handler_answers_parked_with_reasons() -> None:
    """Rejected events are among the parked ones; the reasons count events."""
    tally = Tally("demo", LogType.AUDIT, received=6, delivered=1, filtered=2, parked=3, rejected=2)
    tally.give_reason("http_400", 2)
    tally.give_reason(Failure.CONNECTION_REFUSED, 1)
    assert tally.answer() == {
        "status": "PARKED",
        "received": 6,
        "delivered": 1,
        "filtered": 2,
        "parked": 3,
        "reasons": {"http_400": 2, "connection_refused": 1},
    }
