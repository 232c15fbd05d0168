"""The line of a detection in the function's log: publishing writes it, the notify function reads it."""

import os

import msgspec

from eks_log_forwarder.record.record import Details, Detection
from eks_log_forwarder.telemetry.tally import Tally

# The filter pattern of the notify function's subscriptions in template.yaml. Letters alone are one term of
# a pattern without quotes (CloudWatch Logs user guide, "Filter pattern syntax").
ALERT_WORD = "EksLogForwarderAlert"
_TOLD_LEVELS = frozenset({"high", "critical"})


class DetectionLine(Details, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """One detection with its cluster; `rule` is the rule's id. `notify` is ALERT_WORD if people are told.

    The key `level` is that of the log line, so the level of the rule has its own name.
    """

    notify: str = ""
    rule: str
    title: str
    rule_level: str
    cluster: str
    log_type: str
    actor: str = ""
    target: str = ""
    event_id: str = ""


_decode = msgspec.json.Decoder(DetectionLine).decode


def line_fields(detection: Detection, tally: Tally) -> dict[str, object]:
    """The fields of the line; empty ones are left out, because every byte of a log is billed."""
    rule = detection.rule
    line = {
        "notify": ALERT_WORD if rule.level in _TOLD_LEVELS else "",
        "rule": rule.id,
        "title": rule.title,
        "rule_level": rule.level,
        "cluster": tally.cluster,
        "account": tally.account,
        "region": os.environ.get("AWS_REGION", ""),
        "log_type": str(tally.log_type),
        "actor": detection.actor,
        "target": detection.target,
        "event_id": detection.event_id,
        **msgspec.to_builtins(detection.details()),
    }
    return {name: value for name, value in line.items() if value}


def alert_of(message: str) -> DetectionLine | None:
    """The detection that people are told about; None for every other line, whatever text it holds."""
    try:
        line = _decode(message)
    except (ValueError, RecursionError):  # msgspec.DecodeError is a ValueError
        return None
    return line if line.notify == ALERT_WORD else None
