"""The two functions between models of the collector, SQS and Lambda."""

from collections import deque
from copy import replace
from dataclasses import dataclass, field
from typing import Any

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.config.settings import Settings
from eks_log_forwarder.delivery.backoff import Backoff
from eks_log_forwarder.delivery.circuit_breaker import CircuitBreaker
from eks_log_forwarder.delivery.deadline import Deadline
from eks_log_forwarder.errors import MessageKeptError, SecretError, UndeliveredError
from eks_log_forwarder.forwarding import Forwarder
from eks_log_forwarder.intake.log_stream import LogStream
from eks_log_forwarder.intake.payload import decode_payload
from eks_log_forwarder.parking.messages import payload_of
from eks_log_forwarder.parking.queue import Queue
from eks_log_forwarder.redrive import MAX_REQUESTS_PER_PARKED_BATCH, ReceivedMessage, Redrive
from eks_log_forwarder.telemetry.tally import Tally
from eks_log_forwarder.wiring import build_forwarder
from tests.outage_model import MULTI_STATUS, AnswersByEvent, Collector, Fault, KilledError
from tests.queue_model import Sqs, on_failure_record
from tools.faults.virtual_time import Clock

PARKED = "https://sqs.us-east-1.amazonaws.com/111122223333/undelivered"
DEAD = "https://sqs.us-east-1.amazonaws.com/111122223333/dead-letters"
REJECTIONS = (400, 413, 422)
REJECTED_TRIES = 3
LAMBDA_TRIES = 3
REDRIVE_BATCH = 5
MOST_REDRIVES = 300


@dataclass(frozen=True)
class Outage:
    """Everything that fails, in order: the collector, SQS and the secret; and the time of each invocation."""

    collector: list[Fault] = field(default_factory=list)
    sqs: list[str] = field(default_factory=list)
    secret_works: list[bool] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    poison: frozenset[str] = frozenset()
    firewall: frozenset[str] = frozenset()  # ids that something in front of the collector refuses
    most_events: int = 1000
    by_event: bool = False

    @property
    def rejects_what_it_takes_later(self) -> bool:
        """Whether the collector may reject an event, or fail on it alone, that it takes at another time."""
        return any({fault.answer, *fault.by_event} & {*REJECTIONS, MULTI_STATUS} for fault in self.collector)


class World:
    """The functions and everything they call."""

    def __init__(self, outage: Outage, environ: dict[str, str]) -> None:
        self.clock = Clock()
        self.collector = Collector(
            self.clock,
            outage.collector,
            poison=outage.poison,
            firewall=outage.firewall,
            most_events=outage.most_events,
            by_event=outage.by_event,
        )
        self.sqs = Sqs(self.clock, deque(outage.sqs), {PARKED: [], DEAD: []})
        self.redriven: list[Tally] = []
        self._secret_works = deque(outage.secret_works)
        self._seconds = deque(outage.seconds)
        self._forwarder = self._build(environ)

    def _build(self, environ: dict[str, str]) -> Forwarder:
        settings = Settings.from_environ(
            {"DESTINATION_URL": "https://xplg.example.internal/", "DETECTIONS": "off", "REDACT": "off"}
            | environ
        )
        forwarder = build_forwarder(settings)
        delivery = replace(
            forwarder.delivery,
            destination=AnswersByEvent(forwarder.delivery.destination),
            transport=self.collector,
            read_secret=self._read_secret,
            backoff=Backoff(random=lambda low, high: (low + high) / 2),
            circuit=CircuitBreaker(self.clock),
            sleep=self.clock.advance,
        )
        return replace(forwarder, delivery=delivery, undelivered=Queue(PARKED, self.sqs.as_client))

    def _read_secret(self, *, again: bool = False) -> Credentials:
        if self._secret_works and not self._secret_works.popleft():
            msg = f"the secret could not be read, {again=}"
            raise SecretError(msg)
        return Credentials(token="t0ken")

    def _deadline(self) -> Deadline:
        seconds = self._seconds.popleft() if self._seconds else 45.0
        return Deadline.after(seconds, self.clock)

    def invoke(self, event: dict[str, Any]) -> None:
        """An asynchronous invocation: Lambda's tries, and then its record on the queue."""
        for _ in range(LAMBDA_TRIES):
            if self._forward(event):
                return
            self.clock.advance(60)
        self.sqs.put(PARKED, on_failure_record(event), len(decode_payload(event).logEvents))

    def _forward(self, event: dict[str, Any]) -> bool:
        payload = decode_payload(event)
        stream = LogStream.of(payload)
        tally = Tally(stream.cluster, stream.log_type)
        try:
            self._forwarder.forward(payload, stream, self._deadline(), tally)
        except UndeliveredError as error:
            kept = error.undelivered
        except KilledError:
            return False
        else:
            kept = 0
        tally.check()
        assert (tally.received, tally.kept) == (len(payload.logEvents), kept)
        return not kept

    def redrive(self) -> None:
        """One invocation of the redrive."""
        messages = self.sqs.receive(PARKED, most=REDRIVE_BATCH)
        delivery = replace(self._forwarder.delivery, max_requests_per_batch=MAX_REQUESTS_PER_PARKED_BATCH)
        redrive = Redrive(
            forwarder=replace(self._forwarder, delivery=delivery),
            queue=Queue(PARKED, self.sqs.as_client),
            dead_letters=Queue(DEAD, self.sqs.as_client),
            rejected_tries=REJECTED_TRIES,
            backoff_base_seconds=1,
            deadline=self._deadline(),
            publish=self.redriven.append,
        )
        for message in messages:
            received = ReceivedMessage(message.body, message.handle, message.receive_count, sent_ms=0)
            try:
                redrive.settle(received)
            except KilledError:
                return
            except MessageKeptError:
                self.redriven[-1].check()
                assert self.redriven[-1].kept == self.redriven[-1].received - self.redriven[-1].delivered
            else:
                self.redriven[-1].check()
                assert self.redriven[-1].kept == 0
                self.sqs.queues[PARKED].remove(message)

    def redrive_to_the_end(self) -> None:
        """Until the queue is empty."""
        for _ in range(MOST_REDRIVES):
            if not self.sqs.queues[PARKED]:
                return
            self.redrive()
        assert not self.sqs.queues[PARKED], "the redrive does not come to an end"

    def dead(self) -> set[str]:
        """The ids in the dead-letter queue."""
        return {event.id for letter in self.sqs.queues[DEAD] for event in payload_of(letter.body).logEvents}
