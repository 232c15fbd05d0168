"""What becomes of one record of the stream, and of those after one that stays."""

import base64
import gzip
import json
from collections.abc import Iterable
from copy import replace
from hashlib import sha256

import pytest

from eks_log_forwarder.delivery.deadline import Deadline
from eks_log_forwarder.delivery.delivery import Delivery
from eks_log_forwarder.errors import ForwarderError, RecordKeptError, UndeliveredError
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.parking.messages import payload_of
from eks_log_forwarder.record.record import Detection, RuleRef
from eks_log_forwarder.stages import Match
from eks_log_forwarder.streaming.records import StreamRecord, StreamRecords
from eks_log_forwarder.telemetry.tally import Tally
from tests.payloads import event_of
from tests.payloads import payload_of as payload_in_json
from tests.scripted import MemoryQueue, Scene, always, forwarder, rejecting

API = "kube-apiserver-0123456789abcdef0123456789abcdef"  # its lines are taken as text
BROKEN = base64.b64encode(b"plain text, no gzip").decode()


def data_of(*messages: str, **fields: object) -> str:
    """The data of a record of these lines."""
    payload = payload_in_json(*messages, **({"logStream": API} | fields))
    return str(event_of(payload)["awslogs"]["data"])


class Invocation:
    """One invocation, with its queues and tallies."""

    def __init__(
        self,
        scene: Scene,
        undelivered: MemoryQueue | None = None,
        dead_letters: MemoryQueue | None = None,
        match: Match | None = None,
        last_call_seconds: float = 100,
    ) -> None:
        self.scene = scene
        self.undelivered = undelivered or MemoryQueue()
        self.dead_letters = dead_letters or MemoryQueue()
        self.tallies: list[Tally] = []
        built = forwarder(scene, self.undelivered)
        self.records = StreamRecords(
            forwarder=replace(built, stages=replace(built.stages, match=match)),
            dead_letters=self.dead_letters,
            deadline=scene.deadline,
            last_call=Deadline.after(last_call_seconds, scene.clock),
            count=self.tallies.append,
        )

    def settle(self, *data: str) -> list[str]:
        """Settles records 1, 2, …; the sequence numbers of those that stay."""
        kept = []
        for number, each in enumerate(data, start=1):
            try:
                self.records.settle(StreamRecord(f"{number}", each))
            except ForwarderError:
                kept.append(f"{number}")
        return kept

    def counts(self) -> list[tuple[int, int, int, int]]:
        """Received, delivered, parked and kept of each tally."""
        return [(tally.received, tally.delivered, tally.parked, tally.kept) for tally in self.tallies]


def test_records_are_delivered_one_after_the_other() -> None:
    """Each with its own account and cluster."""
    run = Invocation(Scene(always(200)))
    ours = data_of("a", "b")
    theirs = data_of("c", owner="444455556666", logGroup="/aws/eks/other/cluster")
    assert run.settle(ours, theirs) == []
    assert run.scene.transport.requests == [["a", "b"], ["c"]]
    assert [(one.account, one.cluster, one.log_type, one.delivered) for one in run.tallies] == [
        ("111122223333", "demo", LogType.API, 2),
        ("444455556666", "other", LogType.API, 1),
    ]


def test_a_control_message_is_counted_and_nothing_else() -> None:
    """It says that CloudWatch Logs reaches the stream."""
    run = Invocation(Scene(always(200)))
    probe = data_of("CWL CONTROL MESSAGE: Checking health", messageType="CONTROL_MESSAGE", logGroup="")
    assert run.settle(probe) == []
    assert (run.scene.transport.taken, run.tallies[0].control_messages, run.counts()) == (
        0,
        1,
        [(0, 0, 0, 0)],
    )


def test_what_the_collector_refuses_is_parked_and_the_record_is_done() -> None:
    """The checkpoint passes it; its neighbours are delivered."""
    run = Invocation(Scene(rejecting("bad"), has_accepted=True))
    assert run.settle(data_of("a", "bad"), data_of("b")) == []
    assert run.undelivered.contents() == [(["bad"], "http_400")]
    assert run.counts() == [(2, 1, 1, 0), (1, 1, 0, 0)]


