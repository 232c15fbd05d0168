"""The fault matrix: every fault, and what is promised of the events that meet it.

30 events, in batches of 10. Where a fault is one of answers, the first batch meets a healthy collector and
the fault begins with the second one; the third is then parked untried where the second was not to be
delivered. A batch is retried for 1.2 s after pauses of 0.2, 0.4 and 0.8 s (in production they are random),
an attempt waits 0.5 s for a piece of an answer.

`MATRIX` is XPLG's. Another collector's differs where its protocol has a word of its own: for an answer that
is none, for one event among others, and for what is worth a retry.
"""

from dataclasses import replace

from eks_log_forwarder.transport.failures import Failure
from tools.faults import scripts as does
from tools.faults.collector import Script
from tools.faults.row import Outcome, Row, nobody, unknown_name, with_wrong_certificate

EVENTS = 30
BATCH = 10
MARKED = "event 16"  # the seventh of the second batch
BUDGET_SECONDS = 1.2
READ_TIMEOUT_SECONDS = 0.5
MAX_EVENTS = 5  # of a request that is not too large

# A fault that begins with the second batch, and is tried once, three times, or by cutting two batches of
# ten into single events: 19 requests each.
_ONCE, _RETRIED, _CUT_UP = 1 + 1, 1 + 3, 1 + 2 * 19
_AT_ONCE_SECONDS = 2.0  # a handful of requests to this machine, and a busy one at that
_BUDGET_SECONDS = BUDGET_SECONDS + 2.0


def _given_up(status: int) -> Row:
    """A status that is not worth a retry."""
    answer = does.answering(status, Location="http://127.0.0.1/elsewhere")
    return Row(f"{status}", Outcome(10, 20, _ONCE, f"http_{status}"), _AT_ONCE_SECONDS, answer)


def _retried(status: int) -> Row:
    return Row(
        f"{status}", Outcome(10, 20, _RETRIED, f"http_{status}"), _BUDGET_SECONDS, does.answering(status)
    )


def _rejected(status: int) -> Row:
    return Row(
        f"{status}",
        Outcome(10, 20, _CUT_UP, f"http_{status}", rejected=20),
        _AT_ONCE_SECONDS,
        does.answering(status),
    )


def _unauthorized(status: int) -> Row:
    promised = Outcome(10, 20, 1 + 2, f"http_{status}")  # once more with the secret read again
    return Row(f"{status}", promised, _AT_ONCE_SECONDS, does.answering(status))


def _taken_unsaid(fault: str, script: Script, tries: int, reason: str) -> Row:
    """The collector takes the second batch at every try, and once more at the redrive."""
    promised = Outcome(10, 20, 1 + tries, reason, duplicates=10 * tries)
    return Row(fault, promised, _BUDGET_SECONDS, script)


