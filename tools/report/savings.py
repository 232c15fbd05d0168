"""Measures the effect of audit policies on audit events, in bytes of each record format."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from eks_log_forwarder.audit_policy import Action, Decision, Policy, trim
from eks_log_forwarder.config.settings import RecordFormat
from eks_log_forwarder.control_plane.parsing import Parsed, parse
from eks_log_forwarder.encoding import to_json
from eks_log_forwarder.intake.log_stream import LogStream
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent
from eks_log_forwarder.record.formats import shape_of
from eks_log_forwarder.record.record import record_of
from tools.report.tops import MAX_KEYS, NONE, OTHERS, shown
from tools.report.volume import resource_of

_K3S_MARKS = ("k3s", "kubelite")
_SAMPLE_STREAM = LogStream(
    log_group="/aws/eks/prod/cluster",
    name=f"kube-apiserver-audit-{'0' * 32}",
    owner="111122223333",
    cluster="prod",
    log_type=LogType.AUDIT,
)
_SHAPES = {str(record_format): shape_of(record_format) for record_format in RecordFormat}


def record_bytes(message: str, parsed: Parsed | None = None) -> dict[str, int]:
    """The bytes of the forwarder's record of a message, with newline, by record format."""
    event = LogEvent(id="3" * 56, timestamp=1_700_000_000_000, message=message)
    parsed = parse(LogType.AUDIT, event) if parsed is None else parsed
    record = record_of(_SAMPLE_STREAM, event, parsed, 0, [], "us-east-1")
    return {name: len(to_json(shape(record))) + 1 for name, shape in _SHAPES.items()}


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

    def as_json(self) -> dict[str, object]:
        """The events by action, and the bytes by record format."""
        return {
            "events": {str(action): self.events[action] for action in Action},
            "bytes": {
                name: {"before": size, "saved": self.saved[name]} for name, size in self.before.items()
            },
        }


@dataclass
class Savings:
    """The effect of a policy on audit events; the groups are by verb, resource and user."""

    policy: Policy
    total: Sum = field(default_factory=Sum)
    groups: dict[str, dict[str, Sum]] = field(
        default_factory=lambda: {"verb": {}, "resource": {}, "user": {}}
    )

    def add(self, message: str, parsed: Parsed, before: Mapping[str, int], *, detected: bool) -> None:
        """Applies the policy to one audit event, of which `before` are the bytes of its records."""
        header = parsed.audit
        if header is None:
            return
        decision = self.policy.decide(header, detected=detected, truncated=parsed.truncated)
        effect = _effect(message, decision, before)
        self.total.add(effect)
        groups = {"verb": header.verb, "resource": resource_of(header), "user": header.user.username}
        for group, value in groups.items():
            sums = self.groups[group]
            known = value if value in sums or len(sums) < MAX_KEYS else OTHERS
            sums.setdefault(known or NONE, Sum()).add(effect)

    def as_json(self, rows: int) -> dict[str, object]:
        """All events, and the values of each group from which most bytes are saved."""
        groups = {
            f"by_{group}": [
                {group: shown(value), **one.as_json()}
                for value, one in sorted(sums.items(), key=lambda item: (-item[1].saved.total(), item[0]))
            ][:rows]
            for group, sums in self.groups.items()
        }
        return self.total.as_json() | groups


class Policies:
    """What each policy would keep, trim and drop. EKS leaves RequestReceived out, and so do the figures."""

    def __init__(self, policies: Mapping[str, Policy]) -> None:
        self.savings = {name: Savings(policy) for name, policy in policies.items()}
        self.request_received = 0
        self.not_audit = 0
        self.cut = 0
        self.denials = 0
        self.protected = 0
        self.from_k3s = False

    def add(self, message: str, parsed: Parsed, *, detected: bool = False) -> None:
        """Applies every policy to one event; a truncated event counts by its readable part."""
        header = parsed.audit
        if header is None:
            self.not_audit += 1
            return
        self.cut += parsed.truncated
        self.from_k3s = self.from_k3s or any(mark in header.user_agent for mark in _K3S_MARKS)
        if header.stage == "RequestReceived":
            self.request_received += 1
            return
        self.denials += header.response_status is not None and header.response_status.code in (401, 403)
        self.protected += detected
        before = record_bytes(message, parsed)
        for savings in self.savings.values():
            savings.add(message, parsed, before, detected=detected)

    def as_json(self, rows: int) -> dict[str, object]:
        """Each policy by its name, and what holds for all of them."""
        return {
            "policies": {name: savings.as_json(rows) for name, savings in self.savings.items()},
            "request_received": self.request_received,
            "not_audit": self.not_audit,
            "truncated": self.cut,
            "denials": self.denials,
            "detected": self.protected,
            "from_k3s": self.from_k3s,
        }


def _effect(message: str, decision: Decision, before: Mapping[str, int]) -> Sum:
    """The effect of a decision on one event."""
    if decision.action is Action.DROP:
        return Sum(Counter([Action.DROP]), Counter(before), Counter(before))
    text = trim(message, decision)
    after = before if text is message else record_bytes(text)
    saved = Counter({name: before[name] - after[name] for name in before})
    return Sum(Counter([Action.KEEP if text is message else Action.TRIM]), Counter(before), saved)
