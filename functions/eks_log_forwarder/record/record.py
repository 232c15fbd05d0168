"""What a collector receives for one log event, in the shapes that `RECORD_FORMAT` names."""

from dataclasses import dataclass

import msgspec

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.control_plane.authenticator import AuthenticatorLine
from eks_log_forwarder.control_plane.klog import KlogLine
from eks_log_forwarder.control_plane.parsing import Parsed
from eks_log_forwarder.intake.log_stream import LogStream
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent

# Centralised logs name the account that wrote the line here; the payload's owner is then another account.
_ACCOUNT_FIELD = "@aws.account"


class RuleRef(msgspec.Struct, frozen=True):
    """One Sigma rule that matched an event, as the record names it."""

    id: str
    title: str
    level: str
    tags: list[str]


@dataclass(frozen=True, slots=True)
class Detection:
    """One detection: the rule, and whom and what it saw; nothing else of the event but its id."""

    rule: RuleRef
    event_id: str
    actor: str
    target: str


class Record(msgspec.Struct, gc=False, omit_defaults=True):
    """What a collector receives for one log event; the first four keys are those of the original article.

    At most one of `audit`, `authenticator` and `klog` is there: what the parser made of the message. What
    follows is there only where it says something.
    """

    timestamp: int
    logGroup: str  # noqa: N815  # the record's names, here and below
    logStream: str  # noqa: N815
    message: str
    id: str
    account: str
    cluster: str
    logType: LogType  # noqa: N815
    audit: AuditHeader | None = None
    authenticator: AuthenticatorLine | None = None
    klog: KlogLine | None = None
    parsed: bool = True
    truncated: bool = False
    redacted: int = 0
    detections: list[RuleRef] = []


class ParsedRecord(msgspec.Struct, gc=False, omit_defaults=True):
    """As `Record`, with the whole audit event in the place of its header and of the message."""

    timestamp: int
    logGroup: str  # noqa: N815
    logStream: str  # noqa: N815
    id: str
    account: str
    cluster: str
    logType: LogType  # noqa: N815
    audit: msgspec.Raw | None = None
    authenticator: AuthenticatorLine | None = None
    klog: KlogLine | None = None
    truncated: bool = False
    redacted: int = 0
    detections: list[RuleRef] = []


class PlainRecord(msgspec.Struct, gc=False):
    """The record of the original article: four keys and nothing else."""

    timestamp: int
    logGroup: str  # noqa: N815
    logStream: str  # noqa: N815
    message: str


def record_of(
    stream: LogStream, event: LogEvent, parsed: Parsed, redacted: int, rules: list[RuleRef]
) -> Record:
    """The record of one line of a stream, after trimming and redaction.

    `event` has the text that is forwarded and `parsed` what the parser read from that text; `redacted` is how
    many secrets were taken out.
    """
    fields = event.extractedFields
    account = fields.get(_ACCOUNT_FIELD) if fields else None
    return Record(
        event.timestamp,
        stream.log_group,
        stream.name,
        event.message,
        event.id,
        account or stream.owner,
        stream.cluster,
        stream.log_type,
        parsed.audit,
        parsed.authenticator,
        parsed.klog,
        parsed.parsed is not False,
        parsed.truncated,
        redacted,
        rules,
    )
