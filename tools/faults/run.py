"""Runs a row of the matrix: the fault, the parking, the redrive, and the count of every event."""

import json
import traceback
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any
from urllib.parse import quote

from eks_log_forwarder import forward_handler
from eks_log_forwarder.errors import UndeliveredError
from tools.faults.collector import Collector
from tools.faults.container import captured, lambda_context, new_container
from tools.faults.matrix import EVENTS
from tools.faults.row import Outcome, Row, plain
from tools.faults.speech import Speech
from tools.faults.stage import NEXT_TOKEN, TOKEN, Stage
from tools.listener.demo_destinations import DEMO_USERNAME
from tools.local_aws import LocalAws
from tools.make_event import Source, data_message, encode_event, stream_name
from tools.misbehaving_server import unused_port


@dataclass(frozen=True, slots=True)
class Found:
    """What became of a row's events, beside what was promised."""

    outcome: Outcome
    seconds: float
    in_the_end: int
    lost: int
    token_leaked: bool
    queue_is_empty: bool

    def faults(self, row: Row) -> list[str]:
        """How this differs from what was promised; nothing where it does not."""
        return [
            text
            for differs, text in (
                (self.outcome != row.promised, f"{self.outcome}, promised was {row.promised}"),
                (self.seconds > row.within_seconds, f"{self.seconds:.1f} s, at most {row.within_seconds} s"),
                (self.lost != 0, f"{self.lost} lost"),
                (self.token_leaked, "the token leaked"),
                (not self.queue_is_empty, "the queue is not empty"),
            )
            if differs
        ]


def run(row: Row, aws: LocalAws, speech: Speech) -> Found:
    """Forwards 30 events to a collector with this fault, and redrives what was parked to a healthy one."""
    stage = Stage(aws, speech)
    collector = Collector(TOKEN, row.script, speech, row.healthy_requests, stage.rotate)
    lines = [f'I0114 10:00:00.000000      11 fault.go:1] "event {number}"' for number in range(EVENTS)]
    payload = data_message(lines, Source(stream_name("api", "demo")))
    event = json.loads(encode_event(payload))
    changed = {} if row.secret_readable else {"DESTINATION_SECRET_ARN": f"{stage.secret}-gone"}
    if not row.queue_reachable:
        changed["AWS_ENDPOINT_URL_SQS"] = f"http://127.0.0.1:{unused_port()}"
    with captured() as text:
        with row.place(collector) as url, new_container(stage.environ(url, **changed)) as forwarder:
            seconds = _timed(lambda: _invoke(event, stage))
            print(repr(forwarder))
        collector.script, collector.healthy_requests = row.after, 0
        forwarded = text.getvalue()
        with plain(collector) as url, new_container(stage.environ(url)) as forwarder:
            is_empty = stage.redrive()
            print(repr(forwarder))
    (summary,) = _summaries(forwarded)
    dead = stage.dead_ids()
    put_in = {log_event["id"] for log_event in payload["logEvents"]}  # type: ignore[attr-defined]  # a list
    taken = set(collector.taken_ids)
    return Found(
        outcome=Outcome(
            delivered=summary["delivered"],
            parked=summary["parked"],
            requests=summary["delivery_attempts"],
            reason=", ".join(summary["reasons"]),
            rejected=summary["rejected"],
            kept=summary["kept"],
            duplicates=len(collector.taken_ids) - len(taken),
            dead=len(dead),
            refused=summary["rejected_unidentified"],
        ),
        seconds=seconds,
        in_the_end=len(taken & put_in),
        lost=len(put_in - taken - set(dead)) - summary["rejected_unidentified"],
        token_leaked=shows_a_token(text.getvalue()),
        queue_is_empty=is_empty,
    )


def shows_a_token(text: str) -> bool:
    """Whether a token stands in a text: plain, as in a URL, or as the password of Basic."""
    return any(form in text for token in (TOKEN, NEXT_TOKEN) for form in _forms(token))


def _forms(token: str) -> tuple[str, ...]:
    basic = b64encode(f"{DEMO_USERNAME}:{token}".encode()).decode()
    return token, quote(token), quote(token, safe=""), basic


def _invoke(event: dict[str, Any], stage: Stage) -> None:
    """One invocation; where it raises, Lambda's on-failure record takes the payload to the queue."""
    try:
        forward_handler.handler(event, lambda_context())
    except UndeliveredError:
        print(traceback.format_exc())
        stage.park(json.dumps({"version": "1.0", "requestPayload": event}))


def _timed(act: Callable[[], None]) -> float:
    started = monotonic()
    act()
    return monotonic() - started


def _summaries(text: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("message") == "summary"]
