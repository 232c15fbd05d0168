"""The Sigma filter that silences a rule for the origin of most of its matches.

Source: Sigma filters specification (SigmaHQ/sigma-specification, "Sigma Filters").
"""

import json
import re
from typing import NamedTuple

from eks_log_forwarder.detection.log_sources import source_of_log_type
from eks_log_forwarder.detection.rule import Rule
from eks_log_forwarder.redaction import redact
from tools.report.event import Event

# In a value of Sigma, `*` and `?` are wildcards, and a backslash escapes.
_SPECIAL = re.compile(r"[\\*?]")
_MAX_CHARACTERS = 256


class Origin(NamedTuple):
    """A field of Sigma, with its modifier, and the value that names where a match comes from."""

    field: str
    value: str


def origin_of(event: Event) -> Origin | None:
    """The user, the IAM identity, or the namespace of the pod; None if the event names none.

    A value that redaction changes is none either: it would stand in a file.
    """
    field, value = _field_and_value(event)
    if not value or len(value) > _MAX_CHARACTERS or not value.isprintable() or redact(value)[1]:
        return None
    return Origin(field, value)


def _field_and_value(event: Event) -> tuple[str, str]:
    if event.audit is not None:
        return "user.username", event.audit.user.username
    if event.parsed.authenticator is not None:
        return "arn", event.parsed.authenticator.arn
    if event.parsed.klog is not None:
        namespace, slash, _ = event.parsed.klog.fields.get("pod", "").partition("/")
        return "pod|startswith", f"{namespace}/" if slash else ""
    return "", ""


def sigma_filter(rule: Rule, origin: Origin, silenced: int, hits: int) -> str:
    """The text of the filter's file; a JSON text is a valid YAML scalar."""
    value = _SPECIAL.sub(lambda found: f"\\{found[0]}", origin.value)
    lines = [
        f"title: {json.dumps(f'Not from {origin.value}: {rule.detection.title}')}",
        f"description: Silences {silenced} of {hits} matches of a report.",
        "logsource:",
        *(f"  {key}: {name}" for key, name in source_of_log_type(rule.log_type).items()),
        "filter:",
        "  rules:",
        f"    - {rule.detection.id}",
        "  selection:",
        f"    {origin.field}: {json.dumps(value)}",
        "  condition: not selection",
    ]
    return "\n".join(lines) + "\n"
