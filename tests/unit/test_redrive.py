"""The redrive of parked events: what becomes of a message, and its back-off."""

import json
import re
from copy import replace
from dataclasses import dataclass, field
from pathlib import Path
from time import time

import pytest

from eks_log_forwarder.control_plane.parsing import Parsed
from eks_log_forwarder.destinations.outcomes import PerEvent, Rejected
from eks_log_forwarder.errors import MessageKeptError, TallyError
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent
from eks_log_forwarder.parking.messages import payload_of
from eks_log_forwarder.record.record import Detection, RuleRef
from eks_log_forwarder.redrive import MAX_BACKOFF_SECONDS, REFUSED_ALL_TRIES, ReceivedMessage, Redrive
from eks_log_forwarder.stages import Stages
from eks_log_forwarder.telemetry.tally import Tally
from eks_log_forwarder.transport.exchange import Answer
from eks_log_forwarder.transport.failures import Failure
from tests.payloads import event_of
from tests.payloads import payload_of as payload_in_json
from tests.scripted import (
    OK,
    Answering,
    Lines,
    MemoryQueue,
    Scene,
    always,
    forwarder,
    in_turn,
    rejecting,
)

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"
HOUR_MS = 3_600_000
DAYS_14_SECONDS = 14 * 24 * 3600


def body_of(*messages: str, **fields: object) -> str:
    """A message that holds these lines, as we park them."""
    return json.dumps(event_of(payload_in_json(*messages, **fields)))


def parked(body: str, receive_count: int = 1, age_ms: int = 0) -> ReceivedMessage:
    """A message as Lambda hands it over."""
    return ReceivedMessage(body, f"receipt-{receive_count}", receive_count, int(time() * 1000) - age_ms)


def refusing_all_of(bad: str) -> Answering:
    """A firewall that answers 406 to every request with this message."""
    return lambda messages: Answer(406, b"") if bad in messages else OK


@dataclass
class Stage:
    """A redrive between two queues in memory; it publishes into a list, and its jitter is as asked."""

    scene: Scene
    queue: MemoryQueue = field(default_factory=MemoryQueue)
    dead_letters: MemoryQueue = field(default_factory=MemoryQueue)
    rejected_tries: int = 3
    base_seconds: int = 30
    jitter: float = 1.0
    published: list[Tally] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.redrive = Redrive(
            forwarder=forwarder(self.scene, None),
            queue=self.queue,
            dead_letters=self.dead_letters,
            rejected_tries=self.rejected_tries,
            backoff_base_seconds=self.base_seconds,
            deadline=self.scene.deadline,
            publish=self.published.append,
            random=lambda _least, _most: self.jitter,
        )

    def settle(self, *messages: ReceivedMessage) -> list[bool]:
        """Of each message, whether it can be deleted."""
        return [self._settle(message) for message in messages]

    def _settle(self, message: ReceivedMessage) -> bool:
        try:
            self.redrive.settle(message)
        except MessageKeptError:
            return False
        return True

    def counts(self, position: int = 0) -> tuple[int, int, int, int, int]:
        """Received, delivered, parked, rejected, kept; of one message."""
        tally = self.published[position]
        return (tally.received, tally.delivered, tally.parked, tally.rejected, tally.kept)


def test_a_message_that_is_delivered_is_deleted() -> None:
    """Its counts are published under its cluster, and nothing is sent to any queue."""
    stage = Stage(Scene(always(200)))
    assert stage.settle(parked(body_of("a", "b"))) == [True]
    assert stage.counts() == (2, 2, 0, 0, 0)
    assert stage.published[0].cluster == "demo"
    assert (stage.queue.messages, stage.queue.hidden, stage.dead_letters.messages) == ([], [], [])


def test_lambdas_own_record_is_delivered_too() -> None:
    """The payload of an invocation that failed for good."""
    stage = Stage(Scene(always(200)))
    record = json.dumps({"version": "1.0", "requestPayload": json.loads(body_of("a", "b", "c"))})
    assert stage.settle(parked(record)) == [True]
    assert stage.scene.transport.requests == [["a", "b", "c"]]


