"""A collector that takes what it is sent until its script says otherwise; it records every event it took."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tools.faults.speech import Speech
from tools.listener.exchange import Outcome, reply_of
from tools.listener.http_server import Incoming, Reply, response

type Script = Callable[["Collector", Incoming], Reply]
"""What the collector does with a request."""


@dataclass(slots=True)
class Collector:
    """The ids of what was taken, in order. The first requests are served correctly, the others by the script.

    `rotate` is what a script calls to replace the token.
    """

    token: str = field(repr=False)
    script: Script
    speech: Speech
    healthy_requests: int = 0
    rotate: Callable[["Collector"], None] = lambda _: None
    taken_ids: list[str] = field(default_factory=list)
    kept: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0), repr=False)

    def wait_until_kept(self, within_seconds: float) -> None:
        """Waits until the script has taken one more request without saying so.

        Raises:
            TimeoutError: no such request came.
        """
        if not self.kept.acquire(timeout=within_seconds):
            raise TimeoutError

    def answer(self, request: Incoming) -> Reply:
        """Serves a request."""
        if not self.healthy_requests:
            return self.script(self, request)
        self.healthy_requests -= 1
        return take(self, request)

    def outcome(self, request: Incoming, token: str | None = None) -> Outcome:
        """What a healthy collector answers; None asks for no token."""
        return self.speech.receive(request, token)

    def settle(self, outcome: Outcome) -> Reply:
        """Takes the events of an outcome and answers accordingly."""
        self.taken_ids += [str(record["id"]) for record in outcome.records]
        return reply_of(outcome)

    def keep(self, request: Incoming) -> None:
        """Takes the events of a request, whatever the client is told."""
        self.settle(self.outcome(request))
        self.kept.release()


def take(collector: Collector, request: Incoming) -> Reply:
    """Takes a request with the right token, as a healthy collector does."""
    if request.path != collector.speech.path:
        return Reply(response(404))
    return collector.settle(collector.outcome(request, collector.token))
