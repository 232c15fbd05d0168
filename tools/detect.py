"""Runs the detection rules over a file of lines, one message a line: how a rule is tried before deployment.

    detect.py LINES [--rules FOLDER …] [--trusted-cidrs NETWORKS]

Prints a table: rule, level, hits, first actor and first target. Exits with 2 where the rules are refused.
"""

import argparse
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

from rich.table import Table
from rich.text import Text

FUNCTIONS = Path(__file__).parent.parent / "functions"
sys.path.insert(0, str(FUNCTIONS))

from eks_log_forwarder.control_plane.parsing import parse  # noqa: E402  # the path comes first
from eks_log_forwarder.detection.matcher import actor_and_target, line_fields  # noqa: E402
from eks_log_forwarder.detection.rule_set import RuleSet  # noqa: E402
from eks_log_forwarder.errors import DetectionError  # noqa: E402
from eks_log_forwarder.intake.log_type import LogType  # noqa: E402
from eks_log_forwarder.intake.payload import LogEvent  # noqa: E402
from eks_log_forwarder.wiring import rule_folders  # noqa: E402
from tools.listener.terminal import open_console  # noqa: E402

_KLOG_FILE = re.compile(r"[IWEF]\d{4} \S+\s+\d+ (\S+?)\.go:\d+\]")
_KLOG_TYPES = (LogType.SCHEDULER, LogType.API, LogType.CONTROLLER_MANAGER)


@dataclass
class Hits:
    """How often a rule matched, and who and what the first time."""

    count: int = 0
    actor: str = ""
    target: str = ""


def log_types(message: str) -> tuple[LogType, ...]:
    """The log types that a line may be of, by its look: JSON is audit, `level=` is logrus, else klog.

    A klog line does not say which component wrote it, so the rules of all of them are tried on it.
    """
    if message.startswith("{"):
        return (LogType.AUDIT,)
    if _KLOG_FILE.match(message) is None and "level=" in message:
        return (LogType.AUTHENTICATOR,)
    return _KLOG_TYPES


def detect(detections: RuleSet, messages: Iterable[str]) -> dict[str, Hits]:
    """The hits of each rule that matched, by the rule's id."""
    found: dict[str, Hits] = {}
    for message in messages:
        for log_type in log_types(message):
            parsed = parse(log_type, LogEvent(id="", timestamp=0, message=message))
            line = parsed.authenticator or parsed.klog
            fields = None if line is None else line_fields(line)
            for detection in detections.match(log_type, parsed.audit, fields, message):
                hits = found.setdefault(
                    detection.id, Hits(0, *actor_and_target(log_type, parsed.audit, fields))
                )
                hits.count += 1
    return found


def table(detections: RuleSet, found: dict[str, Hits]) -> Table:
    """One row a rule that matched, the most hits first."""
    columns = Table(title="Detections")
    for name in ("Rule", "Level", "Hits", "First actor", "First target"):
        columns.add_column(name, overflow="fold")
    rules = {rule.detection.id: rule.detection for rule in detections.rules}
    for rule, hits in sorted(found.items(), key=lambda item: -item[1].count):
        columns.add_row(
            Text(rules[rule].title),
            rules[rule].level,
            str(hits.count),
            Text(hits.actor),
            Text(hits.target),
        )
    return columns


def main(arguments: list[str]) -> int:
    """Read the file and print the table; 2 where a rule or a file cannot be used."""
    parser = argparse.ArgumentParser(description="Run the detection rules over a file of lines.")
    parser.add_argument("lines", type=Path, help="a text file, one log message a line")
    parser.add_argument("--rules", type=Path, nargs="+", default=rule_folders(), help="folders of rules")
    parser.add_argument("--trusted-cidrs", default="", help="comma-separated, as the parameter TrustedCidrs")
    given = parser.parse_args(arguments)
    console = open_console()
    try:
        networks = [
            ip_network(network.strip()) for network in given.trusted_cidrs.split(",") if network.strip()
        ]
        detections = RuleSet.load(*given.rules, trusted_networks=networks)
        messages = [line for line in given.lines.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (DetectionError, OSError, ValueError) as error:
        console.print(str(error), markup=False, style="red")
        return 2
    found = detect(detections, messages)
    console.print(table(detections, found))
    console.print(f"{len(messages)} lines, {len(detections.rules)} rules, {len(found)} of them matched")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
