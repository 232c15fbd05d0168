"""The requests of one batch: with the current secret, and until the outcome is known."""

import time
from collections.abc import Callable, Sequence
from copy import replace

import msgspec

from eks_log_forwarder.config.credentials import Credentials, ReadSecret
from eks_log_forwarder.delivery.circuit_breaker import is_out_of_reach
from eks_log_forwarder.delivery.deadline import Deadline
from eks_log_forwarder.delivery.leftover import NOT_ENCODABLE
from eks_log_forwarder.destinations.base import Destination, Pending
from eks_log_forwarder.destinations.outcomes import (
    UNAUTHORIZED,
    Delivered,
    Outcome,
    Rejected,
    Unreachable,
    outcome_of_failure,
)
from eks_log_forwarder.errors import SecretError, describe
from eks_log_forwarder.telemetry.tally import Tally
from eks_log_forwarder.transport.client import Transport
from eks_log_forwarder.transport.exchange import Answer, Request
from eks_log_forwarder.transport.failures import Failure
from eks_log_forwarder.transport.proxy import Proxy
from eks_log_forwarder.transport.tls import TlsIdentity


class Attempts(msgspec.Struct):
    """The requests for one batch and its parts; `made` counts them without follow-up requests.

    `proxy_url` is empty without a proxy; `connect_timeout_seconds` shortens the transport's own; `meanwhile`
    is done while a request is on its way.
    `last_status` is the HTTP status of the last answer to a batch, 0 without one; `is_out_of_reach` is the
    circuit breaker's view of the last exchange, None before the first.
    """

    destination: Destination
    transport: Transport
    read_secret: ReadSecret
    sleep: Callable[[float], None]
    deadline: Deadline
    tally: Tally
    meanwhile: Callable[[], None] | None = None
    proxy_url: str = ""
    connect_timeout_seconds: float | None = None
    made: int = 0
    last_status: int = 0
    is_out_of_reach: bool | None = None
    secret_read_again: bool = False

    def post(self, encoded: Sequence[bytes], budget: Deadline) -> Outcome | Pending:
        """Sends a batch, a second time if the secret may have been rotated; returns the outcome."""
        try:
            credentials = self.read_secret()
            outcome, status = self._post_with(credentials, encoded, budget)
            if not self.secret_read_again and _may_be_stale(credentials, outcome, status):
                self.secret_read_again = True
                renewed = self.read_secret(again=True)
                outcome, status = self._post_with(renewed, encoded, budget)
        except SecretError as error:
            return Unreachable(Failure.SECRET_UNREADABLE, retry=False, detail=str(error))
        if status in UNAUTHORIZED:
            self.tally.authentication_failures += 1
        return outcome

    def _post_with(
        self, credentials: Credentials, encoded: Sequence[bytes], budget: Deadline
    ) -> tuple[Outcome | Pending, int]:
        self.last_status = 0
        try:
            request = self.destination.request(encoded, credentials)
        except SecretError:
            raise
        except Exception as error:  # noqa: BLE001  # an event that the encoder cannot handle; halving finds it
            self.tally.details.append(f"{NOT_ENCODABLE}: {describe(error)}")
            return Rejected(NOT_ENCODABLE), 0
        result = self._exchange(request, credentials, budget)
        self.made += 1
        if isinstance(result, Failure):
            return outcome_of_failure(result), 0
        self.last_status = result.status
        outcome = self._meaning_of(result, len(encoded))
        if isinstance(outcome, Delivered):
            self.tally.split += request.split_events
        return outcome, result.status

    def _meaning_of(self, answer: Answer, events: int) -> Outcome | Pending:
        try:
            return self.destination.outcome(answer, events)
        except Exception as error:  # noqa: BLE001  # no answer, however odd, may cost the payload
            return replace(outcome_of_failure(Failure.ANSWER_UNREADABLE), detail=describe(error))

    def ask(self, pending: Sequence[Pending]) -> Answer | Failure:
        """Asks the collector which of these batches it has stored."""
        try:
            credentials = self.read_secret()
            question = pending[0].ask([one.ticket for one in pending], credentials)
            return self._exchange(question, credentials, self.deadline)
        except SecretError:  # it can have been replaced since the batches were sent
            return Failure.SECRET_UNREADABLE

    def _exchange(self, request: Request, credentials: Credentials, within: Deadline) -> Answer | Failure:
        request = replace(
            request,
            tls=TlsIdentity.of(credentials),
            proxy=Proxy.of(self.proxy_url, credentials),
            connect_timeout_seconds=self.connect_timeout_seconds,
            meanwhile=self.meanwhile,
        )
        started = time.monotonic()
        result = self.transport.post(request, within_seconds=within.remaining_seconds())
        took_seconds = None if isinstance(result, Failure) else result.took_seconds
        if took_seconds is None:
            took_seconds = time.monotonic() - started
        elapsed_ms = took_seconds * 1000
        self.tally.slowest_request_ms = max(self.tally.slowest_request_ms, elapsed_ms)
        self.tally.delivery_attempts += 1
        self.tally.bytes_sent += len(request.body)
        if result is not Failure.NO_TIME_LEFT:
            self.is_out_of_reach = is_out_of_reach(result)
        return result


def _may_be_stale(credentials: Credentials, outcome: Outcome | Pending, status: int) -> bool:
    """Whether a rotated secret could be the reason: a token, the proxy's password or a certificate."""
    if status in UNAUTHORIZED or outcome == outcome_of_failure(Failure.PROXY_AUTHENTICATION):
        return True
    return outcome == outcome_of_failure(Failure.TLS) and bool(TlsIdentity.of(credentials))
