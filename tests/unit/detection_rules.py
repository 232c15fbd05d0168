"""Rules for the tests of detection, made from their detection section, and verdicts on events."""

import json
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import indent

import msgspec

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.detection.rule_set import RuleSet
from eks_log_forwarder.intake.log_type import LogType

AUDIT = "{product: kubernetes, service: audit}"


def rule_text(detection: str, *, log_source: str = AUDIT, more: str = "level: low") -> str:
    """A rule's file: its detection section, and `more` lines of the top level."""
    return f"title: A rule\nlogsource: {log_source}\ndetection:\n{indent(detection, '  ')}\n{more}\n"


@cache
def detections_of(*texts: str, trusted: tuple[str, ...] = ()) -> RuleSet:
    """The rules of these files, named 0.yml, 1.yml and so on."""
    with TemporaryDirectory() as folder:
        for number, text in enumerate(texts):
            (Path(folder) / f"{number}.yml").write_text(text, encoding="utf-8")
        return RuleSet.load(Path(folder), trusted_networks=[ip_network(network) for network in trusted])


def header_of(message: str) -> AuditHeader | None:
    """The typed header, as the parser of audit events makes it."""
    try:
        return msgspec.json.decode(message, type=AuditHeader)
    except ValueError:  # a DecodeError, or half a surrogate pair
        return None


def found_in(detections: RuleSet, event: object) -> list[str]:
    """The ids of the rules that an audit event matches; a text is taken as the message itself."""
    message = event if isinstance(event, str) else json.dumps(event)
    return [found.id for found in detections.match(LogType.AUDIT, header_of(message), None, message)]


def fires(detection: str, event: object, trusted: tuple[str, ...] = ()) -> bool:
    """Whether an audit event matches a rule of this detection section."""
    return found_in(detections_of(rule_text(detection), trusted=trusted), event) == ["0"]


def selects(selection: str, event: object, trusted: tuple[str, ...] = ()) -> bool:
    """Whether an audit event matches a rule of this one selection."""
    return fires(f"selection: {selection}\ncondition: selection", event, trusted)
