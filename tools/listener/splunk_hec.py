"""Splunk's HTTP Event Collector, as strict as Splunk: `POST /services/collector/event`.

Every answer has Splunk's reply code. With a channel the answer has an ackId; an ackId of that channel counts
as indexed, because the listener stores before it answers, and is forgotten once it has been asked for.
"""

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

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
    7: (400, "Incorrect index"),
    10: (400, "Data channel is missing"),
    11: (400, "Invalid data channel"),
    12: (400, "Event field is required"),
    13: (400, "Event field cannot be blank"),
    14: (400, "ACK is disabled"),
    15: (400, "Error in handling indexed fields"),
}
_CHANNEL = "x-splunk-request-channel"
_ENVELOPE = {"time", "host", "source", "sourcetype", "index", "event", "fields"}
_A_CHANNEL = "00000000-0000-0000-0000-000000000000"
_GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_decoder = json.JSONDecoder()


class _InvalidError(Exception):
    """An event that Splunk would refuse: its reply code, and the event's number from 0."""

    def __init__(self, code: int, number: int) -> None:
        super().__init__(code, number)
        self.code = code
        self.number = number


@dataclass(slots=True)
class SplunkHec:
    """One HEC token: whether its indexer acknowledgement is on, and the indexes that it may write to.

    `indexes` of None allows every index.
    """

    ack: bool = True
    indexes: frozenset[str] | None = None
    _pending: dict[str, set[int]] = field(default_factory=dict)
    _ack_ids: Iterator[int] = field(default_factory=itertools.count)

    def receive(self, request: Incoming, token: str | None) -> Outcome:
        """Takes all events of a request, or none."""
        if (code := _refusal(request, token)) is not None:
            return _reply(code)
        try:
            events = list(self._events(plain_body(request).decode()))
        except _InvalidError as error:
            return _reply(error.code, {"invalid-event-number": error.number})
        except (BodyError, UnicodeDecodeError):
            return _reply(6)
        if not events:
            return _reply(5)
        channel = request.headers.get(_CHANNEL)
        if not (channel and self.ack):
            return _reply(0, records=tuple(events))
        ack_id = next(self._ack_ids)
        self._pending.setdefault(channel, set()).add(ack_id)
        return _reply(0, {"ackId": ack_id}, tuple(events))

    def acknowledge(self, request: Incoming, token: str | None) -> Outcome:
        """Says of each ackId whether its events are indexed."""
        if (code := _refusal(request, token)) is not None:
            return _reply(code)
        if not self.ack:
            return _reply(14)
        if _CHANNEL not in request.headers:
            return _reply(10)
        pending = self._pending.get(request.headers[_CHANNEL], set())
        try:
            asked = [int(ack_id) for ack_id in json.loads(request.body)["acks"]]
        except (ValueError, TypeError, KeyError):
            return _reply(6)
        acks = {str(ack_id): ack_id in pending for ack_id in asked}
        pending.difference_update(asked)
        return answered(200, {"acks": acks})

    def _events(self, text: str) -> Iterator[Record]:
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
            record = _record(event, number)
            if self.indexes is not None and event.get("index", "") not in {"", *self.indexes}:
                raise _InvalidError(7, number)
            yield record


def _refusal(request: Incoming, token: str | None) -> int | None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if token is not None and scheme != "Splunk":
        return 3 if scheme else 2
    if not same(given.strip(), token):
        return 4
    is_channel = _GUID.fullmatch(request.headers.get(_CHANNEL, _A_CHANNEL))
    return None if is_channel else 11


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
    fields = envelope.get("fields", {})
    if not isinstance(fields, dict) or any(isinstance(value, dict) for value in fields.values()):
        raise _InvalidError(15, number)
    event = envelope["event"]
    return event if isinstance(event, dict) else {"message": event}


def _reply(code: int, more: dict[str, int] | None = None, records: tuple[Record, ...] = ()) -> Outcome:
    status, text = _TEXTS[code]
    fault = "" if code == 0 else f"HEC code {code}: {text}"
    return answered(status, {"text": text, "code": code} | (more or {}), records, fault)
