"""The record that a collector receives for one log event."""

from collections.abc import Callable

import msgspec

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.control_plane.authenticator import AuthenticatorLine
from eks_log_forwarder.control_plane.klog import KlogLine
from eks_log_forwarder.control_plane.parsing import Parsed
from eks_log_forwarder.intake.log_stream import UNKNOWN_CLUSTER, LogStream, cluster_of_arn
from eks_log_forwarder.intake.log_type import VENDED_LOG_TYPES, LogType
from eks_log_forwarder.intake.payload import NOTHING, LogEvent

# Centralised logs name their source here; the payload's owner is then another account.
ACCOUNT_FIELD, REGION_FIELD = "@aws.account", "@aws.region"


class RuleRef(msgspec.Struct, frozen=True):
    """The entry of a record for one Sigma rule that matched."""

    id: str
    title: str
    level: str
    tags: list[str]


class Details(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What an event says about its detection, besides actor and target; a field is empty if it says nothing.

    `account` and `region` are set only where the event names them. `session` is the name of the AWS session.
    The last of `source_addresses` is the one that the API server saw. `response_code` is an HTTP status;
    `reason` says in words how the request ended. `time` is that of the request or the line, RFC 3339.
    """

    account: str = ""
    region: str = ""
    verb: str = ""
    groups: list[str] = []
    arn: str = ""
    session: str = ""
    impersonated: str = ""
    source_addresses: list[str] = []
    user_agent: str = ""
    namespace: str = ""
    response_code: int = 0
    reason: str = ""
    time: str = ""


class Detection(msgspec.Struct, frozen=True):
    """One detection: the rule, the event's id, the actor, the target and the details of the event.

    Its texts hold no secret and no control character, and are bounded. `details` reads the rest of the event
    when it is called: only a hundred detections of a payload are logged.
    """

    rule: RuleRef
    event_id: str
    actor: str
    target: str
    details: Callable[[], Details] = Details


_SERIOUS = frozenset({"medium", "high", "critical"})


def is_serious(detection: Detection) -> bool:
    """Whether the level is medium or above. Audit policies never drop or trim such an event."""
    return detection.rule.level in _SERIOUS


class Record(msgspec.Struct, gc=False, omit_defaults=True):
    """The record of one log event; the first four keys are those of the original article.

    At most one of `audit`, `authenticator` and `klog` is present: the parsed message. The fields after them
    are present only if they differ from their defaults.
    """

    timestamp: int
    logGroup: str  # noqa: N815  # the record's names, here and below
    logStream: str  # noqa: N815
    message: str
    id: str
    account: str
    region: str
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
    """As `Record`, with the whole audit event instead of its header and the message."""

    timestamp: int
    logGroup: str  # noqa: N815
    logStream: str  # noqa: N815
    id: str
    account: str
    region: str
    cluster: str
    logType: LogType  # noqa: N815
    audit: msgspec.Raw | None = None
    authenticator: AuthenticatorLine | None = None
    klog: KlogLine | None = None
    truncated: bool = False
    redacted: int = 0
    detections: list[RuleRef] = []


class PlainRecord(msgspec.Struct, gc=False):
    """The record of the original article: four keys."""

    timestamp: int
    logGroup: str  # noqa: N815
    logStream: str  # noqa: N815
    message: str


def record_of(  # noqa: PLR0913, PLR0917  # one argument per source of a record's keys
    stream: LogStream, event: LogEvent, parsed: Parsed, redacted: int, rules: list[RuleRef], region: str
) -> Record:
    """Return the record of an event, after trimming and redaction.

    `event` has the text that is forwarded and `parsed` is the parsed form of that text. `redacted` is the
    number of secrets that were removed. `region` is that of the function.
    """
    account = stream.owner
    if event.extractedFields is not NOTHING:
        account = event.extracted_text(ACCOUNT_FIELD) or account
        region = event.extracted_text(REGION_FIELD) or region
    return Record(
        event.timestamp,
        stream.log_group,
        stream.name,
        event.message,
        event.id,
        account,
        region,
        stream.cluster if stream.cluster != UNKNOWN_CLUSTER else _cluster_in(stream.log_type, parsed),
        stream.log_type,
        parsed.audit,
        parsed.authenticator,
        parsed.klog,
        parsed.parsed is not False,
        parsed.truncated,
        redacted,
        rules,
    )


def _cluster_in(log_type: LogType, parsed: Parsed) -> str:
    """Return the cluster that a line of vended logs names: one log group can take those of several clusters.

    Metrics never have it, because whoever writes to a log group can name any number of clusters.
    """
    if parsed.klog is None or log_type not in VENDED_LOG_TYPES.values():
        return UNKNOWN_CLUSTER
    return cluster_of_arn(parsed.klog.fields.get("resource_arn", "")) or UNKNOWN_CLUSTER