MATRIX = (
    Row("none", Outcome(30, 0, 3), _AT_ONCE_SECONDS),
    _rejected(400),
    _unauthorized(401),
    _unauthorized(403),
    _given_up(404),
    _retried(408),
    _rejected(413),
    Row(
        "413 over a size",
        Outcome(30, 0, 1 + 2 * 3),
        _AT_ONCE_SECONDS,
        does.taking_at_most(MAX_EVENTS),
    ),
    _retried(429),
    Row(
        "429, Retry-After within the budget",
        Outcome(10, 20, 1 + 2, "http_429"),
        _BUDGET_SECONDS,
        does.answering(429, Retry_After="1"),
    ),
    Row(
        "429, Retry-After beyond the budget",
        Outcome(10, 20, _ONCE, "http_429"),
        _AT_ONCE_SECONDS,
        does.answering(429, Retry_After="60"),
    ),
    *(_retried(status) for status in (500, 502, 503, 504)),
    _given_up(302),
    Row(
        "200 with HTML",
        Outcome(10, 20, _ONCE, Failure.HTML_ANSWER),
        _AT_ONCE_SECONDS,
        does.answering(200, does.PAGE),
    ),
    Row(
        "connection refused",
        Outcome(0, 30, 3, Failure.CONNECTION_REFUSED),
        _BUDGET_SECONDS,
        place=nobody,
    ),
    Row(
        "reset before the request was read",
        Outcome(10, 20, _RETRIED, Failure.CONNECTION_RESET),
        _BUDGET_SECONDS,
        does.reset_unread,
    ),
    _taken_unsaid("reset after the request was read", does.reset_read, 3, Failure.CONNECTION_RESET),
    _taken_unsaid("answer stalled", does.stall, 2, Failure.ANSWER_TIMEOUT),
    _taken_unsaid("headers dripped", does.drip_headers, 1, Failure.ANSWER_TIMEOUT),
    _taken_unsaid("body dripped", does.drip_body, 1, Failure.ANSWER_TIMEOUT),
    _taken_unsaid("answer cut half-way", does.cut, 3, Failure.ANSWER_CUT),
    Row("wrong certificate", Outcome(0, 30, 1, Failure.TLS), _AT_ONCE_SECONDS, place=with_wrong_certificate),
    Row(
        "name does not resolve",
        Outcome(0, 30, 3, Failure.NAME_NOT_RESOLVED),
        _BUDGET_SECONDS,
        place=unknown_name,
    ),
    Row(
        "one event of a batch rejected",
        Outcome(29, 1, 1 + 7 + 1, "http_400", rejected=1),
        _AT_ONCE_SECONDS,
        does.rejecting(MARKED),
    ),
    Row(
        "one event rejected for good",
        Outcome(29, 1, 1 + 7 + 1, "http_400", rejected=1, dead=1),
        _AT_ONCE_SECONDS,
        does.rejecting(MARKED),
        after=does.rejecting(MARKED),
    ),
    Row(
        "secret cannot be read",
        Outcome(0, 30, 0, Failure.SECRET_UNREADABLE),
        _AT_ONCE_SECONDS,
        secret_readable=False,
    ),
    Row("secret rotated", Outcome(30, 0, 1 + 2 + 1), _AT_ONCE_SECONDS, does.rotate_the_token),
    Row(
        "503, and no way to the queue",
        Outcome(10, 0, _RETRIED, "http_503", kept=20, duplicates=10),
        _BUDGET_SECONDS + 2.0,  # two attempts of boto3
        does.answering(503),
        queue_reachable=False,
    ),
)


def _one_rejected(now: Outcome, for_good: Outcome) -> tuple[Row, Row]:
    refuses = does.rejecting(MARKED)
    return (
        Row("one event of a batch rejected", now, _AT_ONCE_SECONDS, refuses),
        Row("one event rejected for good", for_good, _AT_ONCE_SECONDS, refuses, after=refuses),
    )


def _named(requests: int, reason: str) -> tuple[Row, Row]:
    """The collector says which event it refuses: nothing is cut up."""
    promised = Outcome(29, 1, requests, reason, rejected=1)
    return _one_rejected(promised, replace(promised, dead=1))


_COUNTED = Outcome(29, 0, 3, "otlp_partial_success", refused=1)  # neither parked nor sent again

_OF_ITS_OWN: dict[str, tuple[Row, ...]] = {
    "http": (),
    "splunk_hec": _named(1 + 2 + 1, "hec_6"),  # and once more without the event
    "elasticsearch": _named(3, "bulk_400_document_parsing_exception"),
    "loki": (),
    "otlp": (_given_up(408), _given_up(500), *_one_rejected(_COUNTED, _COUNTED)),
}


def matrix_of(destination: str) -> tuple[Row, ...]:
    """The faults of a destination's collector, in the same order for each."""
    own = {row.fault: row for row in _OF_ITS_OWN.get(destination, ())}
    return tuple(own.get(row.fault, row) for row in MATRIX)
