"""What the two functions are made of."""

import pytest

from eks_log_forwarder import wiring


@pytest.mark.usefixtures("environment")
def test_the_redrive_may_narrow_down_ten_times_as_far() -> None:
    """In 1,000 requests, not 100; all else it shares with the forward function."""
    forward, redrive = wiring.forwarder(), wiring.redrive_forwarder()
    assert forward.delivery.max_requests_per_batch == 100
    assert redrive.delivery.max_requests_per_batch == 1000
    assert redrive.delivery.transport is forward.delivery.transport
    assert redrive.undelivered is forward.undelivered
