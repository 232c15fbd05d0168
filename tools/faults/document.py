"""docs/faults.md, from the promises: XPLG's rows in full, and every destination's in short.

`make faults ARGS=--write` writes it after every row ended as promised, so the same matrix always gives the
same text.
"""

from collections.abc import Iterable, Mapping, Sequence

from eks_log_forwarder.control_plane.audit_bounds import MAX_DEPTH, MAX_VALUES
from eks_log_forwarder.control_plane.go_text import MAX_FIELDS
from eks_log_forwarder.delivery.circuit_breaker import CIRCUIT_OPEN, PROBE_INTERVAL_SECONDS
from eks_log_forwarder.delivery.delivery import MAX_REQUESTS_PER_BATCH
from eks_log_forwarder.delivery.leftover import NOT_ENCODABLE, REFUSED_ALL
from eks_log_forwarder.intake.compression import MAX_PAYLOAD_BYTES
from eks_log_forwarder.record.formats import MAX_LEVELS
from eks_log_forwarder.redrive import REFUSED_ALL_TRIES
from eks_log_forwarder.transport.exchange import MAX_ANSWER_BYTES
from eks_log_forwarder.transport.failures import Failure
from tools import ROOT
from tools.faults.matrix import MATRIX, matrix_of
from tools.faults.row import EVENTS, Outcome, Row
from tools.faults.speech import SPEECHES
from tools.faults.stream_rows import EVENTS_PER_RECORD, RECORDS, STREAM_MATRIX, StreamOutcome

PATH = ROOT / "docs" / "faults.md"
_FIGURES = {  # the columns after the fault, and the attributes of an outcome that they show
    "delivered": "delivered",
    "parked": "parked",
    "of these rejected": "rejected",
    "kept by Lambda": "kept",
    "reason": "reason",
    "requests": "requests",
    "seconds": "seconds",
    "delivered in the end": "in_the_end",
    "duplicates": "duplicates",
    "dead letters": "dead",
    "rejected, unidentified": "unidentified",
}
_STREAM_FIGURES = {  # as above, of a record of the stream
    "records passed": "passed",
    "delivered": "delivered",
    "parked": "parked",
    "kept in the stream": "kept",
    "reason": "reason",
    "seconds": "seconds",
    "delivered in the end": "in_the_end",
    "duplicates": "duplicates",
    "records buried": "buried",
    "dead letters": "dead",
}
_UNKNOWN = "200 with an unknown body"
COLUMNS = ("fault", *_FIGURES)
STREAM_COLUMNS = ("fault", *_STREAM_FIGURES)


def cells(fault: str, outcome: Outcome) -> tuple[str, ...]:
    """One row of the full table, by COLUMNS."""
    return _cells(fault, outcome, _FIGURES)


def stream_cells(fault: str, outcome: StreamOutcome) -> tuple[str, ...]:
    """One row of the table of the stream, by STREAM_COLUMNS."""
    return _cells(fault, outcome, _STREAM_FIGURES)


def _cells(fault: str, outcome: object, names: Mapping[str, str]) -> tuple[str, ...]:
    figures = (getattr(outcome, name) for name in names.values())
    return (fault, *(f"{figure:g}" if isinstance(figure, float) else str(figure) for figure in figures))


