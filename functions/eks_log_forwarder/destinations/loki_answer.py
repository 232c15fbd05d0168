"""What an answer of Loki to a push means.

Source: Loki HTTP API, "Ingest logs"; grafana/loki, pkg/validation/validate.go, pkg/ingester/stream.go and
pkg/chunkenc (texts of the errors). A push that is answered with 400 has stored its good entries.
"""

import re
from copy import replace
from datetime import datetime

from eks_log_forwarder.destinations.answer import outcome_of_answer
from eks_log_forwarder.destinations.outcomes import AllButOld, Outcome, Unreachable
from eks_log_forwarder.transport.exchange import Answer

TOO_OLD = "loki_too_old"
_BAD_REQUEST = 400
_UNAUTHORIZED = 401  # also of a Loki with tenants to a request that names none
_BLOCKED = 260  # the default of limits_config, block_ingestion_status_code: Loki stores nothing
_MS_PER_SECOND = 1000

# Two errors name the oldest time that Loki accepts: "entry for stream '…' has timestamp too old: T, oldest
# acceptable timestamp is: T" and "entry too far behind, entry timestamp is: T, oldest acceptable timestamp
# is: T". Times are in RFC 3339, or as Go prints them.
_LIMIT = re.compile(
    r"oldest acceptable timestamp is:?\s*(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?\s?(Z|[+-]\d\d:?\d\d)"
)
# Any other error can concern a newer entry: the limit alone does not say which entries were refused.
_LABELS = re.compile(r"\{[^{}]*+\}")  # of the stream, whose names and values are not Loki's words
_OTHER_ERROR = re.compile(
    r"too new|out of order|too long|exceed|limit:|label name|label value|missing|rate limit|stream limit|"
    r"duplicate label|parse error|invalid|empty|disallowed",
    re.IGNORECASE,
)


def outcome_of_push(answer: Answer) -> Outcome:
    """By status. A 400 that names the oldest accepted time has stored all newer entries."""
    if answer.status == _BLOCKED:
        return Unreachable(f"http_{_BLOCKED}", retry=False, detail="Loki blocks ingestion for this tenant")
    if answer.status == _BAD_REQUEST:
        limit_ms = oldest_accepted_ms(answer.body)
        if limit_ms is not None:
            return AllButOld(limit_ms, TOO_OLD, otherwise=f"http_{_BAD_REQUEST}")
    outcome = outcome_of_answer(answer)
    if answer.status == _UNAUTHORIZED and isinstance(outcome, Unreachable):
        return replace(outcome, detail="Loki answered 401: check the secret, and the option tenant")
    return outcome


def oldest_accepted_ms(body: bytes) -> int | None:
    """The time from which on Loki accepted everything, in ms since 1970; None if the body does not say it.

    Loki cuts fractions off, so a limit without one can be up to a second later than it reads: events of
    that second may be refused, and count as too old. Several limits come from shards of a stream; the latest
    holds for all.
    """
    text = body.decode("utf-8", "replace")
    try:
        limits = [_milliseconds(*found) for found in _LIMIT.findall(text)]
    except (ValueError, OverflowError):  # no date of the calendar
        return None
    if not limits or _OTHER_ERROR.search(_LABELS.sub("", text)):
        return None
    return max(limits)


def _milliseconds(date: str, time: str, fraction: str, zone: str) -> int:
    moment = datetime.fromisoformat(f"{date}T{time}{zone}")
    whole = round(moment.timestamp()) * _MS_PER_SECOND
    return whole + (round(float(fraction) * _MS_PER_SECOND) if fraction else _MS_PER_SECOND)
