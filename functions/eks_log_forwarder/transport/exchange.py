"""One HTTP exchange: the request that goes out and the answer that comes back."""

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from eks_log_forwarder.config.hidden_fields import HiddenFields
from eks_log_forwarder.transport.proxy import Proxy
from eks_log_forwarder.transport.tls import TlsIdentity

MAX_ANSWER_BYTES = 64 * 1024


class Request(HiddenFields, msgspec.Struct, frozen=True):
    """One HTTP POST. URL and headers may hold the token, so neither shows in a repr.

    `max_answer_bytes` is how much of the answer is read; `split_events` is how many of the events it holds in
    several pieces, because they are longer than the collector accepts. The delivery sets `tls`, `proxy`,
    `connect_timeout_seconds` if the transport's own is too long, and `meanwhile`: the transport may call it
    while the request is on its way, and it never raises.
    """

    url: str
    headers: dict[str, str]
    body: bytes
    max_answer_bytes: int = MAX_ANSWER_BYTES
    split_events: int = 0
    tls: TlsIdentity | None = None
    proxy: Proxy | None = None
    connect_timeout_seconds: float | None = None
    meanwhile: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the collector answered; `body` holds at most the request's `max_answer_bytes` of it.

    `retry_after_seconds` is the Retry-After header, whether given in seconds or as a date. `took_seconds` is
    the time from the start of the attempt to the end of the answer.
    """

    status: int
    body: bytes = field(repr=False)
    retry_after_seconds: float | None = None
    took_seconds: float | None = field(default=None, compare=False)
