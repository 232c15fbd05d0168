"""Measures the effect of an audit policy on given audit events, in bytes of each record format."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from eks_log_forwarder.audit_policy import Action, Decision, Policy, trim
from eks_log_forwarder.config.settings import RecordFormat
from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.control_plane.parsing import Parsed, parse
from eks_log_forwarder.encoding import to_json
from eks_log_forwarder.intake.log_stream import LogStream
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent
from eks_log_forwarder.record.formats import shape_of
from eks_log_forwarder.record.record import record_of

_K3S_MARKS = ("k3s", "kubelite")
_SAMPLE_STREAM = LogStream(
    log_group="/aws/eks/prod/cluster",
    name=f"kube-apiserver-audit-{'0' * 32}",
    owner="111122223333",
    cluster="prod",
    log_type=LogType.AUDIT,
)
_SHAPES = {str(record_format): shape_of(record_format) for record_format in RecordFormat}


def record_bytes(message: str) -> dict[str, int]:
    """The bytes of the forwarder's record of a message, with newline, by record format."""
    record = record_of(_SAMPLE_STREAM, _event_of(message), _parsed(message), 0, [], "us-east-1")
    return {name: len(to_json(shape(record))) + 1 for name, shape in _SHAPES.items()}


def _event_of(message: str) -> LogEvent:
    return LogEvent(id="3" * 56, timestamp=1_700_000_000_000, message=message)


def _parsed(message: str) -> Parsed:
    return parse(LogType.AUDIT, _event_of(message))


@dataclass
class Sum:
    """The number of events by action; by record format the bytes before and the bytes saved."""

    events: Counter[Action] = field(default_factory=Counter)
    before: Counter[str] = field(default_factory=Counter)
    saved: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Sum") -> None:
        """Adds another sum to this one."""
        self.events.update(other.events)
        self.before.update(other.before)
        self.saved.update(other.saved)


@dataclass
class Report:
    """The effect of a policy on a file of audit events; the groups are by verb, resource and user."""

    total: Sum = field(default_factory=Sum)
    groups: dict[str, dict[str, Sum]] = field(
        default_factory=lambda: {"verb": {}, "resource": {}, "user": {}}
    )
    by_action: dict[Action, Sum] = field(default_factory=lambda: {action: Sum() for action in Action})
    request_received: int = 0
    no_event: int = 0
    cut: int = 0
    denials: int = 0
    from_k3s: bool = False


def measure(lines: Iterable[str], policy: Policy) -> Report:
    """Applies a policy to audit events, one per line; a truncated event counts by its readable part."""
    report = Report()
    for line in lines:
        parsed = _parsed(line)
        header = parsed.audit
        if header is None:
            report.no_event += 1
            continue
        report.cut += parsed.truncated
        report.from_k3s = report.from_k3s or any(mark in header.user_agent for mark in _K3S_MARKS)
        if header.stage == "RequestReceived":
            report.request_received += 1
            continue
        if header.response_status is not None and header.response_status.code in (401, 403):
            report.denials += 1
        effect = _effect(line, policy.decide(header, detected=False, truncated=parsed.truncated))
        (action,) = effect.events
        report.total.add(effect)
        report.by_action[action].add(effect)
        groups = {"verb": header.verb, "resource": _resource(header), "user": header.user.username}
        for group, value in groups.items():
            report.groups[group].setdefault(value or "(none)", Sum()).add(effect)
    return report


def _effect(line: str, decision: Decision) -> Sum:
    """The effect of a decision on one event."""
    before = record_bytes(line)
    if decision.action is Action.DROP:
        return Sum(Counter([Action.DROP]), Counter(before), Counter(before))
    text = trim(line, decision)
    after = before if text is line else record_bytes(text)
    saved = Counter({name: before[name] - after[name] for name in before})
    return Sum(Counter([Action.KEEP if text is line else Action.TRIM]), Counter(before), saved)


def _resource(header: AuditHeader) -> str:
    ref = header.object_ref
    if ref is None:
        return header.request_uri.partition("?")[0]
    name = f"{ref.resource}/{ref.subresource}" if ref.subresource else ref.resource
    return f"{name}.{ref.api_group}" if ref.api_group else name
