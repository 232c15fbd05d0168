"""`python -m tools.listener`: receives log records on this machine and prints them until it is stopped."""

import argparse
import os
import signal
import sys
import threading
from contextlib import ExitStack, closing
from pathlib import Path

from tools.listener.loki import Loki
from tools.listener.loki_limits import LokiLimits
from tools.listener.protocols import DEVELOPMENT_TOKEN, PATHS, Collectors
from tools.listener.server import Sink, running_listener
from tools.listener.terminal import Display, SavedRecords, open_console
from tools.listener.victoria_logs import VictoriaLogs

_TOKEN_VARIABLE = "LISTENER_TOKEN"  # noqa: S105  # the variable's name
_LAST_PORT = 65_535


def _port(text: str) -> int:
    port = int(text) if text.isdecimal() else -1
    if not 0 <= port <= _LAST_PORT:
        msg = f"a port is a number from 0 to {_LAST_PORT}"
        raise argparse.ArgumentTypeError(msg)
    return port


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.listener",
        description="A local log listener for development. It has XPLG's endpoint "
        "(POST /logeye/api/logger.jsp?token=…) and a plain one (POST /ingest, Authorization: Bearer …) for "
        "NDJSON, a JSON array or one JSON object per request, and those of Splunk HEC, Elasticsearch, Loki, "
        "OTLP, Fluent Bit and VictoriaLogs, each as strict and as lenient as the real one. It prints what it "
        "receives.",
        epilog="Ctrl-C or SIGTERM stops it; it prints the totals and ends with status 0.",
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (%(default)s, only this machine)")
    add("--port", type=_port, default=30303, help="port, 0 for a free one (%(default)s, XPLG's own)")
    add("--token", help=f"required token (${_TOKEN_VARIABLE}, else {DEVELOPMENT_TOKEN})")
    add("--no-token", action="store_true", help="require no token, as for a local invocation")
    limit = "Loki and VictoriaLogs refuse or drop older events; theirs is 168 (no limit)"
    add("--max-age-hours", type=float, metavar="N", help=limit)
    add("--multi-tenant", action="store_true", help="Loki wants X-Scope-OrgID")
    add("--quiet", action="store_true", help="print only refusals and totals, no records")
    add("--save", type=Path, metavar="FILE", help="append every record to FILE as one line of JSON")
    add("--ready-file", type=Path, metavar="FILE", help="write the port to FILE when it is open")
    return parser.parse_args(arguments)


def _choose_token(options: argparse.Namespace) -> tuple[str | None, str]:
    """The token and a sentence about its source; None accepts any request."""
    if options.no_token:
        return None, "No token is required."
    if options.token is not None:
        return options.token, "The token is from --token."
    if token := os.environ.get(_TOKEN_VARIABLE):
        return token, f"The token is from {_TOKEN_VARIABLE}."
    return DEVELOPMENT_TOKEN, "The token is the built-in development token, see --help."


def main(arguments: list[str]) -> int:
    """Listens until SIGINT or SIGTERM; returns the exit status."""
    options = _parse(arguments)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    token, source = _choose_token(options)
    if token == "":
        return _fail("the token is empty: give --token a value or leave it out")
    console = open_console()
    display = Display(console, quiet=options.quiet)
    sinks: list[Sink] = [display]
    with ExitStack() as stack:
        try:
            if options.save:  # first: what is shown has been saved
                sinks.insert(0, stack.enter_context(closing(SavedRecords(options.save))))
            listening = running_listener(
                token=token,
                host=options.host,
                port=options.port,
                sinks=tuple(sinks),
                collectors=_collectors(options),
            )
            listener = stack.enter_context(listening)
            if options.ready_file:  # a reader never finds it half written
                beside = options.ready_file.with_name(f"{options.ready_file.name}.new")
                beside.write_text(f"{listener.origin.rpartition(':')[2]}\n", encoding="ascii")
                beside.replace(options.ready_file)
        except OSError as error:
            return _fail(_explain(error, options))
        for path in PATHS:
            console.print(f"Listening on {listener.url_of(path)}", soft_wrap=True)
        console.print(f"{source} Ctrl-C ends.", soft_wrap=True)
        stop.wait()
    display.totals()
    return 0


def _collectors(options: argparse.Namespace) -> Collectors:
    hours: float | None = options.max_age_hours
    return Collectors(
        loki=Loki(LokiLimits(max_age_hours=hours, multi_tenant=options.multi_tenant)),
        victoria_logs=VictoriaLogs(retention_days=hours / 24 if hours is not None else None),
    )


def _explain(error: OSError, options: argparse.Namespace) -> str:
    if error.filename is not None:
        return f"{error.filename} cannot be written: {error.strerror}"
    reason = error.strerror or error
    return f"cannot listen on {options.host} port {options.port}: {reason}; see --host and --port"


def _fail(message: str) -> int:
    print(f"listener: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
