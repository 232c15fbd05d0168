"""What a misbehaving collector does with a request."""

from tools.faults.collector import Collector, Script, take
from tools.listener.http_server import End, Incoming, Reply, response

PAGE = b"<!DOCTYPE html><html><body>Welcome</body></html>"
PAGE_IN_UTF_16 = "<p>Welcome</p>".encode("utf-16")
_FOREVER_SECONDS = 86_400.0


def answering(status: int, body: bytes = b"", **headers: str) -> Script:
    """Takes nothing and gives this answer; an underscore in a header's name stands for a hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _collector, _request: Reply(response(status, body, named))


def rejecting(marker: str) -> Script:
    """Rejects every event whose message holds the marker, as the collector's protocol has it."""

    def script(collector: Collector, request: Incoming) -> Reply:
        taking = collector.outcome(request)
        is_refused = [marker in str(record["message"]) for record in taking.records]
        return collector.settle(collector.speech.refuse(taking, is_refused) if any(is_refused) else taking)

    return script


TAKE_ALL = rejecting("\0")  # no message of the tests has this character


def firewall(marker: str) -> Script:
    """Answers 403 to every request that contains the marker, before the collector sees it."""

    def script(collector: Collector, request: Incoming) -> Reply:
        taking = collector.outcome(request)
        is_refused = any(marker in str(record["message"]) for record in taking.records)
        return Reply(response(403)) if is_refused else take(collector, request)

    return script


def taking_at_most(max_events: int) -> Script:
    """Answers 413 to every request with more events, and takes the others."""

    def script(collector: Collector, request: Incoming) -> Reply:
        taking = collector.outcome(request)
        return Reply(response(413)) if len(taking.records) > max_events else collector.settle(taking)

    return script


def rotate_the_token(collector: Collector, request: Incoming) -> Reply:
    """From this request on another token is valid."""
    collector.rotate(collector)
    collector.script = take
    return take(collector, request)


def reset(_collector: Collector, _request: Incoming) -> Reply:
    """Takes nothing, and sends RST instead of an answer."""
    return Reply(end=End.RESET)


def not_http(_collector: Collector, _request: Incoming) -> Reply:
    """Another service listens on the port."""
    return Reply(b"SSH-2.0-OpenSSH_9.7\r\n", end=End.FIN)


# The scripts below take the events without saying so: the worst case, since the events will come again.


def _taking(reply: Reply) -> Script:
    def script(collector: Collector, request: Incoming) -> Reply:
        collector.keep(request)
        return reply

    return script


taking_without_sense = _taking(Reply(response(200, b"stored, thank you")))
reset_after_taking = _taking(Reply(end=End.RESET))
stall = _taking(Reply(delay_seconds=_FOREVER_SECONDS))
drip_headers = _taking(Reply(b"HTTP/1.1 200 OK\r\nX-Wait: ", drip=b"x"))
drip_body = _taking(Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", drip=b"x"))
cut = _taking(Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nOK\n", end=End.FIN))
