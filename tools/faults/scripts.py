"""What a collector that misbehaves does with a request."""

from tools.faults.collector import Exchange, Script, take

PAGE = b"<!DOCTYPE html><html><body>Welcome</body></html>"


def answering(status: int, body: bytes = b"", **headers: str) -> Script:
    """Takes nothing and answers so."""

    def script(exchange: Exchange) -> None:
        if exchange.read():
            exchange.answer(status, body, **headers)

    return script


def taking_with_a_page(exchange: Exchange) -> None:
    """Takes a request, and shows a page for an answer."""
    if exchange.read():
        exchange.keep()
        exchange.answer(200, PAGE)


def rejecting(marker: str) -> Script:
    """Refuses every event whose message holds the marker, in the way of the collector's protocol."""

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
    """Another token holds from this request on."""
    exchange.collector.rotate(exchange.collector)
    exchange.collector.script = take
    take(exchange)


def reset_unread(exchange: Exchange) -> None:
    """RST before anything was read, though not before there is something to read.

    An earlier one could overtake the answer to the request before it.
    """
    exchange.connection.await_request()
    exchange.reset()


# What follows takes the events and fails to say so: the worst case, since they will come a second time.


def reset_read(exchange: Exchange) -> None:
    """RST in the place of an answer."""
    if exchange.read():
        exchange.keep()
        exchange.reset()


def stall(exchange: Exchange) -> None:
    """Says nothing."""
    if exchange.read():
        exchange.keep()
        exchange.connection.stopped.wait()
        exchange.is_over = True


def drip_headers(exchange: Exchange) -> None:
    """A header that never ends, a byte at a time."""
    _drip(exchange, b"HTTP/1.1 200 OK\r\nX-Wait: ")


def drip_body(exchange: Exchange) -> None:
    """A body that takes for ever, a byte at a time."""
    _drip(exchange, b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")


def _drip(exchange: Exchange, start: bytes) -> None:
    if exchange.read():
        exchange.keep()
        exchange.connection.send(start)
        exchange.connection.drip(b"x", every_seconds=0.02)
        exchange.is_over = True


def cut(exchange: Exchange) -> None:
    """Half a body, then the end of the connection."""
    if exchange.read():
        exchange.keep()
        exchange.connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nOK\n")
        exchange.is_over = True
