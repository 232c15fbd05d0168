"""The subject and the text of a mail about a detection, and its summary for events.

Every text of the line is bounded, printable and without secrets already (`detection/details.py`).
"""

from eks_log_forwarder.notifying.insights import query_link
from eks_log_forwarder.telemetry.detection_line import DetectionLine

# Amazon SNS API reference, Publish: less than 100 characters, ASCII in mails, no control characters
MAX_SUBJECT = 99
MAX_TEXT = 12_000  # characters; SNS takes 256 KiB
MAX_SUMMARY = 1000  # PagerDuty's limit is 1,024, Security Hub's for a description too
_MAX_CLUSTER = 40
_FIRST_ERROR_CODE = 400
_ADVICE = """\
1. Open the query and look at what else the actor did.
2. Ask the person or the owner of the identity. An unexpected address or client is a bad sign.
3. If nobody can explain it, follow your incident procedure: take away the access (EKS access entry, aws-auth,
   role binding, session of the IAM role), then undo the change.
4. If it is expected, add a filter for this actor, or switch the rule off with DisabledDetections.
Runbook: docs/runbooks/detections.md"""


def subject_of(line: DetectionLine) -> str:
    """Level, title and cluster, in ASCII; the title is cut first."""
    cluster = _ascii(line.cluster)
    if len(cluster) > _MAX_CLUSTER:
        cluster = f"{cluster[: _MAX_CLUSTER - 3]}..."
    before, after = f"{_ascii(line.rule_level).upper()}: ", f" in {cluster}"
    title, room = _ascii(line.title), MAX_SUBJECT - len(before) - len(after)
    if len(title) > room:
        title = f"{title[: room - 3]}..."
    return f"{before}{title}{after}"


def summary_of(line: DetectionLine) -> str:
    """The detection in one line, for chats and tickets."""
    did = " ".join(filter(None, (line.actor or "somebody", line.verb or line.log_type, line.target)))
    source = f" from {line.source_addresses[-1]}" if line.source_addresses else ""
    text = f"{line.rule_level.upper()}: {line.title} in {line.cluster}: {did}{source}"
    if line.response_code:
        text = f"{text} (HTTP {line.response_code})"
    return text if len(text) <= MAX_SUMMARY else f"{text[: MAX_SUMMARY - 1]}…"


def text_of(line: DetectionLine, more: int, not_mailed: int, region: str) -> str:
    """The mail: who, what, from where, to what, whether it succeeded, and what to do next.

    `more` is the number of further detections with the same rule, actor and cluster; `not_mailed` that of
    further groups that get no mail. `region` is that of the function.
    """
    rows = (
        ("Rule", f"{line.title} (level {line.rule_level}, {line.rule})"),
        ("Cluster", f"{line.cluster} in account {line.account or 'unknown'}, {line.region or region}"),
        ("Time", line.time),
        ("Who", _who(line)),
        ("Groups", ", ".join(line.groups)),
        ("What", " ".join(filter(None, (line.verb or line.log_type, line.target)))),
        ("Namespace", line.namespace),
        ("From where", ", ".join(line.source_addresses) or "unknown"),
        ("Client", line.user_agent),
        ("Succeeded", _succeeded(line)),
        ("Event", line.event_id),
    )
    table = "\n".join(f"{name + ':':<12}{value}" for name, value in rows if value)
    parts = [
        f"A detection rule of level {line.rule_level} matched an event of the EKS cluster {line.cluster}.",
        table,
        f"...and {more} more with the same rule, actor and cluster." if more else "",
        f"{not_mailed} further groups of detections get no mail. See the log of the forward function."
        if not_mailed
        else "",
        f"What the actor did around that time:\n{query_link(line, region)}",
        f"What to do next:\n{_ADVICE}",
    ]
    text = "\n\n".join(filter(None, parts))
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"


def _who(line: DetectionLine) -> str:
    parts = [
        line.actor or "unknown",
        f"as {line.impersonated}" if line.impersonated else "",
        f"({line.arn})" if line.arn and line.arn != line.actor else "",
        f"session {line.session}" if line.session else "",
    ]
    return " ".join(filter(None, parts))


def _succeeded(line: DetectionLine) -> str:
    if not line.response_code:
        return f"see the reason: {line.reason}" if line.reason else "unknown"
    answer = " ".join(filter(None, (f"HTTP {line.response_code}", line.reason)))
    return f"{'no' if line.response_code >= _FIRST_ERROR_CODE else 'YES'} ({answer})"


def _ascii(text: str) -> str:
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in text)
