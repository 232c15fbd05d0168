"""The payloads of the benchmark: half are log lines, half are made audit events of 3 to 10 kB with bodies.

One user writes all bodies: a controller that all rules on pods except, or a user whom no rule excepts.
The lines come from the folder in `EKS_LOG_CORPUS` if it is set, else from `events/`.
"""

import json
import os
import random
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tools.make_event import EVENTS, Source, data_message, encode_event, read_lines

AUDIT_STREAM = "kube-apiserver-audit-0123456789abcdef0123456789abcdef"
# limit of an asynchronous invocation (Lambda quotas)
MAX_BASE64_BYTES = 1_000_000
CONTROLLER = "system:serviceaccount:kube-system:replicaset-controller"
USER = "system:serviceaccount:ci:deployer"
REAL_LINES = "real clusters"
_SEED = 8
_TEMPLATE = Path(__file__).parent / "pod_created.json"


@dataclass(frozen=True, slots=True)
class Payload:
    """One subscription event; `expanded_bytes` is the size of its JSON, unpacked."""

    event: dict[str, dict[str, str]]
    events: int
    expanded_bytes: int


def real_lines_source() -> str:
    """The source of the lines, in words."""
    return REAL_LINES if os.environ.get("EKS_LOG_CORPUS") else "`events/lines`, which are made up"


@cache
def real_lines() -> list[str]:
    """Audit lines, without stage RequestReceived, which EKS does not log."""
    corpus = os.environ.get("EKS_LOG_CORPUS")
    path = Path(corpus, "audit.ndjson") if corpus else EVENTS / "lines" / "audit.log"
    return [line for line in read_lines(path) if '"RequestReceived"' not in line]


def event_with_bodies(rng: random.Random, writer: str = CONTROLLER) -> str:
    """An audit event of level RequestResponse: `writer` creates a pod.

    `<8>` in the template is 8 hex digits.
    """
    parts = json.loads(_TEMPLATE.read_text(encoding="utf-8"))
    values = {
        "writer": writer,
        "name": f"web-{rng.randrange(16**8):08x}",
        "namespace": rng.choice(("prod", "staging", "data", "team-a")),
    }

    def value_of(found: re.Match[str]) -> str:
        name = found[1]
        if name == "octet":
            return str(rng.randrange(256))
        return values.get(name) or f"{rng.randrange(16 ** int(name)):0{name}x}"

    def filled(part: object) -> str:
        return re.sub(r"<(\w+)>", value_of, json.dumps(part, separators=(",", ":")))

    parts["pod"]["spec"]["containers"] = [parts["container"]] * rng.randrange(1, 4)
    pod = json.loads(filled(parts["pod"]))
    bodies = {"requestObject": pod, "responseObject": pod | {"status": parts["status"]}}
    return filled(parts["event"] | bodies)


def lines_of(count: int, writer: str = CONTROLLER) -> list[str]:
    """So many audit events, every second one with bodies; the same at every call."""
    rng = random.Random(_SEED)  # noqa: S311  # repeatable on purpose
    real = real_lines()
    return [event_with_bodies(rng, writer) if n % 2 else real[n // 2 % len(real)] for n in range(count)]


def payload_of(count: int, writer: str = CONTROLLER) -> Payload:
    """The subscription event with so many audit events."""
    payload = data_message(lines_of(count, writer), Source(AUDIT_STREAM, step_ms=1))
    size = len(json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode())
    return Payload(json.loads(encode_event(payload)), count, size)


def largest_payload() -> Payload:
    """The payload with as many events as fit into an asynchronous invocation."""
    counts = range(500, 20_000, 50)
    fitting = bisect_right(
        counts, MAX_BASE64_BYTES, key=lambda n: len(payload_of(n).event["awslogs"]["data"])
    )
    return payload_of(counts[fitting - 1])
