"""The faults of a stream: what is promised for its records, and for the events in them.

Three records of ten events each, in one shard; where it says so, one more record comes between the first and
the second. Where the collector answers badly, the first record meets a healthy one. After the invocation all
is well again: the event source goes on from its checkpoint, and the redrive empties the queue.
"""

import gzip
from dataclasses import dataclass

from eks_log_forwarder.delivery.circuit_breaker import CIRCUIT_OPEN
from eks_log_forwarder.parking.messages import PAYLOAD_INVALID
from eks_log_forwarder.transport.failures import Failure
from tools.faults import scripts as does
from tools.faults.collector import Script, take

RECORDS = 3
EVENTS_PER_RECORD = 10
STREAM_EVENTS = RECORDS * EVENTS_PER_RECORD
MARKED = "event 16"  # in the second record

_NOT_GZIP = b"a line that somebody put there by hand"
_NO_PAYLOAD = gzip.compress(b'{"logGroup": "/aws/eks/demo/cluster"}', mtime=0)
_TOO_LONG = bytes(range(256)) * 4000  # about a megabyte: more than a message takes, once it is base64
_BUDGET_SECONDS = 16.2  # the pauses of a batch that is retried


@dataclass(frozen=True, slots=True)
class StreamOutcome:
    """What became of the records and their events: in the invocation, and in the end.

    `passed` records are behind the checkpoint. `kept` events stay in the stream although they were tried; a
    record that is no payload counts as one event. `buried` records are in the dead-letter queue in the end,
    and so are `dead` events. `seconds` are virtual.
    """

    passed: int
    delivered: int
    parked: int = 0
    kept: int = 0
    reason: str = ""
    seconds: float = 0.0
    in_the_end: int = STREAM_EVENTS
    duplicates: int = 0
    buried: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True)
class StreamRow:
    """One fault and its promise; `poison` is the further record.

    `timeout_seconds` is as in a Row. The invocation has `remaining_ms` left.
    """

    fault: str
    promised: StreamOutcome
    poison: bytes = b""
    script: Script = take
    after: Script = take
    queues_reachable: bool = True
    settings_right: bool = True
    timeout_seconds: float = 0.0
    remaining_ms: int = 60_000


_BURIED = StreamOutcome(4, 30, 1, reason=PAYLOAD_INVALID, buried=1)

STREAM_MATRIX = (
    StreamRow("none", StreamOutcome(3, 30)),
    StreamRow("a record that is not gzip", _BURIED, _NOT_GZIP),
    StreamRow("a record that is no payload", _BURIED, _NO_PAYLOAD),
    StreamRow("a record that is no payload and too long for a message", _BURIED, _TOO_LONG),
    StreamRow(
        "a record that is not gzip, and no way to the dead-letter queue",
        StreamOutcome(1, 10, 0, 1, PAYLOAD_INVALID, buried=1),
        _NOT_GZIP,
        queues_reachable=False,
    ),
    StreamRow(
        "503",
        StreamOutcome(3, 10, 20, reason=f"{CIRCUIT_OPEN}, http_503", seconds=_BUDGET_SECONDS),
        script=does.answering(503),
    ),
    StreamRow(
        "503, and no way to the queue",
        StreamOutcome(1, 10, 0, 10, "http_503", _BUDGET_SECONDS),
        script=does.answering(503),
        queues_reachable=False,
    ),
    StreamRow(
        "answer stalled until the time is used up",
        StreamOutcome(
            3,
            10,
            20,
            reason=f"{Failure.ANSWER_TIMEOUT}, {Failure.NO_TIME_LEFT}",
            seconds=15.0,
            duplicates=20,  # taken at both tries and at the redrive
        ),
        script=does.stall,
        timeout_seconds=10.0,
        remaining_ms=30_000,
    ),
    StreamRow(
        "one event rejected for good",
        StreamOutcome(3, 29, 1, reason="http_400", in_the_end=29, dead=1),
        script=does.rejecting(MARKED),
        after=does.rejecting(MARKED),
    ),
    StreamRow("wrong settings", StreamOutcome(0, 0), settings_right=False),
)
