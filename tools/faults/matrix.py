"""The fault matrix: every fault, and what is promised for the events that meet it.

30 events, in batches of 10, with the default settings otherwise. Where the collector answers badly, the
first batch meets a healthy collector and the fault begins with the second one; the third batch is parked
without a request if the second one could not be delivered. A batch is retried for 20 s. The pauses are the
longest that the back-off allows: 0.2, 0.4, 0.8, 1.6, 3.2, 5 and 5 s.

`MATRIX` is XPLG's. Another collector's matrix differs where its protocol differs: in what counts as an
answer, in how it rejects one event among others, and in what may be retried.
"""

from dataclasses import replace

from eks_log_forwarder.delivery.circuit_breaker import CIRCUIT_OPEN
from eks_log_forwarder.delivery.leftover import REFUSED_ALL
from eks_log_forwarder.transport.failures import Failure
from tools.faults import scripts as does
from tools.faults.collector import Script
from tools.faults.row import Outcome, Row, refusing, unknown_name, with_wrong_certificate

BATCH = 10
MARKED = "event 16"  # the seventh of the second batch
MAX_EVENTS = 5  # of a request that is not too large
_UNKNOWN_BODY = "200 with an unknown body"
_BUDGET_SECONDS = 20.0  # by default, for the retries of one batch
_READ_TIMEOUT_SECONDS = 10.0  # by default, for a piece of an answer

# Attempts of a batch that is retried as long as the budget allows, and the pauses between them.
_TRIES, _PAUSES_SECONDS = 8, 16.2
# Requests of a fault that begins with the second batch and is tried once, or by cutting two batches of ten
# into single events: 19 requests each.
_ONCE, _CUT_UP = 1 + 1, 1 + 2 * 19


def _parked(fault: str, reason: str, requests: int, script: Script, *, seconds: float = 0.0) -> Row:
    """The first batch is delivered, the two others are parked."""
    return Row(fault, Outcome(10, 20, requests, reason, seconds), script)


def _given_up(status: int, requests: int = _ONCE) -> Row:
    """A status that is not worth a retry, except one with the secret read again."""
    answer = does.answering(status, Location="http://127.0.0.1/elsewhere")
    return _parked(f"{status}", f"http_{status}", requests, answer)


def _retried(fault: str, reason: str, script: Script, *, is_taken: bool = False) -> Row:
    """A fault that is retried; the collector may take the second batch at every try without saying so."""
    row = _parked(fault, reason, 1 + _TRIES, script, seconds=_PAUSES_SECONDS)
    return replace(row, promised=replace(row.promised, duplicates=10 * _TRIES if is_taken else 0))


def _retried_status(status: int) -> Row:
    return _retried(f"{status}", f"http_{status}", does.answering(status))


def _rejected(status: int) -> Row:
    row = _given_up(status, _CUT_UP)
    return replace(row, promised=replace(row.promised, rejected=20))


def _timed_out(fault: str, script: Script, tries: int, timeout_seconds: float) -> Row:
    """The collector takes the second batch at every try, and once more at the redrive."""
    row = _parked(fault, Failure.ANSWER_TIMEOUT, 1 + tries, script, seconds=_BUDGET_SECONDS)
    promised = replace(row.promised, duplicates=10 * tries)
    return replace(row, promised=promised, timeout_seconds=timeout_seconds)


def _unreachable(reason: str) -> Outcome:
    return Outcome(0, 30, _TRIES, reason, _PAUSES_SECONDS)


def _one_rejected(requests: int, reason: str) -> tuple[Row, Row]:
    """The collector rejects one event: now, and in the second row at the redrive too."""
    promised, rejects = Outcome(29, 1, requests, reason, rejected=1), does.rejecting(MARKED)
    return (
        Row("one event of a batch rejected", promised, rejects),
        Row("one event rejected for good", replace(promised, dead=1), rejects, after=rejects),
    )


