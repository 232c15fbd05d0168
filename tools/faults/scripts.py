"""What a misbehaving collector does with a request."""

from tools.faults.collector import Exchange, Script, take

PAGE = b"<!DOCTYPE html><html><body>Welcome</body></html>"


def answering(status: int, body: bytes = b"", **headers: str) -> Script:
    """Takes nothing and gives this answer."""

    def script(exchange: Exchange) -> None:
        if exchange.read():
            exchange.answer(status, body, **headers)

    return script


def rejecting(marker: str) -> Script:
    """Rejects every event whose message holds the marker, as the collector's protocol has it."""

    def script(exchange: Exchange) -> None:
        if not exchange.read():
            return
        taking = exchange.taking()
        is_refused = [marker in str(record["message"]) for record in taking.records]
        speech = exchange.collector.speech
        exchange.settle(speech.refuse(taking, is_refused) if any(is_refused) else taking)

    return script


def taking_at_most(max_events: int) -> Script:
    """Answers 413 to every request with more events, and takes the others."""

    def script(exchange: Exchange) -> None:
        if not exchange.read():
            return
        taking = exchange.taking()
        if len(taking.records) > max_events:
            exchange.answer(413)
        else:
            exchange.settle(taking)

    return script


def rotate_the_token(exchange: Exchange) -> None:
    """From this request on another token is valid."""
    exchange.collector.rotate(exchange.collector)
    exchange.collector.script = take
    take(exchange)


def reset_unread(exchange: Exchange) -> None:
    """Sends RST before anything was read, but not before the request arrives.

    An earlier RST could overtake the answer to the previous request.
    """
    exchange.connection.await_request()
    exchange.reset()


# The scripts below take the events without saying so: the worst case, since the events will come again.


def reset_read(exchange: Exchange) -> None:
    """Sends RST instead of an answer."""
    if exchange.read():
        exchange.keep()
        exchange.reset()


def stall(exchange: Exchange) -> None:
    """Never answers."""
    if exchange.read():
        exchange.keep()
        exchange.connection.stopped.wait()
        exchange.is_over = True


def drip_headers(exchange: Exchange) -> None:
    """Sends a header that never ends, one byte at a time."""
    _drip(exchange, b"HTTP/1.1 200 OK\r\nX-Wait: ")


def drip_body(exchange: Exchange) -> None:
    """Sends a body that takes forever, one byte at a time."""
    _drip(exchange, b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")


def _drip(exchange: Exchange, start: bytes) -> None:
    if exchange.read():
        exchange.keep()
        exchange.connection.send(start)
        exchange.connection.drip(b"x", every_seconds=0.02)
        exchange.is_over = True


def cut(exchange: Exchange) -> None:
    """Sends half a body, then closes the connection."""
    if exchange.read():
        exchange.keep()
        exchange.connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nOK\n")
        exchange.is_over = True