def test_a_control_message_is_deleted() -> None:
    """Lambda may have kept one."""
    stage = Stage(Scene(always(200)))
    assert stage.settle(parked(body_of("hello", messageType="CONTROL_MESSAGE"))) == [True]
    assert (stage.counts(), stage.scene.transport.taken) == ((0, 0, 0, 0, 0), 0)


def test_a_message_stays_while_the_collector_is_unreachable() -> None:
    """Hidden for the back-off; it is sent to no queue, which would reset its age and its count."""
    stage = Stage(Scene(always(404)))
    assert stage.settle(parked(body_of("a", "b"), receive_count=3)) == [False]
    assert stage.queue.hidden == [("receipt-3", 120)]
    assert stage.counts() == (2, 0, 0, 0, 2)
    assert (stage.queue.messages, stage.dead_letters.messages) == ([], [])


def test_after_an_unreachable_message_the_others_are_not_tried() -> None:
    """They are hidden as well, each by its own count."""
    stage = Stage(Scene(in_turn(Answer(200, b""), Answer(404, b""))))
    messages = [parked(body_of("a"), count) for count in (1, 1, 2, 2)]
    assert stage.settle(*messages) == [True, False, False, False]
    assert stage.scene.transport.taken == 2
    assert [seconds for _, seconds in stage.queue.hidden] == [30, 60, 60]
    assert [stage.counts(n) for n in range(4)] == [(1, 1, 0, 0, 0), *[(1, 0, 0, 0, 1)] * 3]
    assert stage.published[3].reasons == {"http_404": 1}


def test_a_message_with_a_history_does_not_keep_others_from_their_turn() -> None:
    """It fails for the third time, and the messages after it are delivered."""
    stage = Stage(Scene(refusing_all_of("bad")))
    assert stage.settle(parked(body_of("bad"), 3), parked(body_of("a"), 1), parked(body_of("b"), 7)) == [
        False,
        True,
        True,
    ]


def test_an_event_that_a_firewall_refuses_is_buried_with_its_reason() -> None:
    """At the third try, once others have passed: the message is halved, and its healthy events arrive."""
    stage = Stage(Scene(refusing_all_of("bad")))
    mixed = body_of("a", "b", "bad", "c", "d")
    assert [stage.settle(parked(mixed, count)) for count in (1, 2)] == [[False], [False]]
    stage.redrive.unreachable = ""  # as in a new invocation
    assert stage.settle(parked(mixed, 3)) == [True]
    assert stage.dead_letters.contents() == [(["bad"], "http_406")]
    assert stage.counts(2) == (5, 4, 1, 1, 0)


def test_a_message_of_one_refused_event_is_buried_once_another_message_has_passed() -> None:
    """Before that, the destination may be down."""
    stage = Stage(Scene(refusing_all_of("bad")))
    assert stage.settle(parked(body_of("bad"), 3)) == [False]
    assert stage.settle(parked(body_of("a")), parked(body_of("bad"), 4)) == [True, True]
    assert stage.dead_letters.contents() == [(["bad"], "http_406")]


@pytest.mark.parametrize("receive_count", [1, 3, 23])
def test_a_message_that_is_refused_as_a_whole_waits_for_many_tries(receive_count: int) -> None:
    """Each takes four requests."""
    stage = Stage(Scene(always(400)))
    assert stage.settle(parked(body_of(*"abcde"), receive_count)) == [False]
    assert stage.scene.transport.taken == 4
    assert stage.published[0].reasons == {"refused_all": 5}
    assert stage.dead_letters.contents() == []


def test_the_last_try_of_such_a_message_buries_only_what_is_refused() -> None:
    """Three bad events at the places that were tried alone do not bury the good ones between them."""
    stage = Stage(Scene(rejecting("a", "c", "e")))
    assert stage.settle(parked(body_of(*"abcde"), REFUSED_ALL_TRIES)) == [True]
    assert stage.published[0].delivered == 2
    assert [events for events, _ in stage.dead_letters.contents()] == [["a"], ["c"], ["e"]]


