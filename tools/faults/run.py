"""Runs a row of the matrix: the fault, the parking, the redrive, and what became of every event."""

import json
import traceback
from base64 import b64encode
from collections import defaultdict
from contextlib import ExitStack
from copy import replace
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

from eks_log_forwarder import forward_handler, wiring
from eks_log_forwarder.delivery.delivery import Delivery
from eks_log_forwarder.errors import UndeliveredError
from tools.faults.collector import Collector
from tools.faults.container import captured, new_container
from tools.faults.row import EVENTS, Outcome, Row, plain, refusing
from tools.faults.speech import Speech
from tools.faults.stage import NEXT_TOKEN, TOKEN, Stage
from tools.faults.virtual_time import Clock, VirtualTimeTransport, handlers_on
from tools.lambda_context import lambda_context
from tools.listener.protocols import DEMO_USERNAME
from tools.local_aws import LocalAws
from tools.make_event import Source, data_message, encode_event, stream_name


@dataclass(frozen=True, slots=True)
class Found:
    """What became of a row's events."""

    outcome: Outcome
    in_the_end: int
    lost: int = 0
    token_leaked: bool = False
    queue_is_empty: bool = True

    @classmethod
    def promised(cls, row: Row) -> "Found":
        """What has to be found for this row."""
        return cls(row.promised, row.promised.in_the_end)

    def faults(self, row: Row) -> list[str]:
        """How this differs from what was promised; empty if it does not."""
        promised = asdict(self.promised(row))
        found = asdict(self).items()
        return [
            f"{name}: {value}, promised was {promised[name]}"
            for name, value in found
            if value != promised[name]
        ]


def run(row: Row, aws: LocalAws, speech: Speech) -> Found:
    """Forwards 30 events to a collector with this fault, and redrives what was parked to a healthy one."""
    stage = Stage(aws, speech)
    clock = Clock()
    collector = Collector(TOKEN, row.script, speech, row.healthy_requests, stage.rotate)
    lines = [f'I0114 10:00:00.000000      11 fault.go:1] "event {number}"' for number in range(EVENTS)]
    payload = data_message(lines, Source(stream_name("api", "demo")))
    event = json.loads(encode_event(payload))

    def on_clock(delivery: Delivery, timeout_seconds: float = 0.0) -> Delivery:
        return on_virtual_time(delivery, clock, collector, timeout_seconds)

    with captured() as text, handlers_on(clock):
        with ExitStack() as fault:
            url = fault.enter_context(row.place(collector)) + speech.path
            environ = stage.environ(url)
            if not row.secret_readable:
                environ["DESTINATION_SECRET_ARN"] += "-gone"
            if not row.queue_reachable:
                environ["AWS_ENDPOINT_URL_SQS"] = fault.enter_context(refusing())
            forwarder = fault.enter_context(
                new_container(environ, lambda delivery: on_clock(delivery, row.timeout_seconds))
            )
            if row.circuit_is_open:
                forwarder.delivery.circuit.open()
            started = clock()
            _invoke(event, stage)
            seconds = round(clock() - started, 3)
            print(repr(forwarder))
        collector.script, collector.healthy_requests = row.after, 0
        forwarded = text.getvalue()
        with (
            plain(collector) as origin,
            new_container(stage.environ(origin + speech.path), on_clock) as forwarder,
        ):
            is_empty = stage.redrive()
            print(repr(forwarder))
    (summary,) = (defaultdict(int, line) for line in summaries_in(forwarded))
    dead = stage.dead_ids()
    put_in = {log_event["id"] for log_event in payload["logEvents"]}
    taken = set(collector.taken_ids)
    return Found(
        outcome=Outcome(
            delivered=summary["EventsDelivered"],
            parked=summary["EventsParked"],
            requests=summary["DeliveryAttempts"],
            reason=", ".join(summary.get("reasons", ())),
            seconds=seconds,
            rejected=summary["EventsRejected"] - summary["rejected_unidentified"],
            kept=summary["EventsKept"],
            duplicates=len(collector.taken_ids) - len(taken),
            dead=len(dead),
            unidentified=summary["rejected_unidentified"],
        ),
        in_the_end=len(taken & put_in),
        lost=len(put_in - taken - set(dead)) - summary["rejected_unidentified"],
        token_leaked=shows_a_token(text.getvalue()),
        queue_is_empty=is_empty,
    )


def on_virtual_time(
    delivery: Delivery, clock: Clock, collector: Collector, timeout_seconds: float = 0.0
) -> Delivery:
    """A delivery whose pauses and time-outs take time of this clock; it is part of a new container."""
    settings = wiring.settings()
    transport = VirtualTimeTransport(
        clock,
        collector,
        connect_timeout_seconds=settings.connect_timeout_seconds,
        read_timeout_seconds=settings.read_timeout_seconds,
        timeout_seconds=timeout_seconds,
    )
    return replace(delivery, transport=transport, sleep=clock.advance)


def shows_a_token(text: str) -> bool:
    """Whether a text contains a token: plain, encoded for a URL, or as the password of Basic."""
    return any(form in text for token in (TOKEN, NEXT_TOKEN) for form in _forms(token))


def _forms(token: str) -> tuple[str, ...]:
    basic = b64encode(f"{DEMO_USERNAME}:{token}".encode()).decode()
    return token, quote(token), quote(token, safe=""), basic


def _invoke(event: dict[str, Any], stage: Stage) -> None:
    """One invocation; if it raises, Lambda's on-failure record puts the payload in the queue."""
    try:
        forward_handler.handler(event, lambda_context())
    except UndeliveredError:
        print(traceback.format_exc())
        stage.park(json.dumps({"version": "1.0", "requestPayload": event}))


def summaries_in(text: str) -> list[dict[str, Any]]:
    """The summary lines among what was printed."""
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("message") == "summary"]
