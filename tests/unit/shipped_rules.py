"""The shipped rules, without the user's own, and what they find in a line that went through the parsers."""

import json
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import NamedTuple

from eks_log_forwarder.control_plane.parsing import parse
from eks_log_forwarder.detection.matcher import line_fields
from eks_log_forwarder.detection.rule_set import RuleSet
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent
from eks_log_forwarder.yaml_files import load_yaml

ROOT = Path(__file__).parents[2]
RULES = ROOT / "functions" / "detections"
LINES = ROOT / "tests" / "detections"
STEMS = sorted(path.stem for path in RULES.glob("*.yml"))
NOWHERE = "192.0.2.0/24"
NOVEMBER_2026 = 1_795_162_530_000


class Line(NamedTuple):
    """A line written for a rule.

    `component` names the EKS add-on or controller it comes from, if any.
    """

    rule: str
    number: int
    message: str
    matches: bool
    why: str
    component: str


def document(stem: str) -> dict[str, object]:
    """A rule's file as YAML."""
    loaded = load_yaml(RULES / f"{stem}.yml")
    assert isinstance(loaded, dict)
    return loaded


def excepted(stem: str) -> list[str]:
    """The users whom a rule always excepts: those in filters that name only users."""
    detection = document(stem)["detection"]
    assert isinstance(detection, dict)
    filters = [part for name, part in detection.items() if name.startswith("filter_")]
    names = [
        part["user.username"] for part in filters if isinstance(part, dict) and [*part] == ["user.username"]
    ]
    return [user for each in names for user in (each if isinstance(each, list) else [each])]


@cache
def shipped(*trusted: str) -> RuleSet:
    """The shipped rules with these trusted networks, or with one that no line comes from."""
    return RuleSet.load(RULES, trusted_networks=[ip_network(network) for network in trusted or [NOWHERE]])


@cache
def log_types() -> dict[str, LogType]:
    """The log type of each rule, by the stem of its file."""
    return {Path(rule.file).stem: rule.log_type for rule in shipped().rules}


@cache
def lines() -> tuple[Line, ...]:
    """Every line in tests/detections; its `event` or `line` is what a log would hold as the message."""
    return tuple(
        Line(
            path.stem,
            number,
            raw["line"] if "line" in raw else json.dumps(raw["event"], separators=(",", ":")),
            {"match": True, "no match": False}[raw["expect"]],
            raw["why"],
            raw.get("component", ""),
        )
        for path in sorted(LINES.glob("*.ndjson"))
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for raw in [json.loads(text)]
    )


def found(log_type: LogType, message: str, *trusted: str) -> dict[str, str]:
    """The rules that find something in a message: file stem to level."""
    parsed = parse(log_type, LogEvent(id="", timestamp=NOVEMBER_2026, message=message))
    line = parsed.authenticator or parsed.klog
    detections = shipped(*trusted)
    stems = {rule.detection.id: Path(rule.file).stem for rule in detections.rules}
    fields = None if line is None else line_fields(line)
    matches = detections.match(log_type, parsed.audit, fields, message)
    return {stems[match.id]: match.level for match in matches}
