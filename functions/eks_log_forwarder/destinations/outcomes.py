"""What became of a request, as values: exceptions are for faults of ours, not of a collector.

    status                          outcome
    2xx                             Delivered
    408, 425, 429, 5xx but 501, 505 Unreachable, worth a retry, after Retry-After where there is one
    401, 403                        Unreachable, once the secret has been read again
    400, 409, 411, 413, 422 …       Rejected: this request will never succeed
    3xx, 404, 405, 406, 410, 415 …  Unreachable, not worth a retry now: the URL or the settings are wrong

A wrong URL rejects nothing: its events wait until somebody mends it.
"""

from dataclasses import dataclass

from eks_log_forwarder.transport.failures import Failure


@dataclass(frozen=True, slots=True)
class Delivered:
    """The collector took the whole request."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """This request will never succeed; a part of it might."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The request may succeed later; `retry` says whether it is worth a try within the invocation.

    `detail` is for the operator's eye and holds neither payload nor token.
    """

    reason: str
    retry: bool = True
    retry_after_seconds: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The collector did not take this event because of another one: without that one, it will at once."""


type EventOutcome = Delivered | Rejected | Unreachable


@dataclass(frozen=True, slots=True)
class PerEvent:
    """The collector says of each event what became of it; `outcomes[n]` is that of the n-th of the batch."""

    outcomes: tuple[EventOutcome | NotTaken, ...]


@dataclass(frozen=True, slots=True)
class PartlyDelivered:
    """The collector refused so many events for good, did not say which, and forbids to send them again."""

    refused: int
    reason: str


type Outcome = EventOutcome | PerEvent | PartlyDelivered

UNAUTHORIZED = frozenset({401, 403})
_RETRYABLE = frozenset({408, 425, 429, *range(500, 600)}) - {501, 505}
# what says that the request went to the wrong place or in the wrong manner, whatever it carried
_MISDIRECTED = frozenset({402, 404, 405, 406, 407, 410, 414, 415, 421, 426, 431, 451, 501, 505})


def outcome_of_status(status: int, *, retry_after_seconds: float | None = None) -> EventOutcome:
    """What an HTTP status means (RFC 9110, section 15; see the table above)."""
    reason = f"http_{status}"
    if 200 <= status < 300:  # noqa: PLR2004  # RFC 9110, section 15.3
        return Delivered()
    if status in _RETRYABLE:
        return Unreachable(reason, retry_after_seconds=retry_after_seconds)
    if status in UNAUTHORIZED or status in _MISDIRECTED or status < 400:  # noqa: PLR2004  # section 15.5
        return Unreachable(reason, retry=False)
    return Rejected(reason)


def outcome_of_failure(failure: Failure) -> Unreachable:
    """What a failure on the way means: nothing of it says anything about the events."""
    return Unreachable(failure, retry=failure not in _NOT_WORTH_A_RETRY)


# A certificate, an invalid URL or a web page does not mend itself within seconds.
_NOT_WORTH_A_RETRY = frozenset(
    {
        Failure.TLS,
        Failure.REQUEST_INVALID,
        Failure.HTML_ANSWER,
        Failure.ANSWER_UNREADABLE,
        Failure.NO_TIME_LEFT,
    }
)


_EXPLANATIONS: dict[str, str] = {
    "circuit_open": "the collector was unreachable within the last minute, so no attempt was made",
    "not_encodable": "an event could not be processed or encoded; the summary's details name the error",
    "refused_all": "the collector refuses every event: are the URL, the protocol and the index right?",
    Failure.ANSWER_CUT: "the collector's answer ended half-way",
    Failure.CONNECTION_REFUSED: "nothing listens at the address and port of DESTINATION_URL",
    Failure.CONNECTION_RESET: "the collector closed the connection before it answered",
    Failure.CONNECTION_TIMEOUT: "no connection came about: does a security group, route or firewall block?",
    Failure.ANSWER_TIMEOUT: "the collector did not answer in time",
    Failure.NAME_NOT_RESOLVED: "the host name of DESTINATION_URL does not resolve from here",
    Failure.TLS: "the collector's certificate does not hold, or it does not speak TLS",
    Failure.REQUEST_INVALID: "the URL or a header cannot be sent: look at DESTINATION_URL and the secret",
    Failure.HTML_ANSWER: "a web page answered: is the path of DESTINATION_URL right?",
    Failure.ANSWER_UNREADABLE: "the answer is not of the collector's protocol: is DESTINATION_URL right?",
    Failure.NO_TIME_LEFT: "the invocation's time was used up before it was this event's turn",
    Failure.SECRET_UNREADABLE: "the destination's secret cannot be read",
}


def explain(reason: str) -> str:
    """A reason in words: what was wrong, and where to look."""
    if reason in _EXPLANATIONS:
        return _EXPLANATIONS[reason]
    status = reason.removeprefix("http_")
    return f"the collector answered {status}" if status != reason else reason
