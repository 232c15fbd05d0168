"""The listener: one port that speaks every protocol, and what it has received so far."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tools.listener.bodies import Record
from tools.listener.exchange import Outcome, refused, reply_of
from tools.listener.http_server import Incoming, Reply, running_http_server
from tools.listener.protocols import DEVELOPMENT_TOKEN, XPLG_PATH, Collectors

type Sink = Callable[[Incoming, Outcome], None]
"""What gets each request with its outcome, before it is answered."""


class Listener:
    """What has been received; `records` and `requests` grow in the order of arrival."""

    def __init__(
        self, token: str | None, sinks: tuple[Sink, ...] = (), collectors: Collectors | None = None
    ) -> None:
        self.records: list[Record] = []
        self.requests: list[tuple[Incoming, Outcome]] = []
        self.origin = ""
        self._token = token
        self._sinks = sinks
        self.collectors = collectors or Collectors()

    @property
    def url(self) -> str:
        """XPLG's endpoint, without the token: what `DESTINATION_URL` takes."""
        return self.url_of(XPLG_PATH)

    def url_of(self, path: str) -> str:
        """The URL of another path, such as `/ingest`."""
        return self.origin + path

    def answer(self, request: Incoming) -> Reply:
        """Answers one request; by then its records have gone to every sink, so a 200 means stored."""
        if request.fault is not None:
            outcome = refused(request.fault.status, str(request.fault))
        else:
            outcome = self.collectors.answer(request, self._token)
        try:
            self._keep(request, outcome)
        except OSError as error:
            outcome = refused(500, f"the records could not be stored: {error.strerror}")
            print(f"listener: {outcome.fault}", file=sys.stderr)
        return reply_of(outcome)

    def _keep(self, request: Incoming, outcome: Outcome) -> None:
        for sink in self._sinks:
            sink(request, outcome)
        self.requests.append((request, outcome))
        self.records.extend(outcome.records)


@contextmanager
def running_listener(
    *,
    token: str | None = DEVELOPMENT_TOKEN,
    host: str = "127.0.0.1",
    port: int = 0,
    sinks: tuple[Sink, ...] = (),
    collectors: Collectors | None = None,
) -> Iterator[Listener]:
    """A listener in a thread of this process, until the end of the block.

    Port 0 takes a free one; a token of None accepts requests with any token or none;
    `collectors` have limits of their own instead of the usual ones.

    Raises:
        OSError: the server cannot listen on this address.
    """
    listener = Listener(token, sinks, collectors)
    with running_http_server(listener.answer, host, port) as listener.origin:
        yield listener
