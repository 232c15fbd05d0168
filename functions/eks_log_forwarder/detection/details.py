"""The details of a detection: who, from where, and how it ended.

They are written to the function's own log, and from there to mails. So they hold no secret, and clients, who
choose most of these texts, can neither make them long nor break a line.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.intake.payload import LogEvent
from eks_log_forwarder.record.record import ACCOUNT_FIELD, REGION_FIELD, Details
from eks_log_forwarder.redaction import redact

MAX_CHARACTERS = 512
_MAX_SHORT = 128
_MAX_ITEMS = 10
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def told(text: str, most: int = MAX_CHARACTERS) -> str:
    """The text without secrets, cut after `most` characters, each control or format character replaced."""
    text = redact(text)[0]
    if len(text) > most:
        text = f"{text[:most]}…"
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _REPLACEMENT for character in text)


def details_of(event: LogEvent, header: AuditHeader | None, fields: Mapping[str, object]) -> Details:
    """The details of an audit event, or of a line of another type with these fields. Never raises."""
    account = told(event.extracted_text(ACCOUNT_FIELD), _MAX_SHORT)
    region = told(event.extracted_text(REGION_FIELD), _MAX_SHORT)
    if header is None:
        return Details(
            account=account,
            region=region,
            groups=_some(fields.get("groups")),
            arn=told(_text(fields, "arn")),
            source_addresses=_some([_text(fields, "client")]),
            namespace=told(_text(fields, "namespace"), _MAX_SHORT),
            reason=told(_text(fields, "msg") or _text(fields, "message"), _MAX_SHORT),
            time=told(_text(fields, "time"), _MAX_SHORT) or _rfc3339(event),
        )
    user, status, impersonated = header.user, header.response_status, header.impersonated_user
    return Details(
        account=account,
        region=region,
        verb=told(header.verb, _MAX_SHORT),
        groups=_some(user.groups),
        arn=told(_first(user.extra.get("arn"))),
        session=told(_first(user.extra.get("sessionName")), _MAX_SHORT),
        impersonated=told(impersonated.username) if impersonated is not None else "",
        # Clients can send the first addresses in a header; the last is the one that the API server saw.
        source_addresses=_some(header.source_ips[-_MAX_ITEMS:]),
        user_agent=told(header.user_agent),
        namespace=told(header.object_ref.namespace, _MAX_SHORT) if header.object_ref is not None else "",
        response_code=status.code if status is not None else 0,
        reason=told(status.reason, _MAX_SHORT) if status is not None else "",
        time=told(header.request_received_timestamp or header.stage_timestamp, _MAX_SHORT) or _rfc3339(event),
    )


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _first(values: list[str] | None) -> str:
    return values[0] if values else ""


def _some(values: object) -> list[str]:
    texts = (
        [value for value in values if isinstance(value, str) and value] if isinstance(values, list) else []
    )
    return [told(text, _MAX_SHORT) for text in texts[:_MAX_ITEMS]]


def _rfc3339(event: LogEvent) -> str:
    try:
        when = datetime.fromtimestamp(event.timestamp / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return ""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
