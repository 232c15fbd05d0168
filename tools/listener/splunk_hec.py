"""Splunk's HTTP Event Collector, as strict as Splunk: `POST /services/collector/event`.

Every answer has Splunk's reply code. With a channel the answer has an ackId, and every ackId counts as
indexed: the listener stores before it answers.
"""

import itertools
import json
from collections.abc import Iterator

from tools.listener.bodies import BodyError, Record
from tools.listener.exchange import Outcome, answered, plain_body, same
from tools.listener.http_server import Incoming

PATH = "/services/collector/event"
ACK_PATH = "/services/collector/ack"

_TEXTS = {
    0: (200, "Success"),
    2: (401, "Token is required"),
    3: (401, "Invalid authorization"),
    4: (403, "Invalid token"),
    5: (400, "No data"),
    6: (400, "Invalid data format"),
    10: (400, "Data channel is missing"),
    12: (400, "Event field is required"),
    13: (400, "Event field cannot be blank"),
}
_CHANNEL = "x-splunk-request-channel"
_ENVELOPE = {"time", "host", "source", "sourcetype", "index", "event", "fields"}
_decoder = json.JSONDecoder()
_ack_ids = itertools.count()


class _InvalidError(Exception):
    """An event that Splunk would refuse: its reply code, and the event's number from 0."""

    def __init__(self, code: int, number: int) -> None:
        super().__init__(code, number)
        self.code = code
        self.number = number


def receive(request: Incoming, token: str | None) -> Outcome:
    """Takes all events of a request, or none."""
    if (code := _refusal_of_token(request, token)) is not None:
        return _reply(code)
    try:
        text = plain_body(request).decode()
        events = list(_events(text))
    except _InvalidError as error:
        return _reply(error.code, {"invalid-event-number": error.number})
    except (BodyError, UnicodeDecodeError):
        return _reply(6)
    if not events:
        return _reply(5)
    more = {"ackId": next(_ack_ids)} if _CHANNEL in request.headers else {}
    return _reply(0, more, tuple(events))


def acknowledge(request: Incoming, token: str | None) -> Outcome:
    """Reports the events of every ackId as indexed."""
    if (code := _refusal_of_token(request, token)) is not None:
        return _reply(code)
    if _CHANNEL not in request.headers:
        return _reply(10)
    try:
        acks = json.loads(request.body)["acks"]
        return answered(200, {"acks": {str(int(ack_id)): True for ack_id in acks}})
    except (ValueError, TypeError, KeyError):
        return _reply(6)


def _refusal_of_token(request: Incoming, token: str | None) -> int | None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if token is None:
        return None
    if not scheme:
        return 2
    if scheme != "Splunk":
        return 3
    return None if same(given.strip(), token) else 4


def _events(text: str) -> Iterator[Record]:
    """The objects in a body, with or without white space between them."""
    position = 0
    for number in itertools.count():
        while text[position : position + 1].isspace():
            position += 1
        if position == len(text):
            return
        try:
            event, position = _decoder.raw_decode(text, position)
            json.dumps(event, ensure_ascii=False).encode()  # a lone surrogate is not text
        except (ValueError, RecursionError):
            raise _InvalidError(6, number) from None
        yield _record(event, number)


def _record(envelope: object, number: int) -> Record:
    if not isinstance(envelope, dict) or not set(envelope) <= _ENVELOPE:
        raise _InvalidError(6, number)
    if "event" not in envelope:
        raise _InvalidError(12, number)
    if envelope["event"] in ("", None):
        raise _InvalidError(13, number)
    texts = all(isinstance(envelope.get(key, ""), str) for key in ("host", "source", "sourcetype", "index"))
    if not texts or not isinstance(envelope.get("time", 0), int | float):
        raise _InvalidError(6, number)
    event = envelope["event"]
    return event if isinstance(event, dict) else {"message": event}


def _reply(code: int, more: dict[str, int] | None = None, records: tuple[Record, ...] = ()) -> Outcome:
    status, text = _TEXTS[code]
    fault = "" if code == 0 else f"HEC code {code}: {text}"
    return answered(status, {"text": text, "code": code} | (more or {}), records, fault)
