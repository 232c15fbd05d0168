"""The redrive of parked events: what becomes of one message of the queue of undelivered events.

    outcome of its events             what becomes of the message
    all delivered or filtered         deleted
    the destination is unreachable    hidden for a back-off; the invocation's other messages are not tried
    the circuit is open               hidden for a back-off without an attempt
    some were rejected                hidden too, until REJECTED_TRIES are used up; then only the rejected
                                      events go to the dead-letter queue, and the message is deleted
    all were refused                  hidden for REFUSED_ALL_TRIES, which take hours; then as above

A message that was received REJECTED_TRIES times has a history: if it fails again, it is halved to find out
whether one of its events is the reason, and its failure does not keep other messages from being tried.

Nothing is ever sent to the queue that the message came from: that would reset its age and its count, and
trigger Lambda's detection of recursive loops.
"""

from collections.abc import Callable, Iterable
from copy import replace
from random import uniform
from time import time
from typing import NoReturn

import msgspec

from eks_log_forwarder.config.hidden_fields import HiddenFields
from eks_log_forwarder.delivery.circuit_breaker import CIRCUIT_OPEN
from eks_log_forwarder.delivery.deadline import Deadline
from eks_log_forwarder.delivery.leftover import Cause, Leftover
from eks_log_forwarder.errors import MessageKeptError, ParkingError, PayloadError
from eks_log_forwarder.forwarding import Forwarder
from eks_log_forwarder.intake.log_stream import UNKNOWN_CLUSTER, LogStream
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import SubscriptionPayload, is_control_message
from eks_log_forwarder.parking.messages import (
    PAYLOAD_INVALID,
    Message,
    gathered,
    messages_of,
    payload_of,
)
from eks_log_forwarder.parking.queue import Queue
from eks_log_forwarder.telemetry.detection_counts import DetectionCounts
from eks_log_forwarder.telemetry.tally import Tally
from eks_log_forwarder.transport.failures import Failure

# The longest back-off. The queue's maxReceiveCount of 1,000 times this is over 14 days, the longest that SQS
# keeps a message. So no outage, however long, sends a backlog to the dead-letter queue.
MAX_BACKOFF_SECONDS = 1260
_MOST_DOUBLINGS = 11  # from a base of one second to beyond the cap; bounds the power
_JITTER = 0.2

# A batch that is not narrowed down here is buried as a whole, so the redrive may make many more requests than
# the forward function. At a tenth of a second each, they fit into the function's time.
MAX_REQUESTS_PER_PARKED_BATCH = 1000

# With the back-off this is over three hours, whatever its base: time to correct a setting.
REFUSED_ALL_TRIES = 24


class ReceivedMessage(HiddenFields, msgspec.Struct, frozen=True):
    """A received message; `receive_count` includes this time, `sent_ms` is when it was parked."""

    hidden = ("body", "receipt_handle")

    body: str
    receipt_handle: str
    receive_count: int
    sent_ms: int
    reason: str = ""  # why it was parked; empty for Lambda's own record


