"""Fakes for the delivery's tests: a clock that only sleeping moves, a scripted collector and queues."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import override

from eks_log_forwarder.config.credentials import Credentials, ReadSecret, read_nothing
from eks_log_forwarder.delivery.backoff import Backoff
from eks_log_forwarder.delivery.batch import Batch
from eks_log_forwarder.delivery.circuit_breaker import CircuitBreaker
from eks_log_forwarder.delivery.deadline import Deadline
from eks_log_forwarder.delivery.delivery import Delivery
from eks_log_forwarder.destinations.outcomes import Outcome, outcome_of_status
from eks_log_forwarder.errors import ParkingError
from eks_log_forwarder.forwarding import Forwarder
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent, SubscriptionPayload, unread
from eks_log_forwarder.parking.messages import Message, payload_of
from eks_log_forwarder.parking.queue import Queue
from eks_log_forwarder.record.record import Record
from eks_log_forwarder.stages import Stages
from eks_log_forwarder.telemetry.tally import Tally
from eks_log_forwarder.transport.client import Transport
from eks_log_forwarder.transport.exchange import Answer, Request
from eks_log_forwarder.transport.failures import Failure

type Answering = Callable[[list[str]], Answer | Failure]
"""What a collector answers to a request with these messages."""

OK = Answer(200, b"")


def always(status: int, retry_after_seconds: float | None = None) -> Answering:
    """The same answer to every request."""
    return lambda _: Answer(status, b"", retry_after_seconds)


def rejecting(*bad: str, status: int = 400) -> Answering:
    """Refuses every request that holds one of these messages."""
    return lambda messages: Answer(status, b"") if set(bad) & set(messages) else OK


def in_turn(*answers: Answer | Failure) -> Answering:
    """These answers, one after the other; then 200."""
    left = list(answers)
    return lambda _: left.pop(0) if left else OK


@dataclass
class Clock:
    """Seconds that pass only when somebody sleeps, or when a request takes its time."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        """The time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Passes at once."""
        self.slept.append(seconds)
        self.now += seconds


class ScriptedTransport(Transport):
    """Answers by script; remembers every request's messages, and how long it could have taken."""

    def __init__(self, answering: Answering, clock: Clock, request_seconds: float = 0.0) -> None:
        super().__init__(connect_timeout_seconds=1, read_timeout_seconds=1)
        self.answering = answering
        self.requests: list[list[str]] = []
        self.tokens: list[str] = []
        self.within: list[float] = []
        self.connect_timeouts: list[float | None] = []
        self._scripted_clock = clock
        self._request_seconds = request_seconds

    @override
    def post(self, request: Request, *, within_seconds: float) -> Answer | Failure:
        if within_seconds <= 0:
            return Failure.NO_TIME_LEFT
        messages = request.body.decode("utf-8", "surrogatepass").split("\n")
        self.requests.append(messages)
        self.tokens.append(request.headers["token"])
        self.within.append(within_seconds)
        self.connect_timeouts.append(request.connect_timeout_seconds)
        if request.meanwhile is not None:
            request.meanwhile()
        self._scripted_clock.now += min(self._request_seconds, within_seconds)
        return self.answering(messages)

    @property
    def taken(self) -> int:
        """How many requests were made."""
        return len(self.requests)


@dataclass(frozen=True)
class Lines:
    """A collector that takes one message a line; `read` says what an answer means."""

    read: Callable[[Answer, int], Outcome] = lambda answer, _: outcome_of_status(
        answer.status, retry_after_seconds=answer.retry_after_seconds
    )
    max_events_per_request: int | None = None

    def encode(self, record: Record) -> bytes:
        """The message alone."""
        return record.message.encode("utf-8", "surrogatepass")

    def request(self, encoded: Sequence[bytes], credentials: Credentials) -> Request:
        """The token is in a header."""
        return Request("http://x/", {"token": credentials.token or ""}, b"\n".join(encoded))

    def outcome(self, answer: Answer, events: int) -> Outcome:
        """Decided by the script."""
        return self.read(answer, events)