def text() -> str:
    """The whole page."""
    in_full = [COLUMNS, *(cells(row.fault, row.promised) for row in MATRIX)]
    by_destination = zip(*(matrix_of(name) for name in SPEECHES), strict=True)
    of_the_stream = [
        STREAM_COLUMNS,
        *(stream_cells(row.fault, row.promised) for row in STREAM_MATRIX),
    ]
    in_short = [("fault", *SPEECHES), *(_in_short(rows) for rows in by_destination)]
    return f"""# Every fault, and what becomes of the events

`make faults` runs every fault below for every destination, and fails if a row does not end as promised in
[`tools/faults/matrix.py`](../tools/faults/matrix.py). `ARGS=--write` writes this page. `make test` checks
XPLG's rows, and for the other destinations the rows in which protocols differ
(`tests/integration/test_fault_matrix.py`). No event is lost in any row.

Each row is one invocation of the real forward handler with {EVENTS} events in three batches of ten. It sends
them to a real misbehaving server on the same machine; MiniStack provides the queues and the secret. Where
the server answers badly, it takes the first batch and the fault begins with the second one. Afterwards the
collector is healthy again, and the real redrive handler empties the queue.

All settings except the batch size have their defaults: retries of a batch get 20 s, a piece of an answer gets
10 s. The clock is virtual: it advances by the pauses between retries and by the time-outs, so a row does not
depend on the speed of the machine. The pauses are the longest that the random back-off can choose.

## XPLG, in full

{_table(in_full)}

- *requests* and *seconds* are those of the invocation. *duplicates* are events that the collector took more
  than once, counted after the redrive.
- A duplicate has one of two causes here. The collector took a request without saying so (reset, stalled,
  dripped or cut after it was read), or the handler raised and Lambda kept the whole payload after a part of
  it was delivered. An event keeps its `id`, so the collector can recognise a duplicate.
- *of these rejected*: the collector rejected these events one by one. Each is parked alone. The redrive tries
  them again and moves those that are rejected for good to the dead-letter queue.
- Every row also checks that the token does not leak: neither plain, nor encoded for a URL, nor as the
  password of Basic authentication. The check covers everything that the handlers and their libraries print
  and log at level DEBUG, the exceptions they raise, and the repr of their objects.

## Every destination

Each collector speaks its own protocol. It reads requests as strictly as the listener does, and takes and
rejects events as that protocol defines it. A cell shows delivered / parked by the invocation, and in brackets
how many of the parked events were rejected. `make faults ARGS="--destination NAME"` shows one destination in
full.

{_table(in_short)}

- *200 with HTML* comes from something else at that URL, such as a sign-in page. No destination counts it as a
  success.
- *408* and *500* are parked for `otlp` without a retry, because OTLP forbids one.
- *one event rejected*: Splunk and Elasticsearch name the rejected event. Splunk then needs one more request,
  Elasticsearch none. For XPLG, `http` and Loki the forwarder halves the batch until only that event is left;
  Loki stores the others at every try: the batch's nine good events make 14 duplicates.
  OTLP says how many events it rejected, but not which: *unidentified*. They are counted, and remain in
  CloudWatch only.
- *{_UNKNOWN}*: a success is a delivery, whatever its body. Only Elasticsearch's answer covers single events, so
  there the first batch is halved to single events; every event is stored once, by its id.
- *400 for everything*: three events of each batch are tried alone. All are refused and nothing was accepted
  before, so a setting is wrong: the batches wait with the reason `{REFUSED_ALL}`, for {REFUSED_ALL_TRIES} tries over hours.
- *the circuit is open*: an invocation before this one found the collector out of reach. One attempt a minute is
  made; [delivery.md](delivery.md#an-outage) has the cost of an outage.
- *refused by a firewall*: the redrive finds the event at fault by halving, and its neighbours arrive.

## A stream

The same for the stream handler of a [central stack](central.md): {RECORDS} records of {EVENTS_PER_RECORD} events each in one
shard of MiniStack's Kinesis, and between the first two a record that is no payload, where the fault says so. The table
shows one invocation of the real handler, with XPLG's collector. Then the fault ends: the event source continues
from its checkpoint, and the redrive empties the queue. Each row also checks that no record overtook an earlier one,
and that the token does not leak.

{_table(of_the_stream)}

- *records passed* are behind the checkpoint: delivered, parked or buried. From the first record that stays on, none is
  tried, so none is delivered twice.
- *records buried* are no payloads; each counts as one event. *dead letters* are events.
- *answer stalled until the time is used up*: an invocation with 30 s, whose last 15 s are for parking.
- *wrong settings*: the handler raises, Lambda halves the batch down to single records, and all of them stay.

## Lines and payloads beyond a bound

Whoever can send a request to an API server writes our input, so everything that it can make longer has a bound.
Nothing beyond a bound is lost.

| bound | value | beyond it |
| --- | --- | --- |
| a payload, expanded | {MAX_PAYLOAD_BYTES // 2**20} MiB | an error; Lambda puts the payload into the queue |
| time of an invocation | `TimeoutSeconds` less 15 s, checked before each event | the remaining events are parked as `{Failure.NO_TIME_LEFT}` |
| an event that a parser, a rule, the redaction or an encoder fails on | | parked alone as `{NOT_ENCODABLE}` |
| values of one audit event | {MAX_VALUES:,} | rules see the part before; the record is marked `truncated` and `parsed: false` |
| depth of an audit event | {MAX_DEPTH:,}, as in the API server | the same |
| fields of a line of another log type | {MAX_FIELDS:,} | the first are kept; the record is marked |
| nested levels in `RecordFormat` `parsed` | {MAX_LEVELS} | the text is sent instead |
| what redaction reads of an event | [redaction.md](redaction.md#bounds) | one marker replaces the string |
| requests for one batch | {MAX_REQUESTS_PER_BATCH} | the rest is parked |
| an answer of the collector | {MAX_ANSWER_BYTES // 1024} KiB; Elasticsearch's more | the rest is not read |
| attempts in an outage, per container | one every {PROBE_INTERVAL_SECONDS:g} s | the events are parked as `{CIRCUIT_OPEN}` |
"""


def _table(rows: Iterable[Sequence[str]]) -> str:
    heading, *others = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (heading, ["---"] * len(heading), *others))


def _in_short(rows: Sequence[Row]) -> tuple[str, ...]:
    return (rows[0].fault, *(_counts(row.promised) for row in rows))


def _counts(outcome: Outcome) -> str:
    counts = f"{outcome.delivered} / {outcome.parked}"
    counts += f" ({outcome.rejected})" if outcome.rejected else ""
    counts += f", {outcome.kept} kept by Lambda" if outcome.kept else ""
    return counts + (f", {outcome.unidentified} unidentified" if outcome.unidentified else "")
