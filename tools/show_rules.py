"""Writes the table of the shipped rules in docs/detections.md from the rules and their test lines."""

import json
import sys
from collections.abc import Iterator
from functools import cache
from ipaddress import ip_network
from pathlib import Path

from eks_log_forwarder.control_plane.parsing import parse
from eks_log_forwarder.detection.matcher import Matcher
from eks_log_forwarder.detection.rule_set import RuleSet
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent
from eks_log_forwarder.yaml_files import load_yaml
from tools import ROOT

PAGE = ROOT / "docs" / "detections.md"
RULES = ROOT / "functions" / "detections"
LINES = ROOT / "tests" / "detections"
BEGIN = "<!-- `make rules` writes this table -->\n"
END = "<!-- end of the table -->\n"

_LEVELS = ("critical", "high", "medium", "low", "informational")
_HEAD = (
    "| file, without `.yml` | finds | level | ATT&CK | reads | refused requests | expected noise |\n"
    "|---|---|---|---|---|---|---|\n"
)
# Fields of nearly every rule, which tell nothing about it.
_COMMON = frozenset({"user.username", "user.groups", "verb", "responseStatus.code", "objectRef.subresource"})
_FIRST_FAILURE = 400
_FORBIDDEN = 403


@cache
def _matcher() -> Matcher:
    """All shipped rules; no line of theirs comes from the trusted network."""
    return Matcher(RuleSet.load(RULES, trusted_networks=[ip_network("192.0.2.0/24")]))


def page(text: str) -> str:
    """The page `text` with its table written again."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{table()}\n{END}{tail}"


def table() -> str:
    """A row for each shipped rule, the gravest first, then by file name."""
    documents = {path.stem: _document(path) for path in sorted(RULES.glob("*.yml"))}
    stems = sorted(documents, key=lambda stem: (_LEVELS.index(str(documents[stem]["level"])), stem))
    return _HEAD + "".join(_row(stem, documents[stem]) for stem in stems)


def _document(path: Path) -> dict[str, object]:
    document = load_yaml(path)
    if not isinstance(document, dict):
        message = f"{path} is not a rule"
        raise TypeError(message)
    return document


def _row(stem: str, document: dict[str, object]) -> str:
    techniques = [tag[7:].upper() for tag in _texts(document["tags"]) if tag.startswith("attack.t")]
    cells = (
        f"`{stem}`",
        str(document["title"]),
        str(document["level"]),
        " ".join(techniques),
        ", ".join(f"`{name}`" for name in _reads(document)),
        refused(stem),
        "; ".join(_texts(document["falsepositives"])),
    )
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def _reads(document: dict[str, object]) -> list[str]:
    """The fields that a rule looks at, without those of its exceptions. Both bodies count as one."""
    detection = document["detection"]
    named = detection.items() if isinstance(detection, dict) else ()
    parts = [part for name, part in named if not name.startswith(("filter_", "condition"))]
    names = {name.split("|")[0] for part in parts for name in _keys(part)}
    names = names - _COMMON or names
    bodies = ("requestObject.", "responseObject.")
    return sorted({name.replace(bodies[1], bodies[0]).replace(bodies[0], "body.") for name in names})


def _keys(part: object) -> Iterator[str]:
    for each in part if isinstance(part, list) else [part]:
        if isinstance(each, dict):
            yield from map(str, each)


def refused(stem: str) -> str:
    """What a rule on audit events does with refused requests, tried on its lines: ignored, also or only."""
    rows = [json.loads(line) for line in (LINES / f"{stem}.ndjson").read_text(encoding="utf-8").splitlines()]
    events = [row["event"] for row in rows if row["expect"] == "match" and "event" in row]
    if not events:
        return "n/a"
    if all(_code(event) >= _FIRST_FAILURE for event in events):
        return "only"
    denied = {
        "responseStatus": {"code": _FORBIDDEN},
        "annotations": {"authorization.k8s.io/decision": "forbid"},
    }
    return "also" if any(_finds(stem, event | denied) for event in events) else "ignored"


def _code(event: dict[str, dict[str, int]]) -> int:
    return event.get("responseStatus", {}).get("code", 0)


def _finds(stem: str, fields: dict[str, object]) -> bool:
    matcher = _matcher()
    event = LogEvent(id="", timestamp=0, message=json.dumps(fields))
    ids = {rule.detection.id: Path(rule.file).stem for rule in matcher.rules.rules}
    found = matcher(LogType.AUDIT, parse(LogType.AUDIT, event), event)
    return stem in {ids[detection.rule.id] for detection in found}


def main() -> int:
    """Rewrites the page; returns the exit status."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
