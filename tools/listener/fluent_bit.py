"""Fluent Bit's http input, as Fluent Bit 5.1 behaves: `POST /fluent-bit`, any other path would be a tag.

It wants `application/json`: one object or an array. It drops an event that is nested too deep and all behind
it in the request, and answers with a success.
"""

from itertools import takewhile

from tools.listener.bodies import BodyError, Record, decode_records
from tools.listener.exchange import Outcome, content_type_of, plain_body, refused
from tools.listener.http_server import Incoming

PATH = "/fluent-bit"
MAX_LEVELS = 63


def receive(request: Incoming, _token: str | None) -> Outcome:
    """Takes the events before the first one that is nested too deep; the input knows no token."""
    if content_type_of(request) != "application/json":
        return refused(400, "error: invalid 'Content-Type'")
    try:
        body_format, records = decode_records(plain_body(request))
    except BodyError as error:
        return refused(error.status, str(error))
    return Outcome(201, "", tuple(takewhile(_is_shallow, records)), body_format)


def _is_shallow(record: Record) -> bool:
    level: list[object] = [record]
    for _ in range(MAX_LEVELS):
        level = [part for value in level for part in _parts(value)]
        if not level:
            return True
    return not any(isinstance(value, dict | list) for value in level)


def _parts(value: object) -> list[object]:
    match value:
        case dict():
            return list(value.values())
        case list():
            return value
    return []
