"""Measures what an audit policy does to given audit events, in the bytes of each record format."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from eks_log_forwarder.audit_policy import Action, Decision, Policy, trim
from eks_log_forwarder.control_plane.audit import AuditHeader

type Encoder = Callable[[str, AuditHeader], bytes]
"""Encodes one audit event, its message and header, as the record that a collector receives."""

_decode_header = msgspec.json.Decoder(AuditHeader).decode
_K3S_MARKS = ("k3s", "kubelite")
_SAMPLE_ORIGIN = {
    "timestamp": 1_700_000_000_000,
    "logGroup": "/aws/eks/prod/cluster",
    "logStream": f"kube-apiserver-audit-{'0' * 32}",
}
_SAMPLE_IDENTITY = {"id": "3" * 56, "account": "111122223333", "cluster": "prod", "logType": "audit"}


def encode_enriched(message: str, header: AuditHeader) -> bytes:
    """Encode the default record: the text and, beside it, the header."""
    return msgspec.json.encode({**_SAMPLE_ORIGIN, "message": message, **_SAMPLE_IDENTITY, "audit": header})


def encode_parsed(message: str, _header: AuditHeader) -> bytes:
    """Encode the record that nests the whole event in place of the text."""
    return msgspec.json.encode({**_SAMPLE_ORIGIN, **_SAMPLE_IDENTITY, "audit": msgspec.Raw(message)})


def encode_plain(message: str, _header: AuditHeader) -> bytes:
    """Encode the four keys alone."""
    return msgspec.json.encode({**_SAMPLE_ORIGIN, "message": message})


ENCODERS: Mapping[str, Encoder] = {
    "enriched": encode_enriched,
    "parsed": encode_parsed,
    "plain": encode_plain,
}


@dataclass
class Sum:
    """Events by what becomes of them, and by record format the bytes before and the bytes saved."""

    events: Counter[Action] = field(default_factory=Counter)
    before: Counter[str] = field(default_factory=Counter)
    saved: Counter[str] = field(default_factory=Counter)

    def add(self, action: Action, before: Mapping[str, int], saved: Mapping[str, int]) -> None:
        """Add one event."""
        self.events[action] += 1
        self.before.update(before)
        self.saved.update(saved)


@dataclass
class Report:
    """What a policy does to a file of audit events; the groups are by verb, resource and user."""

    total: Sum = field(default_factory=Sum)
    groups: dict[str, dict[str, Sum]] = field(
        default_factory=lambda: {"verb": {}, "resource": {}, "user": {}}
    )
    by_action: dict[Action, Sum] = field(default_factory=lambda: {action: Sum() for action in Action})
    request_received: int = 0
    no_event: int = 0
    denials: int = 0
    from_k3s: bool = False


def measure(lines: Iterable[str], policy: Policy, encoders: Mapping[str, Encoder] = ENCODERS) -> Report:
    """Apply a policy to audit events, one a line."""
    report = Report()
    for line in lines:
        try:
            header = _decode_header(line)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            report.no_event += 1
            continue
        report.from_k3s = report.from_k3s or any(mark in header.user_agent for mark in _K3S_MARKS)
        if header.stage == "RequestReceived":
            report.request_received += 1
            continue
        if header.response_status is not None and header.response_status.code in (401, 403):
            report.denials += 1
        _add_event(report, line, header, policy.decide(header), encoders)
    return report


def _add_event(
    report: Report, line: str, header: AuditHeader, decision: Decision, encoders: Mapping[str, Encoder]
) -> None:
    before = {name: len(encode(line, header)) + 1 for name, encode in encoders.items()}
    action = decision.action
    after = dict.fromkeys(before, 0)
    if action is not Action.DROP:
        text = trim(line, decision)
        action = Action.KEEP if text is line else Action.TRIM
        trimmed_header = header if text is line else _decode_header(text)
        after = {name: len(encode(text, trimmed_header)) + 1 for name, encode in encoders.items()}
    saved = {name: before[name] - after[name] for name in before}
    report.total.add(action, before, saved)
    report.by_action[action].add(action, before, saved)
    for group, value in (
        ("verb", header.verb),
        ("resource", _resource(header)),
        ("user", header.user.username),
    ):
        report.groups[group].setdefault(value or "(none)", Sum()).add(action, before, saved)


def _resource(header: AuditHeader) -> str:
    ref = header.object_ref
    if ref is None:
        return header.request_uri.partition("?")[0]
    name = f"{ref.resource}/{ref.subresource}" if ref.subresource else ref.resource
    return f"{name}.{ref.api_group}" if ref.api_group else name