def test_from_the_first_record_that_cannot_be_parked_all_stay() -> None:
    """The second does, so the third is not tried, though the collector takes it."""
    run = Invocation(Scene(rejecting("bad"), has_accepted=True), MemoryQueue(room=0))
    assert run.settle(data_of("a"), data_of("bad"), data_of("c")) == ["2", "3"]
    assert run.records.kept_from == "2"
    assert run.scene.transport.requests == [["a"], ["bad"]]
    assert run.counts() == [(1, 1, 0, 0), (1, 0, 0, 1)]


def test_when_it_comes_again_nothing_was_overtaken() -> None:
    """The queue is back: what the collector gets in the end is in the order of the stream."""
    scene = Scene(rejecting("bad"), has_accepted=True)
    lines = [data_of("a"), data_of("bad"), data_of("c")]
    kept = Invocation(scene, MemoryQueue(room=0)).settle(*lines)
    again = Invocation(scene)
    assert again.settle(*lines[int(kept[0]) - 1 :]) == []
    assert [sent for sent in scene.transport.requests if "bad" not in sent] == [["a"], ["c"]]
    assert again.undelivered.contents() == [(["bad"], "http_400")]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (BROKEN, "awslogs.data (19 bytes) is not gzip or is damaged"),
        ("%%%", "awslogs.data (3 characters) is not base64"),
        ("", "awslogs.data (0 bytes of gzip) ends too early"),
        (base64.b64encode(gzip.compress(b"{")).decode(), "awslogs.data (1 bytes expanded) is not JSON"),
        (
            base64.b64encode(gzip.compress(b"[1]")).decode(),
            "awslogs.data does not have the shape of a subscription payload: it has no list logEvents",
        ),
    ],
)
def test_what_is_no_payload_goes_to_the_dead_letter_queue_and_holds_up_nothing(data: str, why: str) -> None:
    """With its reason, its place in the stream and its digest; the records beside it are delivered."""
    run = Invocation(Scene(always(200)))
    assert run.settle(data_of("a"), data, data_of("b")) == []
    assert run.scene.transport.requests == [["a"], ["b"]]
    (dead,) = run.dead_letters.messages
    body = json.loads(dead.body)
    assert (dead.reason, dead.events, body["awslogs"]["data"], body["kinesis"]["sequenceNumber"]) == (
        "payload_invalid",
        1,
        data,
        "2",
    )
    assert "cut" not in body["kinesis"]
    assert run.counts() == [(1, 1, 0, 0), (1, 0, 1, 0), (1, 1, 0, 0)]
    assert (run.tallies[1].account, run.tallies[1].rejected, run.tallies[1].details) == ("", 1, [why])


def test_a_bomb_is_not_expanded() -> None:
    """Nor does a gigabyte that fits into a record hold up the others."""
    bomb = base64.b64encode(gzip.compress(bytes(70 * 1024 * 1024), compresslevel=1)).decode()
    run = Invocation(Scene(always(200)))
    assert run.settle(bomb, data_of("b")) == []
    assert [one.delivered for one in run.tallies] == [0, 1]
    assert run.tallies[0].details == [
        f"awslogs.data ({len(base64.b64decode(bomb))} bytes of gzip) expands to over 67108864 bytes"
    ]


def test_a_record_too_long_for_a_message_goes_cut() -> None:
    """A message of exactly 1 MiB, whose data is a part; the digest and the size are those of the whole."""
    content = b"\x1f\x8b" + bytes(range(256)) * 4096  # Kinesis takes records of a megabyte and more
    run = Invocation(Scene(always(200)))
    assert run.settle(base64.b64encode(content).decode()) == []
    (dead,) = run.dead_letters.messages
    body = json.loads(dead.body)
    assert 1024 * 1024 - 4 < dead.size_bytes <= 1024 * 1024
    assert content.startswith(base64.b64decode(body["awslogs"]["data"], validate=True))
    assert body["kinesis"] == {
        "sequenceNumber": "1",
        "sha256": sha256(content).hexdigest(),
        "bytes": len(content),
        "cut": True,
    }


