"""What the listener's protocols share: the result of a request, answers, and the check of its token."""

import hmac
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from tools.listener.bodies import Record, unpack
from tools.listener.http_server import Incoming, Reply, response


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a request: its records and the answer. `fault` says why there are no records."""

    status: int
    body: str
    records: tuple[Record, ...] = ()
    body_format: str = ""
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    fault: str = ""


type Protocol = Callable[[Incoming, str | None], Outcome]
"""The request and the token that it should carry; None asks for none."""


def refused(status: int, fault: str, headers: tuple[tuple[str, str], ...] = ()) -> Outcome:
    """An answer that takes no record and gives the reason."""
    return Outcome(status, fault + "\n", headers=headers, fault=fault)


def answered(status: int, answer: object, records: tuple[Record, ...] = (), fault: str = "") -> Outcome:
    """An answer in JSON."""
    text = msgspec.json.encode(answer).decode()
    return Outcome(status, text, records, content_type="application/json", fault=fault)


def reply_of(outcome: Outcome) -> Reply:
    """The answer as the server sends it."""
    headers = {"Content-Type": outcome.content_type, **dict(outcome.headers)}
    return Reply(response(outcome.status, outcome.body.encode(), headers))


def content_type_of(request: Incoming) -> str:
    """The media type of a request, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0]


def plain_body(request: Incoming) -> bytes:
    """The body without its Content-Encoding.

    Raises:
        BodyError: it cannot be unpacked.
    """
    return unpack(request.body, request.headers.get("content-encoding", ""))


def same(given: str, wanted: str | None) -> bool:
    """Whether a token is the wanted one, compared in constant time; any token equals None."""
    return wanted is None or hmac.compare_digest(given.encode(errors="surrogateescape"), wanted.encode())


def opens(request: Incoming, schemes: tuple[str, ...], token: str | None) -> bool:
    """Whether `Authorization` has the token under one of the schemes, or as the password of Basic."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            given = b64decode(given, validate=True).decode().partition(":")[2]
        except ValueError:
            given = ""
    elif scheme.lower() not in schemes:
        given = ""
    return same(given.strip(), token)
