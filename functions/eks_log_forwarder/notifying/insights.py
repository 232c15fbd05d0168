"""The link to a CloudWatch Logs Insights query in the console.

AWS does not document the format. In the fragment of the address, the query is an object: `~(name~value…)`, a
text begins with an apostrophe, and its special characters are `*XX`. That object is percent-encoded twice,
with `$` for `%`.
"""

from datetime import UTC, datetime, timedelta

from eks_log_forwarder.intake.log_type import VENDED_LOG_TYPES
from eks_log_forwarder.telemetry.detection_line import DetectionLine

_AROUND = timedelta(minutes=30)
_MAX_ACTOR = 256
_CONSOLES = (("cn-", "console.amazonaws.cn"), ("us-gov-", "console.amazonaws-us-gov.com"))
_CONSOLE = "console.aws.amazon.com"
_TWICE_ENCODED = str.maketrans({"~": "$257E", "(": "$2528", ")": "$2529", "'": "$2527"})


def query_link(line: DetectionLine, region: str) -> str:
    """The address of the query, half an hour before and after the event; without a time, of the last hour.

    The log groups of Auto Mode and Capabilities can have any name, so there the reader chooses it.
    """
    region = line.region or region
    console = next((host for start, host in _CONSOLES if region.startswith(start)), _CONSOLE)
    group = _text(f"/aws/eks/{line.cluster}/cluster")
    source = "" if line.log_type in VENDED_LOG_TYPES.values() else f"~source~(~{group})"
    detail = f"~({_period(line.time)}~editorString~{_text(query_of(line))}{source})"
    return (
        f"https://{region}.{console}/cloudwatch/home?region={region}"
        f"#logsV2:logs-insights$3FqueryDetail$3D{detail.translate(_TWICE_ENCODED)}"
    )


def query_of(line: DetectionLine) -> str:
    """The query: what the actor did; without a usable actor, every line of its log type."""
    if line.log_type != "audit":
        fields = "@timestamp, @logStream, @message"
    else:
        fields = "@timestamp, verb, requestURI, responseStatus.code, sourceIPs.0, userAgent"
    filters = {"audit": f'user.username = "{_quoted(line.actor)}"'}
    condition = filters.get(line.log_type, f'@message like "{_quoted(line.actor)}"')
    if line.log_type in VENDED_LOG_TYPES.values():  # their actor is the log type, which no line names
        condition = "ispresent(@message)"
    if not line.actor or len(line.actor) > _MAX_ACTOR or "[REDACTED:" in line.actor:
        condition = "ispresent(auditID)" if line.log_type == "audit" else "ispresent(@message)"
    return f"fields {fields}\n| filter {condition}\n| sort @timestamp desc\n| limit 200"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _period(time: str) -> str:
    try:
        moment = datetime.fromisoformat(time)
        start, end = ((moment + shift).astimezone(UTC) for shift in (-_AROUND, _AROUND))
    except (ValueError, OverflowError):
        return "end~0~start~-3600~timeType~'RELATIVE~unit~'seconds"
    first, last = (_text(f"{when:%Y-%m-%dT%H:%M:%S}.000Z") for when in (start, end))
    return f"end~{last}~start~{first}~timeType~'ABSOLUTE~tz~'UTC"


def _text(value: str) -> str:
    encoded = value.encode("utf-8", "replace")
    plain = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._")
    return "'" + "".join(chr(byte) if byte in plain else f"*{byte:02x}" for byte in encoded)
