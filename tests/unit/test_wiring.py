"""What the two functions are made of."""

import pytest

from eks_log_forwarder import wiring
from tests.records import record_of


@pytest.mark.usefixtures("environment")
def test_the_redrive_may_narrow_down_ten_times_as_far() -> None:
    """In 1,000 requests, not 100; all else it shares with the forward function."""
    forward, redrive = wiring.forwarder(), wiring.redrive_forwarder()
    assert forward.delivery.max_requests_per_batch == 100
    assert redrive.delivery.max_requests_per_batch == 1000
    assert redrive.delivery.transport is forward.delivery.transport
    assert redrive.undelivered is forward.undelivered


def test_only_the_redrive_labels_events_for_loki(environment: pytest.MonkeyPatch) -> None:
    """Live events keep their stream; every other destination is the same in both functions."""
    environment.setenv("DESTINATION", "loki")
    forward, redrive = (one.delivery.destination for one in (wiring.forwarder(), wiring.redrive_forwarder()))
    assert b"redriven" not in forward.encode(record_of())
    assert b'"redriven":"2026-01-14T10"' in redrive.encode(record_of())


@pytest.mark.usefixtures("environment")
def test_the_redrive_shares_the_destination() -> None:
    """Splunk's channel, for instance, belongs to the container."""
    assert wiring.redrive_forwarder().delivery.destination is wiring.forwarder().delivery.destination
