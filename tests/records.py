"""Records of every kind, as the stages hand them to a destination; and any record at all."""

import json

from hypothesis import strategies as st

from eks_log_forwarder.control_plane.parsing import parse
from eks_log_forwarder.intake.log_type import VENDED_LOG_TYPES, LogType
from eks_log_forwarder.intake.payload import LogEvent
from eks_log_forwarder.record.record import Record, RuleRef

NOW_MS = 1_768_384_800_123

AUDIT = json.dumps(
    {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": "5f1c7c1e-0000-4000-8000-000000000001",
        "stage": "ResponseComplete",
        "requestURI": "/api/v1/namespaces/shop/secrets/db?timeout=5s",
        "verb": "get",
        "user": {
            "username": "kubernetes-admin",
            "uid": "aws-iam-authenticator:111122223333:AROAEXAMPLE",
            "groups": ["system:authenticated"],
            "extra": {"arn": ["arn:aws:sts::111122223333:assumed-role/admin/alice"]},
        },
        "sourceIPs": ["203.0.113.7", "10.0.1.5"],
        "userAgent": "kubectl/v1.33.0",
        "objectRef": {"resource": "secrets", "namespace": "shop", "name": "db", "apiVersion": "v1"},
        "responseStatus": {"code": 403, "reason": "Forbidden"},
        "annotations": {"authorization.k8s.io/decision": "forbid"},
    },
    separators=(",", ":"),
)
AUTHENTICATOR = (
    'time="2026-01-14T10:00:00Z" level=warning msg="access denied" '
    'arn="arn:aws:iam::111122223333:role/ci" client="127.0.0.1:50512" error="ARN is not mapped"'
)
KLOG = 'E0114 10:00:00.123456      11 queue.go:42] "Sync failed" err="timed out" item="shop/web"'
CONTROLLER = (
    '{"level":"error","message":"Reconciler error","controller":"ingress","error":"no subnet",'
    '"resource_arn":"arn:aws:eks:us-east-1:111122223333:cluster/prod","event_timestamp":1768384800123}'
)

MESSAGES = {
    LogType.AUDIT: AUDIT,
    LogType.AUTHENTICATOR: AUTHENTICATOR,
    LogType.API: KLOG,
    LogType.CONTROLLER_MANAGER: KLOG,
    LogType.SCHEDULER: KLOG,
    LogType.UNKNOWN: "something else",
    **dict.fromkeys(VENDED_LOG_TYPES.values(), CONTROLLER),
}
STREAM_HASH = "0123456789abcdef0123456789abcdef"
RULE = RuleRef("0b1d6c5e-0000-4000-8000-000000000002", "Secret read denied", "high", ["attack.t1552"])


def record_of(
    log_type: LogType = LogType.AUDIT,
    message: str | None = None,
    *,
    number: int = 0,
    timestamp: int = NOW_MS,
    detections: list[RuleRef] | None = None,
) -> Record:
    """The record of a line, parsed as the stages do it."""
    event = LogEvent(f"{number:056}", timestamp, MESSAGES[log_type] if message is None else message)
    parsed = parse(log_type, event)
    return Record(
        event.timestamp,
        "/aws/eks/prod/cluster",
        f"kube-{log_type}-{STREAM_HASH}",
        event.message,
        event.id,
        "111122223333",
        "us-east-1",
        "prod",
        log_type,
        parsed.audit,
        parsed.authenticator,
        parsed.klog,
        parsed.parsed is not False,
        parsed.truncated,
        0,
        detections or [],
    )


RECORDS = [record_of(log_type, number=number) for number, log_type in enumerate(LogType)]

# every character that Python's text can hold, half surrogate pairs and NUL among them
any_text = st.text(st.characters(codec=None, categories=None))


@st.composite
def any_records(draw: st.DrawFn) -> Record:
    """A record of any log type with any text wherever the text is not the forwarder's own."""
    log_type = draw(st.sampled_from(LogType))
    message = draw(any_text | st.just(MESSAGES[log_type]))
    record = record_of(log_type, message, timestamp=draw(st.integers(0, 4_102_444_800_000)))
    record.logGroup = draw(any_text)
    record.logStream = draw(any_text)
    record.cluster = draw(any_text)
    record.account = draw(any_text)
    return record
