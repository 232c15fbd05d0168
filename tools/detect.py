"""Tries the detection rules on a file of lines, one message per line, before they are deployed.

    python -m tools.detect LINES [--rules FOLDER …] [--trusted-cidrs NETWORKS]

Prints a table: rule, level, hits, first actor and first target. Exits with 2 if a rule is invalid.
"""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

from rich.table import Table
from rich.text import Text

from eks_log_forwarder.control_plane.parsing import parse
from eks_log_forwarder.detection.matcher import Matcher
from eks_log_forwarder.detection.rule_set import RuleSet
from eks_log_forwarder.errors import DetectionError
from eks_log_forwarder.intake.payload import LogEvent
from eks_log_forwarder.wiring import rule_folders
from tools.listener.gist import possible_log_types
from tools.listener.terminal import open_console
from tools.stopping import run


@dataclass
class Hits:
    """The number of matches of a rule, with actor and target of the first."""

    count: int = 0
    actor: str = ""
    target: str = ""


def detect(rules: RuleSet, messages: Iterable[str]) -> dict[str, Hits]:
    """The hits of each matching rule, by the rule's id."""
    found: dict[str, Hits] = {}
    matcher = Matcher(rules)
    for message in messages:
        for log_type in possible_log_types(message):
            event = LogEvent(id="", timestamp=0, message=message)
            for detection in matcher(log_type, parse(log_type, event), event):
                hits = found.setdefault(detection.rule.id, Hits(0, detection.actor, detection.target))
                hits.count += 1
    return found


def table(rules: RuleSet, found: dict[str, Hits]) -> Table:
    """A row for each matching rule, the most hits first."""
    columns = Table("Rule", "Level", "Hits", "First actor", "First target", title="Detections")
    for column in columns.columns:
        column.overflow = "fold"
    named = {rule.detection.id: rule.detection for rule in rules.rules}
    for rule, hits in sorted(found.items(), key=lambda item: -item[1].count):
        cells = (named[rule].title, named[rule].level, str(hits.count), hits.actor, hits.target)
        columns.add_row(*map(Text, cells))
    return columns


def main(arguments: list[str]) -> int:
    """Runs the command line; the exit status is 2 if a rule or a file cannot be used."""
    parser = argparse.ArgumentParser(description="Tries the detection rules on a file of lines.")
    parser.add_argument("lines", type=Path, help="a text file, one log message per line")
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
    run(main)
