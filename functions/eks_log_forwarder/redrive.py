"""The way back of parked events: what happens to one message of the queue of undelivered events.

    what became of its events          what becomes of the message
    all delivered or filtered          deleted
    the destination is unreachable     kept, hidden for a back-off; the rest of the invocation is not tried
    some were rejected                 kept as well, until RejectedTries are used up; then the rejected ones,
                                       and only they, go to the dead-letter queue and the message is deleted

Nothing is ever sent to the queue that the message came from: that would reset its age and its count, and run
into Lambda's guard against loops.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import uniform
from time import time
from typing import NoReturn

from eks_log_forwarder.delivery.deadline import Deadline
from eks_log_forwarder.delivery.delivery import Cause, Leftover
from eks_log_forwarder.errors import MessageKeptError, ParkingError, PayloadError
from eks_log_forwarder.forwarding import Forwarder
from eks_log_forwarder.intake.log_stream import UNKNOWN_CLUSTER, LogStream
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import SubscriptionPayload, is_control_message
from eks_log_forwarder.parking.messages import Message, messages_of, payload_of
from eks_log_forwarder.parking.queue import Queue
from eks_log_forwarder.telemetry.tally import Tally
from eks_log_forwarder.transport.failures import Failure

# The longest back-off. The queue's maxReceiveCount of 1,000 times this is over 14 days, the longest that SQS
# keeps a message: so no outage, however long, sends a backlog to the dead-letter queue.
MAX_BACKOFF_SECONDS = 1260
_MOST_DOUBLINGS = 11  # from a base of one second to beyond the cap; a power without bound has no end
_JITTER = 0.2

# Nobody waits for a redrive, and what is not narrowed down here is buried with what is at fault: so far more
# than in the first place. At a tenth of a second each they still fit into the function's time.
MAX_REQUESTS_PER_PARKED_BATCH = 1000

PAYLOAD_INVALID = "payload_invalid"


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message as it was received; `receive_count` includes this time, `sent_ms` is when it was parked."""

    body: str = field(repr=False)
    receipt_handle: str = field(repr=False)
    receive_count: int
    sent_ms: int


@dataclass(slots=True)
class Redrive:
    """The redrive of one invocation's messages."""

    forwarder: Forwarder
    queue: Queue
    dead_letters: Queue
    rejected_tries: int
    backoff_base_seconds: int
    deadline: Deadline
    publish: Callable[[Tally], None]
    unreachable: str = ""
    random: Callable[[float, float], float] = uniform

    def settle(self, message: ReceivedMessage) -> None:
        """Delivers a message's events; returns when the message can be deleted.

        Raises:
            MessageKeptError: it has to stay in its queue.
            TallyError: an event was not counted; the message stays too.
        """
        tally = Tally(UNKNOWN_CLUSTER, LogType.UNKNOWN)
        try:
            self._settle(message, tally)
        except MessageKeptError:
            tally.parked_age_seconds = max(time() - message.sent_ms / 1000, 0.0)
            tally.check()
            raise
        else:
            tally.check()
        finally:
            self.publish(tally)

    def _settle(self, message: ReceivedMessage, tally: Tally) -> None:
        try:
            payload = payload_of(message.body)
        except PayloadError as error:
            # What the message holds cannot be told, so it counts as one event; it is buried as it came.
            tally.received = tally.kept = 1
            tally.give_reason(PAYLOAD_INVALID, 1)
            self._bury_or_keep(message, [Message(message.body, PAYLOAD_INVALID, 1)], tally, str(error))
            return
        stream = LogStream.of(payload)
        tally.cluster, tally.log_type = stream.cluster, stream.log_type
        if is_control_message(payload):
            tally.control_messages += 1
        elif self.unreachable or not self.deadline.remaining_seconds():
            reason = self.unreachable or Failure.NO_TIME_LEFT
            tally.received = tally.kept = len(payload.logEvents)
            tally.give_reason(reason, tally.kept)
            self._keep(message, reason)
        else:
            leftovers = self.forwarder.deliver(payload, stream, self.deadline, tally)
            if leftovers:
                self._settle_leftovers(message, payload, leftovers, tally)

    def _settle_leftovers(
        self,
        message: ReceivedMessage,
        payload: SubscriptionPayload,
        leftovers: list[Leftover],
        tally: Tally,
    ) -> None:
        tally.kept = sum(len(leftover.events) for leftover in leftovers)
        if leftovers[-1].cause is Cause.UNREACHABLE:
            self.unreachable = leftovers[-1].reason
            self._keep(message, self.unreachable)
        self._bury_or_keep(message, messages_of(payload, leftovers), tally, "events were rejected")

    def _bury_or_keep(
        self, message: ReceivedMessage, dead: Iterable[Message], tally: Tally, why: str
    ) -> None:
        """Sends what will never be delivered to the dead-letter queue, once it has had its tries."""
        if message.receive_count < self.rejected_tries:
            self._keep(message, f"{why} (try {message.receive_count} of {self.rejected_tries})")
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