MATRIX = (
    Row("none", Outcome(30, 0, 3)),
    _rejected(400),
    _given_up(401, 1 + 2),
    _given_up(403, 1 + 2),
    _given_up(404),
    _retried_status(408),
    _rejected(413),
    Row("413 over a size", Outcome(30, 0, 1 + 2 * 3), does.taking_at_most(MAX_EVENTS)),
    _retried_status(429),
    _parked(
        "429, Retry-After within the budget",
        "http_429",
        1 + 2,
        does.answering(429, Retry_After="15"),
        seconds=15.0,
    ),
    _parked("429, Retry-After beyond the budget", "http_429", _ONCE, does.answering(429, Retry_After="60")),
    *(_retried_status(status) for status in (500, 502, 503, 504)),
    _given_up(302),
    _parked("200 with HTML", Failure.HTML_ANSWER, _ONCE, does.answering(200, does.PAGE)),
    _parked("200 with HTML in UTF-16", Failure.HTML_ANSWER, _ONCE, does.answering(200, does.PAGE_IN_UTF_16)),
    Row(_UNKNOWN_BODY, Outcome(30, 0, 3), does.taking_without_sense),
    _parked("an answer that is not HTTP", Failure.ANSWER_UNREADABLE, _ONCE, does.not_http),
    Row(
        "400 for everything, nothing accepted yet",
        Outcome(0, 30, 3 * (1 + 3), REFUSED_ALL),
        does.answering(400),
        healthy_requests=0,
    ),
    Row("the circuit is open", Outcome(0, 30, 0, CIRCUIT_OPEN), place=refusing, circuit_is_open=True),
    Row("connection refused", _unreachable(Failure.CONNECTION_REFUSED), place=refusing),
    _retried("reset, and nothing taken", Failure.CONNECTION_RESET, does.reset),
    _retried("reset, and the events taken", Failure.CONNECTION_RESET, does.reset_after_taking, is_taken=True),
    _timed_out("answer stalled", does.stall, 2, _READ_TIMEOUT_SECONDS),
    _timed_out("headers dripped", does.drip_headers, 1, _BUDGET_SECONDS),
    _timed_out("body dripped", does.drip_body, 1, _BUDGET_SECONDS),
    _retried("answer cut half-way", Failure.ANSWER_CUT, does.cut, is_taken=True),
    Row("wrong certificate", Outcome(0, 30, 1, Failure.TLS), place=with_wrong_certificate),
    Row("name does not resolve", _unreachable(Failure.NAME_NOT_RESOLVED), place=unknown_name),
    *_one_rejected(1 + 7 + 1, "http_400"),
    Row(
        "one event refused by a firewall, for good",
        Outcome(10, 20, 1 + 2, "http_403", dead=1),
        does.firewall(MARKED),
        after=does.firewall(MARKED),
    ),
    Row("secret cannot be read", Outcome(0, 30, 0, Failure.SECRET_UNREADABLE), secret_readable=False),
    Row("secret rotated", Outcome(30, 0, 1 + 2 + 1), does.rotate_the_token),
    Row(
        "503, and no way to the queue",
        Outcome(10, 0, 1 + _TRIES, "http_503", _PAUSES_SECONDS, kept=20, duplicates=10),
        does.answering(503),
        queue_reachable=False,
    ),
)

_COUNTED = Outcome(29, 0, 3, "otlp_partial_success", unidentified=1)  # neither parked nor sent again
_DIFFERENT: dict[str, tuple[Row, ...]] = {
    "http": (),
    "splunk_hec": _one_rejected(1 + 2 + 1, "hec_6"),  # and once more without the event
    "elasticsearch": (
        *_one_rejected(3, "bulk_400_document_parsing_exception"),
        # its answer covers single events, so the first batch is cut up; stored once, by their ids
        Row(_UNKNOWN_BODY, Outcome(30, 0, 19, duplicates=40), does.taking_without_sense),
    ),
    # every request with the rejected event stores its good ones, which come again in the halves
    "loki": tuple(
        replace(row, promised=replace(row.promised, duplicates=14))
        for row in _one_rejected(1 + 7 + 1, "http_400")
    ),
    "otlp": (
        *(_given_up(408), _given_up(500)),
        *(replace(row, promised=_COUNTED) for row in _one_rejected(3, "")),
    ),
}


def matrix_of(destination: str) -> tuple[Row, ...]:
    """The faults of a destination's collector, in the same order for each."""
    different = {row.fault: row for row in _DIFFERENT.get(destination, ())}
    return tuple(different.get(row.fault, row) for row in MATRIX)