@pytest.mark.parametrize("base_seconds", [1, 30, 900])
def test_many_tries_take_hours(base_seconds: int) -> None:
    """Time to correct a setting."""
    stage = Stage(Scene(always(400)), base_seconds=base_seconds)
    stage.settle(*(parked(body_of(*"abcde"), n) for n in range(1, REFUSED_ALL_TRIES)))
    assert sum(seconds for _, seconds in stage.queue.hidden) >= 3 * 3600


def test_a_message_that_was_refused_as_a_whole_is_delivered_once_the_setting_is_right() -> None:
    """Whatever its count."""
    stage = Stage(Scene(always(200)))
    assert stage.settle(parked(body_of(*"abcde"), 500)) == [True]


def test_an_open_circuit_moves_messages_without_an_attempt() -> None:
    """The first message opens it; the others, also those with a history, are hidden for their back-off."""
    stage = Stage(Scene(always(503), budget_seconds=0.1))
    assert stage.settle(*(parked(body_of("a"), count) for count in (1, 2, 500))) == [False] * 3
    assert stage.scene.transport.taken == 1
    assert [seconds for _, seconds in stage.queue.hidden] == [30, 60, 1260]
    assert stage.published[2].reasons == {"circuit_open": 1}


def test_an_open_circuit_lets_one_message_try_each_minute() -> None:
    """Once that message is delivered, the others are too."""
    stage = Stage(Scene(in_turn(Answer(503, b"")), budget_seconds=0.1))
    assert stage.settle(parked(body_of("a"))) == [False]
    stage.scene.clock.now += 61.0
    stage.redrive.unreachable = ""  # as in a new invocation
    assert stage.settle(parked(body_of("a"), 2), parked(body_of("b"), 2)) == [True, True]


def test_rejected_events_of_alternating_reasons_share_dead_letters() -> None:
    """A hundred alone, and the rest by reason: 102 messages for 300 events."""
    outcomes = PerEvent(tuple(Rejected("bulk_413" if n % 2 else "bulk_422") for n in range(300)))
    scene = Scene(always(200), destination=Lines(read=lambda _answer, _events: outcomes))
    stage = Stage(scene, rejected_tries=1)
    assert stage.settle(parked(body_of(*(f"{n}" for n in range(300))))) == [True]
    assert [message.events for message in stage.dead_letters.messages] == [1] * 100 + [100, 100]


def test_without_time_left_messages_stay_untried() -> None:
    """The next invocation has time."""
    stage = Stage(Scene(always(200), remaining_seconds=0.0))
    assert stage.settle(parked(body_of("a"))) == [False]
    assert (stage.scene.transport.taken, stage.published[0].reasons) == (0, {Failure.NO_TIME_LEFT: 1})


@pytest.mark.parametrize("receive_count", [1, 2])
def test_rejected_events_have_their_tries(receive_count: int) -> None:
    """The others are delivered; the message stays."""
    stage = Stage(Scene(rejecting("bad")))
    assert stage.settle(parked(body_of("a", "bad", "c"), receive_count)) == [False]
    assert stage.counts() == (3, 2, 0, 0, 1)
    assert stage.queue.hidden == [(f"receipt-{receive_count}", 30 * receive_count)]
    assert stage.dead_letters.messages == []


@pytest.mark.parametrize("receive_count", [3, 4, 1000])
def test_after_their_tries_only_the_rejected_events_are_buried(receive_count: int) -> None:
    """Each with its reason; the message is deleted, and nothing is sent to its own queue."""
    stage = Stage(Scene(rejecting("bad", "worse")))
    assert stage.settle(parked(body_of("a", "bad", "c", "worse"), receive_count)) == [True]
    assert stage.dead_letters.contents() == [(["bad"], "http_400"), (["worse"], "http_400")]
    assert stage.counts() == (4, 2, 2, 2, 0)
    assert (stage.queue.messages, stage.queue.hidden) == ([], [])


def test_one_try_buries_at_once() -> None:
    """RejectedTries is a setting."""
    stage = Stage(Scene(always(422)), rejected_tries=1)
    assert stage.settle(parked(body_of("a"))) == [True]
    assert stage.dead_letters.contents() == [(["a"], "http_422")]