def events(*messages: str) -> list[LogEvent]:
    """Log events of these messages, a millisecond apart."""
    return [LogEvent(f"{number:056}", 1_000 + number, message) for number, message in enumerate(messages)]


def numbered(count: int) -> list[str]:
    """As many messages, each its own number."""
    return [f"{number}" for number in range(count)]


def batch(*messages: str) -> Batch:
    """One batch of these messages."""
    return Batch(events(*messages), [message.encode() for message in messages])


def tally() -> Tally:
    """An empty tally."""
    return Tally("demo", LogType.AUDIT)


@dataclass
class Scene:
    """A delivery with a scripted collector and a fake clock; every pause has its maximum length."""

    answering: Answering
    read_secret: ReadSecret = read_nothing
    destination: Lines = field(default_factory=Lines)
    budget_seconds: float = 20.0
    request_seconds: float = 0.0
    remaining_seconds: float = 100.0
    has_accepted: bool = False  # whether the container has delivered an event before
    clock: Clock = field(default_factory=Clock)
    tally: Tally = field(default_factory=tally)

    def __post_init__(self) -> None:
        self.transport = ScriptedTransport(self.answering, self.clock, self.request_seconds)
        self.deadline = Deadline.after(self.remaining_seconds, self.clock)
        self.delivery = Delivery(
            destination=self.destination,
            transport=self.transport,
            read_secret=self.read_secret,
            retry_budget_seconds=self.budget_seconds,
            backoff=Backoff(random=lambda _, most: most),
            circuit=CircuitBreaker(self.clock, b"accepted before" if self.has_accepted else None),
            sleep=self.clock.sleep,
        )

    def send(self, *messages: str, has_history: bool = False) -> list[tuple[list[str], str, str]]:
        """Sends one batch; of each leftover, its messages, cause and reason."""
        given = batch(*messages)
        leftovers = self.delivery.send([given], self.deadline, self.tally, has_history=has_history)
        return [([event.message for event in left.events], left.cause, left.reason) for left in leftovers]


class MemoryQueue(Queue):
    """Keeps messages in a list; takes no more than `room` of them, and hides none where `hides` is False."""

    def __init__(self, room: int = 1_000_000, *, hides: bool = True) -> None:
        super().__init__("https://sqs.invalid/queue")
        self.messages: list[Message] = []
        self.hidden: list[tuple[str, int]] = []
        self._room = room
        self._hides = hides

    @override
    def send(self, messages: Iterable[Message]) -> int:
        waiting = list(messages)
        room = self._room - len(self.messages)
        self.messages += waiting[:room]
        if unsent := sum(message.events for message in waiting[room:]):
            msg = "the queue did not accept the events: ClientError Full"
            raise ParkingError(msg, unsent=unsent)
        return sum(message.events for message in waiting)

    @override
    def hide(self, receipt_handle: str, *, for_seconds: int) -> None:
        if not self._hides:
            msg = "the message's visibility time-out could not be changed: ClientError Down"
            raise ParkingError(msg, unsent=0)
        self.hidden.append((receipt_handle, for_seconds))

    def contents(self) -> list[tuple[list[str], str]]:
        """Of each message, what its events say and its reason."""
        return [
            ([event.message for event in payload_of(message.body).logEvents], message.reason)
            for message in self.messages
        ]


def payload(*messages: str) -> SubscriptionPayload:
    """A payload of the API server's stream, whose lines are taken as text."""
    return SubscriptionPayload(
        "DATA_MESSAGE",
        "111122223333",
        "/aws/eks/demo/cluster",
        "kube-apiserver-0123456789abcdef0123456789abcdef",
        unread(["forwarder"]),
        events(*messages),
    )


def forwarder(scene: Scene, undelivered: Queue | None, max_batch_events: int = 1000) -> Forwarder:
    """A forwarder without detections, policy and redaction."""
    return Forwarder(
        stages=Stages(frozenset(LogType)),
        delivery=scene.delivery,
        undelivered=undelivered,
        max_batch_bytes=1_000_000,
        max_batch_events=max_batch_events,
    )
