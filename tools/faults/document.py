"""docs/faults.md, from the promises: XPLG's rows in full, and every destination's in short.

`make faults ARGS=--write` writes it after every row ended as promised, so the same matrix always gives the
same text.
"""

from collections.abc import Iterable, Sequence

from tools import ROOT
from tools.faults.matrix import MATRIX, matrix_of
from tools.faults.row import EVENTS, Outcome, Row
from tools.faults.speech import SPEECHES

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
COLUMNS = ("fault", *_FIGURES)


def cells(fault: str, outcome: Outcome) -> tuple[str, ...]:
    """One row of the full table, by COLUMNS."""
    figures = (getattr(outcome, name) for name in _FIGURES.values())
    return (fault, *(f"{figure:g}" if isinstance(figure, float) else str(figure) for figure in figures))


def text() -> str:
    """The whole page."""
    in_full = [COLUMNS, *(cells(row.fault, row.promised) for row in MATRIX)]
    by_destination = zip(*(matrix_of(name) for name in SPEECHES), strict=True)
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
  Elasticsearch none. For XPLG, `http` and Loki the forwarder halves the batch until only that event is left.
  OTLP says how many events it rejected, but not which: *unidentified*. They are counted, and remain in
  CloudWatch only.
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
