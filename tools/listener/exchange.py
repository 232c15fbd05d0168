"""A request that came in, and what it came to: what every protocol of the listener takes and gives."""

import hmac
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec
from werkzeug.datastructures import Headers

from tools.listener.bodies import BodyError, BodyFormat, Record, unpack


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came in; `body` still in its Content-Encoding, `headers` found whatever their case."""

    method: str
    path: str
    query: Mapping[str, str] = field(repr=False)  # carries XPLG's token
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request came to: its records and the answer. `fault` says why there are no records."""

    status: int
    body: str
    records: tuple[Record, ...] = ()
    body_format: BodyFormat | None = None
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    fault: str = ""


type Protocol = Callable[[Incoming, str | None], Outcome]
"""The request and the token that it should carry; None asks for none."""


def refused(status: int, fault: str, headers: tuple[tuple[str, str], ...] = ()) -> Outcome:
    """An answer that takes no record, with the reason as its text."""
    return Outcome(status, fault + "\n", headers=headers, fault=fault)


def answered(status: int, answer: object, records: tuple[Record, ...] = (), fault: str = "") -> Outcome:
    """An answer in JSON."""
    text = msgspec.json.encode(answer).decode()
    return Outcome(status, text, records, content_type="application/json", fault=fault)


def plain_body(request: Incoming) -> bytes:
    """The body without its Content-Encoding.

    Raises:
        BodyError: it cannot be unpacked.
    """
    return unpack(request.body, request.headers.get("Content-Encoding", ""))


def same(given: str, wanted: str | None) -> bool:
    """Whether a token is the wanted one, in a time that says nothing about either; None wants none."""
    return wanted is None or hmac.compare_digest(given.encode(errors="surrogateescape"), wanted.encode())


def opens(request: Incoming, schemes: tuple[str, ...], token: str | None) -> bool:
    """Whether `Authorization` has the token under one of the schemes, or as the password of Basic."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            given = b64decode(given, validate=True).decode().partition(":")[2]
        except ValueError:
            given = ""
    elif scheme.lower() not in schemes:
        given = ""
    return same(given.strip(), token)


__all__ = [
    "BodyError",
    "Incoming",
    "Outcome",
    "Protocol",
    "answered",
    "opens",
    "plain_body",
    "refused",
    "same",
]
