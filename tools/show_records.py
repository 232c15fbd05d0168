"""Writes the examples of docs/records.md: a record of every log type in every format, with its size.

The lines come from events/lines, and pass the function's stages with default settings.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass

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
from tools import ROOT
from tools.make_event import (
    LOG_TYPES_OF_LINES,
    VENDED_LOG_TYPES_OF_LINES,
    Source,
    data_message,
    example_lines,
    source_of,
)

PAGE = ROOT / "docs" / "records.md"
# in parts, so that secret scanners ignore it
_JWT_PARTS = ("eyJhbGciOiJSUzI1NiJ9", "eyJzdWIiOiJkZW1vIn0", "c2lnbmF0dXJlLW9mLWEtZGVtbw")
_TOKEN = ".".join(_JWT_PARTS)
BEGIN = "<!-- `make records` writes all that follows -->\n"


@dataclass(frozen=True, slots=True)
class Example:
    """A heading, a line and where it comes from."""

    heading: str
    source: Source
    line: str


def examples() -> Iterator[Example]:
    """A line of every log type, of an unknown stream, and one for each mark of a record."""
    parts = {
        "audit": '"reason":"Forbidden","details":{"kind":"secrets"}',
        "authenticator": "role/ci-deployer",
        "api": "Unable to authenticate",
        "controller-manager": "Finished syncing",
        "cloud-controller-manager": "Ensuring load balancer for",
        "scheduler": "4 Insufficient cpu",
        "auto-mode-compute": "launched nodeclaim",
        "capability-argocd": "code PermissionDenied",
    }
    headings = {
        "cloudControllerManager": "controllerManager, from the cloud controller manager",
        "autoModeCompute": "autoModeCompute, as an example of Auto Mode",
        "capabilityArgocd": "capabilityArgocd, as an example of Capabilities",
    }
    for stem, part in parts.items():
        log_type = (LOG_TYPES_OF_LINES | VENDED_LOG_TYPES_OF_LINES)[stem]
        yield Example(headings.get(log_type, log_type), source_of(log_type), _line(stem, part))
    unknown = Source("etcd-0123456789abcdef")
    yield Example("unknown: a stream of no known name", unknown, "a line of a new component")
    audit = source_of("audit")
    session = _line("audit", '"stage":"ResponseStarted"')
    cut = session.index('"responseStatus"')
    yield Example("An audit event that arrived cut", audit, f"{session[:cut]}[Truncated...]")
    yield Example(
        "A token that was taken out",
        source_of("api"),
        f'E0114 10:00:03.007741      10 authentication.go:73] "Unable to authenticate" token="{_TOKEN}"',
    )
    yield Example("A line that is not of its log type's format", audit, "audit backend restarted")


def _line(stem: str, part: str) -> str:
    return next(line for line in example_lines(stem) if part in line)


def default_stages() -> Stages:
    """The stages with default settings."""
    return Stages(
        log_types=frozenset(LogType),
        match=Matcher(RuleSet.load(ROOT / "functions" / "detections")),
        redact=redact,
        region="us-east-1",
    )


def record_of(example: Example, stages: Stages) -> Record:
    """The record of an example's line.

    Raises:
        ValueError: the stages dropped it.
    """
    message = data_message([example.line], example.source)
    payload = msgspec.json.decode(to_json(message), type=SubscriptionPayload)
    stream = LogStream.of(payload)
    record = stages.record(payload.logEvents[0], stream, Tally(stream.cluster, stream.log_type))
    if record is None:
        msg = f"the line of the example {example.heading!r} is dropped"
        raise ValueError(msg)
    return record


def page(text: str) -> str:
    """The page `text` with its examples written again."""
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
    """Rewrites the page; returns the exit status."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