def test_what_was_buried_keeps_its_ids() -> None:
    """So operators can redrive it and recognise duplicates."""
    stage = Stage(Scene(always(400)), rejected_tries=1)
    stage.settle(parked(body_of("a", "b")))
    assert [
        event.id for message in stage.dead_letters.messages for event in payload_of(message.body).logEvents
    ] == [f"{number:056}" for number in range(2)]


def test_an_outage_is_not_held_against_rejected_events() -> None:
    """Where one part was rejected and the rest unreachable, the message waits, whatever its count."""
    stage = Stage(Scene(lambda messages: Answer(400 if "bad" in messages else 404, b"")))
    assert stage.settle(parked(body_of("bad", "b"), receive_count=1000)) == [False]
    assert stage.dead_letters.messages == []
    assert stage.counts() == (2, 0, 0, 0, 2)


def test_a_message_stays_when_the_dead_letter_queue_does_not_take_it() -> None:
    """Nothing is deleted that is nowhere else."""
    stage = Stage(Scene(rejecting("bad")), dead_letters=MemoryQueue(0))
    assert stage.settle(parked(body_of("a", "bad"), receive_count=3)) == [False]
    assert stage.counts() == (2, 1, 0, 0, 1)


@pytest.mark.parametrize(("receive_count", "deleted"), [(1, False), (2, False), (3, True)])
def test_an_unreadable_message_is_buried_unchanged(receive_count: int, deleted: bool) -> None:  # noqa: FBT001  # the table's column
    """After the same tries; it counts as one event and is not sent to the collector."""
    stage = Stage(Scene(always(200)))
    assert stage.settle(parked('{"foo": 1}', receive_count)) == [deleted]
    assert [(message.body, message.reason) for message in stage.dead_letters.messages] == (
        [('{"foo": 1}', "payload_invalid")] if deleted else []
    )
    assert stage.counts() == ((1, 0, 1, 1, 0) if deleted else (1, 0, 0, 0, 1))
    assert stage.scene.transport.taken == 0


def test_a_poison_message_holds_up_no_neighbour() -> None:
    """Before and behind it, messages are delivered."""
    stage = Stage(Scene(rejecting("bad")))
    messages = [parked(body) for body in (body_of("a"), "garbage", body_of("bad"), body_of("b"))]
    assert stage.settle(*messages) == [True, False, False, True]
    assert [stage.counts(n)[1] for n in range(4)] == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("receive_count", "base_seconds", "jitter", "seconds"),
    [
        (1, 30, 1.0, 30),
        (2, 30, 1.0, 60),
        (6, 30, 1.0, 960),
        (7, 30, 1.0, 1260),
        (7, 30, 1.2, 1512),
        (1, 1, 1.0, 1),
        (11, 1, 1.0, 1024),
        (12, 1, 1.0, 1260),
        (1000, 30, 1.0, 1260),
        (1_000_000, 900, 1.2, 1512),
    ],
)
def test_the_back_off_doubles_up_to_its_cap(
    receive_count: int, base_seconds: int, jitter: float, seconds: int
) -> None:
    """The jitter only lengthens, by a fifth at most; no count is too large."""
    stage = Stage(Scene(always(404)), base_seconds=base_seconds, jitter=jitter)
    stage.settle(parked(body_of("a"), receive_count))
    assert stage.queue.hidden == [(f"receipt-{receive_count}", seconds)]


def test_the_jitter_is_between_one_and_one_fifth_more() -> None:
    """By itself."""
    stage = Stage(Scene(always(404)))
    bounds: list[tuple[float, float]] = []

    def middle(least: float, most: float) -> float:
        bounds.append((least, most))
        return 1.1

    stage.redrive.random = middle
    stage.settle(parked(body_of("a")))
    assert (bounds, stage.queue.hidden) == ([(1.0, 1.2)], [("receipt-1", 33)])


