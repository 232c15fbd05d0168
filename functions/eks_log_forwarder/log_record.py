"""What a collector receives for one log event, in the shapes that `RECORD_FORMAT` names."""

import msgspec

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.control_plane.authenticator import AuthenticatorLine
from eks_log_forwarder.control_plane.klog import KlogLine
from eks_log_forwarder.records import Detection, LogType


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
    detections: list[Detection] = []


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
    detections: list[Detection] = []


class PlainRecord(msgspec.Struct, gc=False):
    """The record of the original article: four keys and nothing else."""

    timestamp: int
    logGroup: str  # noqa: N815
    logStream: str  # noqa: N815
    message: str
