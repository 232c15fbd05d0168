"""Sends a batch to the destination and says what became of it."""

from time import monotonic

from eks_log_forwarder.batching import Batch
from eks_log_forwarder.deadline import Deadline
from eks_log_forwarder.destinations.base import Destination
from eks_log_forwarder.outcomes import Failure, Outcome, outcome_of_failure
from eks_log_forwarder.secrets import ReadSecret
from eks_log_forwarder.tally import Tally
from eks_log_forwarder.transport import Transport


class Delivery:
    """One destination, the session that leads to it and the secret that opens it."""

    def __init__(self, destination: Destination, transport: Transport, read_secret: ReadSecret) -> None:
        self.destination = destination
        self._transport = transport
        self._read_secret = read_secret

    def send(self, batch: Batch, deadline: Deadline, tally: Tally) -> Outcome:
        """Delivers the batch in one request, or says why not.

        Raises:
            SecretError: the destination's secret cannot be read.
        """
        request = self.destination.request(batch.encoded, self._read_secret())
        started = monotonic()
        result = self._transport.post(request, within_seconds=deadline.remaining_seconds())
        tally.slowest_request_ms = max(tally.slowest_request_ms, (monotonic() - started) * 1000)
        tally.delivery_attempts += 1
        tally.bytes_sent += len(request.body)
        if isinstance(result, Failure):
            return outcome_of_failure(result)
        return self.destination.outcome(result)
