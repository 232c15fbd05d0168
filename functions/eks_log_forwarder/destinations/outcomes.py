"""The result of a request, as values. Exceptions are for our own bugs, not for faults of a collector.

    status                          outcome
    2xx                             Delivered (answer.py: unless it is a web page)
    408, 425, 429, 5xx but 501, 505 Unreachable, retried, not before Retry-After
    401, 403                        Unreachable, after the secret was read again
    400, 409, 411, 413, 422 …       Rejected: this request will never succeed
    3xx, 404, 405, 406, 410, 415 …  Unreachable, not retried now: the URL or the settings are wrong

A wrong URL rejects nothing: the events wait until somebody corrects it.
"""

from collections.abc import Iterable

import msgspec

from eks_log_forwarder.transport.failures import Failure


class Delivered(msgspec.Struct, frozen=True):
    """The collector accepted the whole request."""


class Rejected(msgspec.Struct, frozen=True):
    """This request will never succeed; a part of it may."""

    reason: str


class Unreachable(msgspec.Struct, frozen=True):
    """The request may succeed later; `retry` says whether to try again within the invocation.

    `detail` is for the operator and holds neither payload nor token.
    """

    reason: str
    retry: bool = True
    retry_after_seconds: float | None = None
    detail: str = ""


class NotTaken(msgspec.Struct, frozen=True):
    """The collector refused this event because of another one; without that one it can be sent at once."""


type EventOutcome = Delivered | Rejected | Unreachable


class PerEvent(msgspec.Struct, frozen=True):
    """The collector answered for each event; `outcomes[n]` belongs to event n of the batch.

    `may_be_a_setting`: if all events are refused, a wrong setting can be the reason.
    """

    outcomes: tuple[EventOutcome | NotTaken, ...]
    may_be_a_setting: bool = True


class PartlyDelivered(msgspec.Struct, frozen=True):
    """The collector refused this many events for good, did not say which, and forbids sending them again."""

    refused: int
    reason: str


class AllButOld(msgspec.Struct, frozen=True):
    """The collector accepted all events but those before `before_ms` (ms since 1970), for `reason`."""

    before_ms: int
    reason: str
    otherwise: str

    def per_event(self, timestamps: Iterable[int]) -> PerEvent | Rejected:
        """The outcome of each event; if none is old, the answer does not fit: Rejected with `otherwise`."""
        outcomes = tuple(
            Rejected(self.reason) if timestamp < self.before_ms else Delivered() for timestamp in timestamps
        )
        if Rejected(self.reason) not in outcomes:
            return Rejected(self.otherwise)
        return PerEvent(outcomes, may_be_a_setting=False)


class Unreadable(msgspec.Struct, frozen=True):
    """The collector answered 2xx, but not readably for each event: a smaller request shows where."""

    reason: str = Failure.ANSWER_UNREADABLE


type Outcome = EventOutcome | PerEvent | PartlyDelivered | AllButOld | Unreadable

UNAUTHORIZED = frozenset({401, 403})
_RETRYABLE = frozenset({408, 425, 429, *range(500, 600)}) - {501, 505}
# the request went to the wrong place or has the wrong form, whatever its content is
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
    """What a failure without an answer means; it says nothing about the events."""
    return Unreachable(failure, retry=failure not in _NOT_WORTH_A_RETRY)


# A certificate, a password, an invalid URL or a web page does not change within seconds.
_NOT_WORTH_A_RETRY = frozenset(
    {
        Failure.PROXY_AUTHENTICATION,
        Failure.PROXY_DENIED,
        Failure.TLS,
        Failure.REQUEST_INVALID,
        Failure.HTML_ANSWER,
        Failure.ANSWER_UNREADABLE,
        Failure.NO_TIME_LEFT,
    }
)


_EXPLANATIONS: dict[str, str] = {
    "http_401": "the collector answered 401: it does not accept the token, the password or the signature",
    "http_403": "the collector answered 403: the token, or the function's role, may not write there",
    "circuit_open": "the collector was unreachable within the last minute, so no attempt was made",
    "loki_too_old": "Loki refused events that are older than it accepts",
    "not_encodable": "an event could not be processed or encoded; the summary's details name the error",
    "refused_all": "the collector refuses every event: check the URL, the protocol and the index",
    "unexpected_error": "a bug of the forwarder; the summary's details name its place",
    Failure.ANSWER_CUT: "the answer of the collector was cut off",
    Failure.CONNECTION_REFUSED: "connection refused at the address and port of DESTINATION_URL",
    Failure.CONNECTION_RESET: "the collector closed the connection before it answered",
    Failure.CONNECTION_TIMEOUT: "connecting timed out: check security groups, routes and firewalls",
    Failure.ANSWER_TIMEOUT: "the collector did not answer in time",
    Failure.NAME_NOT_RESOLVED: "the host name of DESTINATION_URL does not resolve from here",
    Failure.TLS: "the collector's certificate is not valid, or the port does not speak TLS",
    Failure.REQUEST_INVALID: "the URL or a header cannot be sent: check DESTINATION_URL and the secret",
    Failure.HTML_ANSWER: "a web page answered: check the path of DESTINATION_URL",
    Failure.ANSWER_UNREADABLE: "the answer does not follow the collector's protocol: check DESTINATION_URL",
    Failure.PROXY_ANSWER_TIMEOUT: "the proxy took the request for a connection and did not answer in time",
    Failure.PROXY_AUTHENTICATION: "the proxy does not accept proxy_username and proxy_password of the secret",
    Failure.PROXY_CANNOT_CONNECT: "the proxy cannot connect to the host and port of DESTINATION_URL",
    Failure.PROXY_CONNECTION_REFUSED: "connection refused at the address and port of the option proxy",
    Failure.PROXY_CONNECTION_RESET: "the proxy closed the connection, or no HTTP proxy answers there",
    Failure.PROXY_CONNECTION_TIMEOUT: "connecting to the proxy timed out: check security groups and routes",
    Failure.PROXY_DENIED: "the proxy does not allow connections to the host and port of DESTINATION_URL",
    Failure.PROXY_NAME_NOT_RESOLVED: "the host name of the option proxy does not resolve from here",
    Failure.NO_TIME_LEFT: "the time of the invocation ran out before these events were sent",
    Failure.SECRET_UNREADABLE: "the destination's secret cannot be read",
}


def explain(reason: str) -> str:
    """A reason in words: what is wrong, and what to check."""
    if reason in _EXPLANATIONS:
        return _EXPLANATIONS[reason]
    if reason.startswith("bulk_400_") and reason.endswith("_parsing_exception"):
        return "the mapping does not take an event: apply the index templates with make index-templates"
    status = reason.removeprefix("http_")
    return f"the collector answered {status}" if status != reason else reason