def test_a_record_stays_if_the_dead_letter_queue_is_down_too() -> None:
    """It is the reason that the log gets, without the content."""
    run = Invocation(Scene(always(200)), dead_letters=MemoryQueue(room=0))
    with pytest.raises(RecordKeptError) as raised:
        run.records.settle(StreamRecord("7", BROKEN))
    why = "awslogs.data (19 bytes) is not gzip or is damaged"
    assert str(raised.value) == f"{why}; the queue did not accept the events: ClientError Full"
    assert (run.counts(), run.records.kept_from) == ([(1, 0, 0, 1)], "7")


def test_after_the_deadline_events_are_parked_without_an_attempt() -> None:
    """The first record uses up the time; the second is parked at once."""
    scene = Scene(always(200), request_seconds=10, remaining_seconds=10)
    run = Invocation(scene, last_call_seconds=13)
    assert run.settle(data_of("a"), data_of("b")) == []
    assert scene.transport.requests == [["a"]]
    assert run.undelivered.contents() == [(["b"], "no_time_left")]
    assert run.counts() == [(1, 1, 0, 0), (1, 0, 1, 0)]


def test_after_the_last_call_no_record_is_begun() -> None:
    """It stays, and is neither counted nor parked, since parking could be cut off in the middle."""
    run = Invocation(Scene(always(200), request_seconds=3), last_call_seconds=3)
    assert run.settle(data_of("a"), data_of("b"), data_of("c")) == ["2", "3"]
    assert (run.counts(), run.undelivered.messages) == ([(1, 1, 0, 0)], [])


def match_all(*_: object) -> list[Detection]:
    """Finds a detection in every event."""
    return [Detection(RuleRef("rule", "A rule", "high", []), "id", "ana", "pods")]


def test_detections_of_a_record_that_stays_are_published_once() -> None:
    """When it is settled: an outage of the queue would repeat them every minute."""
    scene = Scene(always(503))
    first = Invocation(scene, MemoryQueue(room=0), match=match_all)
    assert first.settle(data_of("a")) == ["1"]
    second = Invocation(scene, match=match_all)
    assert second.settle(data_of("a")) == []
    assert [len(run.tallies[0].detections) for run in (first, second)] == [0, 1]


def broken_send(_self: object, batches: Iterable[object], *_: object, **__: object) -> list[object]:
    """Looks at the events, and fails with a text of theirs, as no delivery should."""
    list(batches)
    text = "s3cr3t"
    raise KeyError(text)


def test_a_bug_parks_the_payload_and_does_not_hold_up_the_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of its events, whatever became of them before; the detail names the error's class alone."""
    run = Invocation(Scene(always(200)), match=match_all)
    monkeypatch.setattr(Delivery, "send", broken_send)
    assert run.settle(data_of("a", "b")) == []
    assert run.undelivered.contents() == [(["a", "b"], "unexpected_error")]
    (tally,) = run.tallies
    assert (run.counts(), tally.reasons, len(tally.detections)) == (
        [(2, 0, 2, 0)],
        {"unexpected_error": 2},
        2,
    )
    assert tally.details[0].startswith("unexpected_error: KeyError at ")
    assert "s3cr3t" not in repr(tally)


def test_a_bug_whose_payload_cannot_be_parked_keeps_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """As every payload; what was found in it waits, too."""
    run = Invocation(Scene(always(200)), MemoryQueue(room=0), match=match_all)
    monkeypatch.setattr(Delivery, "send", broken_send)
    with pytest.raises(UndeliveredError, match="2 of 2 events stay"):
        run.records.settle(StreamRecord("1", data_of("a", "b")))
    assert (run.counts(), len(run.tallies[0].detections)) == ([(2, 0, 0, 2)], 0)


def test_a_buried_record_can_be_redriven_if_a_later_version_reads_it() -> None:
    """It is parked as a payload is: in the shape that the redrive reads."""
    run = Invocation(Scene(always(200)), dead_letters=(dead := MemoryQueue()))
    run.settle(BROKEN)
    body = json.loads(dead.messages[0].body)
    body["awslogs"]["data"] = data_of("a")
    assert [event.message for event in payload_of(json.dumps(body)).logEvents] == ["a"]


def test_no_repr_shows_what_a_record_holds() -> None:
    """Its data may be anything."""
    assert "s3cr3t" not in repr(StreamRecord("1", "s3cr3t"))
