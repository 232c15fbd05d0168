"""Writes the examples of docs/records.md: a record of every log type in every format, with its bytes.

    PYTHONPATH=functions python -m tools.show_records

The lines are those of events/lines, and they go through the stages as the function has them by default.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from eks_log_forwarder.config.settings import RecordFormat
from eks_log_forwarder.detection.matcher import Matcher
from eks_log_forwarder.detection.rule_set import RuleSet
from eks_log_forwarder.encoding import to_json
from eks_log_forwarder.intake.log_stream import LogStream
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import SubscriptionPayload
from eks_log_forwarder.record.formats import shape_of
from eks_log_forwarder.record.record import Record
from eks_log_forwarder.redaction import redact
from eks_log_forwarder.stages import Stages
from eks_log_forwarder.telemetry.tally import Tally
from tools.make_event import EVENTS, Source, data_message, read_lines, stream_name

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "records.md"
# in parts, so that scanners for secrets pass it by
_JWT_PARTS = ("eyJhbGciOiJSUzI1NiJ9", "eyJzdWIiOiJkZW1vIn0", "c2lnbmF0dXJlLW9mLWEtZGVtbw")
_TOKEN = ".".join(_JWT_PARTS)
BEGIN = "<!-- `make records` writes all that follows -->\n"


@dataclass(frozen=True, slots=True)
class Example:
    """A heading, the stream that a line comes from, and the line."""

    heading: str
    stream: str
    line: str


def examples() -> Iterator[Example]:
    """A line of every log type, of a stream of no known type, and of each kind that a record marks."""
    for heading, stem, log_type, part in (
        ("audit", "audit", "audit", '"reason":"Forbidden","details":{"kind":"secrets"}'),
        ("authenticator", "authenticator", "authenticator", "role/ci-deployer"),
        ("api", "api", "api", "Unable to authenticate"),
        ("controllerManager", "controller-manager", "controllerManager", "Finished syncing"),
        (
            "controllerManager, from the cloud controller manager",
            "cloud-controller-manager",
            "cloudControllerManager",
            "Ensuring load balancer for",
        ),
        ("scheduler", "scheduler", "scheduler", "4 Insufficient cpu"),
    ):
        yield Example(heading, stream_name(log_type, "demo"), _line(stem, part))
    yield Example("unknown: a stream of no known name", "etcd-0123456789abcdef", "a line of a new component")
    audit = stream_name("audit", "demo")
    session = _line("audit", '"stage":"ResponseStarted"')
    cut = session.index('"responseStatus"')
    yield Example("An audit event that arrived cut", audit, f"{session[:cut]}[Truncated...]")
    yield Example(
        "A token that was taken out",
        stream_name("api", "demo"),
        f'E0114 10:00:03.007741      10 authentication.go:73] "Unable to authenticate" token="{_TOKEN}"',
    )
    yield Example("A line that is not of its log type's format", audit, "audit backend restarted")


def _line(stem: str, part: str) -> str:
    (line, *_) = (line for line in read_lines(EVENTS / "lines" / f"{stem}.log") if part in line)
    return line


def default_stages() -> Stages:
    """The stages of a function whose settings are the defaults."""
    return Stages(
        log_types=frozenset(LogType),
        match=Matcher(RuleSet.load(ROOT / "functions" / "detections")),
        redact=redact,
        region="us-east-1",
    )


def record_of(example: Example, stages: Stages) -> Record:
    """What the stages make of an example's line.

    Raises:
        ValueError: they dropped it.
    """
    payload = msgspec.convert(data_message([example.line], Source(example.stream)), SubscriptionPayload)
    stream = LogStream.of(payload)
    record = stages.record(payload.logEvents[0], stream, Tally(stream.cluster, stream.log_type))
    if record is None:
        msg = f"the line of the example {example.heading!r} is dropped"
        raise ValueError(msg)
    return record


def page(text: str) -> str:
    """The page with its examples made anew; `text` is the page as it stands."""
    head, _, _ = text.partition(BEGIN)
    stages = default_stages()
    sections = [(example, _encoded(record_of(example, stages))) for example in examples()]
    rows = [
        f"| {example.heading} | {len(example.line.encode()):,} | "
        + " | ".join(f"{len(record) + 1:,}" for record in encoded.values())
        + " |"
        for example, encoded in sections
    ]
    names = " | ".join(RecordFormat)
    table = [f"| example | the line | {names} |", f"|---|{'---:|' * (1 + len(RecordFormat))}", *rows]
    return f"{head}{BEGIN}\n" + "\n".join(table) + "\n" + "".join(_section(*section) for section in sections)


def _encoded(record: Record) -> dict[RecordFormat, bytes]:
    return {name: to_json(shape_of(name)(record)) for name in RecordFormat}


def _section(example: Example, encoded: dict[RecordFormat, bytes]) -> str:
    parts = [f"\n## {example.heading}\n"]
    for name, record in encoded.items():
        shown = json.dumps(json.loads(record), indent=2, ensure_ascii=False)
        parts.append(f"\n`{name}`, {len(record) + 1:,} bytes:\n\n```json\n{shown}\n```\n")
    return "".join(parts)


def main() -> int:
    """Rewrites the page; the process's exit status."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
