"""docs/faults.md: XPLG's rows in full, and in short what becomes of the events at every destination."""

from collections.abc import Iterable, Sequence

from tools.faults.matrix import EVENTS
from tools.faults.row import Row
from tools.faults.run import Found
from tools.local_aws import ROOT

PATH = ROOT / "docs" / "faults.md"
COLUMNS = (
    "fault",
    "in",
    "delivered",
    "parked",
    "of these rejected",
    "kept by Lambda",
    "reason",
    "requests",
    "seconds",
    "token leaked",
    "delivered in the end",
    "duplicates",
    "dead letters",
    "refused",
    "lost",
)
_EVERY_DESTINATION = "## Every destination\n"

type Result = tuple[Row, Found]


def cells(row: Row, found: Found) -> tuple[str, ...]:
    """One row of the table, by COLUMNS."""
    outcome = found.outcome
    return (
        row.fault,
        str(EVENTS),
        str(outcome.delivered),
        str(outcome.parked),
        str(outcome.rejected),
        str(outcome.kept),
        outcome.reason,
        str(outcome.requests),
        f"{found.seconds:.1f}",
        "YES" if found.token_leaked else "no",
        str(found.in_the_end),
        str(outcome.duplicates),
        str(outcome.dead),
        str(outcome.refused),
        str(found.lost),
    )


def write(results: dict[str, list[Result]], today: str) -> None:
    """XPLG's part; the part on every destination where there is more than XPLG, else it stays as it was."""
    if len(results) > 1:
        short = _in_short(results, today)
    else:
        _, _, short = PATH.read_text(encoding="utf-8").partition(_EVERY_DESTINATION)
    PATH.write_text(_in_full(results["xplg"], today) + _EVERY_DESTINATION + short, encoding="utf-8")


def _table(rows: Iterable[Sequence[str]]) -> str:
    heading, *others = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (heading, ["---"] * len(heading), *others))


def _in_full(results: list[Result], today: str) -> str:
    return f"""# Every fault, and what becomes of the events

Made on {today} by `make faults`, which ends in an error when a row differs from what is promised. The
promises stand in [`tools/faults/matrix.py`](../tools/faults/matrix.py); the suite holds them too, in
`tests/integration/test_fault_matrix.py`.

Each row is one invocation of the real forward handler with {EVENTS} events in three batches of ten, against a
real server on the same machine that misbehaves; queues and secret are MiniStack's. Where the fault is one of
answers, the first batch meets a healthy collector and the fault begins with the second. Then the collector is
healthy again and the real redrive handler empties the queue. Retries have 1.2 s (20 s by default), an answer
0.5 s (10 s by default).

## XPLG, in full

{_table([COLUMNS, *(cells(row, found) for row, found in results)])}

- *requests* and *seconds* are those of the invocation, with the parking; *duplicates* are events that the
  collector took once more, by the end of the redrive.
- In these rows duplicates arise in two ways: the collector took a request and did not say so (reset, stalled,
  dripped or cut after it was read), or the handler raised and Lambda kept the whole payload, of which a part
  was delivered. An event's `id` is the same every time.
- *token leaked* looks for the token, plain, as it stands in a URL and as the password of Basic, in all that
  the handlers and their libraries print and log at level DEBUG, in what they raise, and in how their objects
  show themselves.
- *of these rejected*: the collector refused these events one by one. They are parked as well, each alone; the
  redrive tries them again, and the dead-letter queue takes those that are refused for good.

"""


def _in_short(results: dict[str, list[Result]], today: str) -> str:
    names = list(results)
    rows = [
        (column[0][0].fault, *(_counts(found) for _, found in column), str(sum(f.lost for _, f in column)))
        for column in zip(*results.values(), strict=True)
    ]
    return f"""
Made on {today} by `make faults ARGS="--destination all"`; `--destination NAME` shows one in full. Each
collector speaks its own protocol: it reads what it is sent as strictly as the listener does, and takes and
refuses in that protocol's words. A cell is delivered / parked by the invocation, and in brackets how many of
the parked were rejected; *lost* is the sum of the row after the redrive.

{_table([("fault", *names, "lost"), *rows])}

- *200 with HTML* comes from something else at that URL, such as a sign-in page: it is no success of any.
- *408* and *500* are parked for `otlp` without another try, since OTLP forbids one.
- *one event rejected*: Splunk and Elasticsearch name the event, which costs one more request or none, where
  XPLG, `http` and Loki have the batch cut down to it. OTLP says how many it *refused*, not which: they are
  counted, and are in CloudWatch alone.
"""


def _counts(found: Found) -> str:
    outcome = found.outcome
    counts = f"{outcome.delivered} / {outcome.parked}"
    counts += f" ({outcome.rejected})" if outcome.rejected else ""
    counts += f", {outcome.kept} kept by Lambda" if outcome.kept else ""
    return counts + (f", {outcome.refused} refused" if outcome.refused else "")