@pytest.mark.parametrize(
    "path",
    [
        "template.yaml",
        "README.md",
        "docs/parameters.md",
        "docs/troubleshooting.md",
        "docs/runbooks/collector-down.md",
    ],
)
def test_a_document_states_the_longest_pause(path: str) -> None:
    """In minutes, with the jitter."""
    stage = Stage(Scene(always(404)), base_seconds=900, jitter=1.2)
    stage.settle(parked(body_of("a"), 1_000_000))
    ((_, seconds),) = stage.queue.hidden
    text = " ".join((TEMPLATE.parent / path).read_text(encoding="utf-8").split())
    stated = {float(minutes) * 60 for minutes in re.findall(r"(?:up to|at most) ([\d.]+) minutes", text)}
    assert stated == {seconds} == {1512}


@pytest.mark.parametrize("status", [404, 503])
@pytest.mark.parametrize("base_seconds", [1, 30, 900])
def test_no_outage_sends_a_backlog_to_the_dead_letter_queue(base_seconds: int, status: int) -> None:
    """The template's maxReceiveCount is used up after the 14 days that SQS keeps a message, not before.

    With an open circuit too (503).
    """
    (count,) = re.findall(r"^ +maxReceiveCount: (\d+)$", TEMPLATE.read_text(), re.MULTILINE)
    (visibility_seconds,) = re.findall(r"^ +VisibilityTimeout: (\d+)$", TEMPLATE.read_text(), re.MULTILINE)
    assert int(count) * MAX_BACKOFF_SECONDS >= DAYS_14_SECONDS
    assert int(count) * int(visibility_seconds) >= DAYS_14_SECONDS  # where no back-off can be set
    stage = Stage(Scene(always(status)), base_seconds=base_seconds)
    stage.settle(*(parked(body_of("a"), n + 1) for n in range(int(count))))
    assert len(stage.queue.hidden) == int(count)
    assert sum(seconds for _, seconds in stage.queue.hidden) >= DAYS_14_SECONDS


def test_a_message_that_cannot_be_hidden_stays_all_the_same() -> None:
    """The queue's own time-out holds then; the error says both."""
    stage = Stage(Scene(always(404)), queue=MemoryQueue(hides=False))
    with pytest.raises(
        MessageKeptError, match="http_404; the message's visibility time-out could not be changed"
    ):
        stage.redrive.settle(parked(body_of("a")))


@pytest.mark.parametrize(("status", "age_seconds"), [(404, 3600), (200, 0)])
def test_the_age_of_what_stays_is_published(status: int, age_seconds: int) -> None:
    """SQS leaves messages that were received often out of its metric."""
    stage = Stage(Scene(always(status)))
    stage.settle(parked(body_of("a"), age_ms=HOUR_MS))
    assert stage.published[0].parked_age_seconds == pytest.approx(age_seconds, abs=5)


@pytest.mark.parametrize(("reason", "published"), [("no_time_left", 2), ("http_503", 0), ("", 0)])
def test_detections_in_events_that_no_rule_had_seen_are_published(reason: str, published: int) -> None:
    """Once they are delivered; those of all other messages were published when CloudWatch sent them."""
    stage = Stage(Scene(in_turn(Answer(404, b""))))
    stage.redrive.forwarder = replace(
        stage.redrive.forwarder, stages=Stages(frozenset(LogType), match=finding)
    )
    for receive_count in (1, 2):
        stage.redrive.unreachable = ""
        stage.settle(replace(parked(body_of("a", "b"), receive_count), reason=reason))
    assert [len(tally.detections) for tally in stage.published] == [0, published]


def finding(_log_type: LogType, _parsed: Parsed, event: LogEvent) -> list[Detection]:
    """One detection in every event."""
    return [Detection(RuleRef("a-rule", "A Rule", "high", []), event.id, "ana", "pods")]


def test_a_message_does_not_show_itself() -> None:
    """Neither its body nor its handle."""
    assert repr(parked("s3cr3t")).startswith("ReceivedMessage(receive_count=1, sent_ms=")


def test_counts_that_do_not_add_up_keep_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a bug, and raised as one; it is published all the same."""
    stage = Stage(Scene(always(200)))
    monkeypatch.setattr(
        type(stage.scene.delivery), "send", lambda *_, **__: []
    )  # loses its batch without a word
    with pytest.raises(TallyError):
        stage.redrive.settle(parked(body_of("a")))
    assert len(stage.published) == 1