class Redrive(msgspec.Struct):
    """The redrive of one invocation's messages."""

    forwarder: Forwarder
    queue: Queue
    dead_letters: Queue
    rejected_tries: int
    backoff_base_seconds: int
    deadline: Deadline
    publish: Callable[[Tally], None]
    unreachable: str = ""  # the reason, once a message without history has failed
    random: Callable[[float, float], float] = uniform

    def settle(self, message: ReceivedMessage) -> None:
        """Delivers the events of a message; returns if the message can be deleted.

        Raises:
            MessageKeptError: it must stay in its queue.
            TallyError: an event was not counted; the message stays too.
        """
        tally = Tally(UNKNOWN_CLUSTER, LogType.UNKNOWN)
        are_new = False
        try:
            self._settle(message, tally)
        except MessageKeptError:
            tally.parked_age_seconds = max(time() - message.sent_ms / 1000, 0.0)
            tally.check()
            raise
        else:
            tally.check()
            are_new = message.reason == Failure.NO_TIME_LEFT  # no rule had seen these events
        finally:
            if not are_new:
                tally.detections = DetectionCounts()
            self.publish(tally)

    def _settle(self, message: ReceivedMessage, tally: Tally) -> None:
        try:
            payload = payload_of(message.body)
        except PayloadError as error:
            # Its events cannot be counted, so it counts as one event; it is buried unchanged.
            tally.received = tally.kept = 1
            tally.give_reason(PAYLOAD_INVALID, 1)
            dead = [Message(message.body, PAYLOAD_INVALID, 1)]
            self._bury_or_keep(message, dead, tally, str(error), self.rejected_tries)
            return
        stream = LogStream.of(payload)
        tally.cluster, tally.log_type, tally.account = stream.cluster, stream.log_type, stream.owner
        if is_control_message(payload):
            tally.control_messages += 1
        elif reason := self._reason_not_to_try(message):
            tally.received = tally.kept = len(payload.logEvents)
            tally.give_reason(reason, tally.kept)
            self._keep(message, reason)
        else:
            leftovers = self._forwarder(message).deliver(
                payload, stream, self.deadline, tally, has_history=self._has_history(message)
            )
            if leftovers:
                self._settle_leftovers(message, payload, leftovers, tally)

    def _forwarder(self, message: ReceivedMessage) -> Forwarder:
        """On the last try every refused event is found, so that the others are delivered."""
        if message.receive_count < self._refused_all_tries:
            return self.forwarder
        return replace(self.forwarder, delivery=replace(self.forwarder.delivery, suspects_settings=False))

    @property
    def _refused_all_tries(self) -> int:
        return max(REFUSED_ALL_TRIES, self.rejected_tries)

    def _has_history(self, message: ReceivedMessage) -> bool:
        return message.receive_count >= self.rejected_tries

    def _reason_not_to_try(self, message: ReceivedMessage) -> str:
        """Why a message stays without an attempt; empty if it is to be tried."""
        if not self.deadline.remaining_seconds():
            return Failure.NO_TIME_LEFT
        if self.forwarder.delivery.circuit.rests:
            return CIRCUIT_OPEN
        return "" if self._has_history(message) else self.unreachable

    def _settle_leftovers(
        self,
        message: ReceivedMessage,
        payload: SubscriptionPayload,
        leftovers: list[Leftover],
        tally: Tally,
    ) -> None:
        tally.kept = sum(len(leftover.events) for leftover in leftovers)
        if leftovers[-1].cause is Cause.UNREACHABLE:
            reason = leftovers[-1].reason
            if not self._has_history(message):
                self.unreachable = reason
            self._keep(message, reason)
        together = gathered(leftovers, most_events=self.forwarder.max_batch_events)
        dead = messages_of(payload, together)
        if any(leftover.cause is Cause.REFUSED_ALL for leftover in leftovers):
            self._bury_or_keep(message, dead, tally, "every event was refused", self._refused_all_tries)
        else:
            self._bury_or_keep(message, dead, tally, "events were rejected", self.rejected_tries)

    def _bury_or_keep(
        self, message: ReceivedMessage, dead: Iterable[Message], tally: Tally, why: str, tries: int
    ) -> None:
        """Sends events that will never be delivered to the dead-letter queue, after their tries."""
        if message.receive_count < tries:
            self._keep(message, f"{why} (try {message.receive_count} of {tries})")
        try:
            self.dead_letters.send(dead)
        except ParkingError as error:
            self._keep(message, str(error))
        tally.parked = tally.kept
        tally.rejected += tally.kept
        tally.kept = 0

    def _keep(self, message: ReceivedMessage, why: str) -> NoReturn:
        doublings = min(message.receive_count - 1, _MOST_DOUBLINGS)
        pause_seconds = min(self.backoff_base_seconds * 2**doublings, MAX_BACKOFF_SECONDS)
        # Jitter only lengthens: a shorter pause would use up maxReceiveCount before the 14 days are over.
        for_seconds = int(pause_seconds * self.random(1.0, 1.0 + _JITTER))
        try:
            self.queue.hide(message.receipt_handle, for_seconds=for_seconds)
        except ParkingError as error:
            why = f"{why}; {error}"
        raise MessageKeptError(why)
