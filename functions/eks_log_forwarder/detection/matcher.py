"""What the stages call: the rules that an event matches, with a readable actor and target."""

from collections.abc import Mapping
from functools import partial

import msgspec

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.control_plane.parsing import Parsed
from eks_log_forwarder.detection.details import details_of, told
from eks_log_forwarder.detection.dry_runs import is_dry_run
from eks_log_forwarder.detection.once_a_request import StartedRequests
from eks_log_forwarder.detection.rule_set import RuleSet
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent
from eks_log_forwarder.record.record import Detection


class Matcher(msgspec.Struct, frozen=True):
    """The rules of one container, in the form that the stages use."""

    rules: RuleSet
    started: StartedRequests = msgspec.field(default_factory=StartedRequests)

    def __call__(self, log_type: LogType, parsed: Parsed, event: LogEvent) -> list[Detection]:
        """The detections of an event, in the order of the rules' file names; never raises."""
        line = parsed.authenticator or parsed.klog
        fields = parsed.audit_fields if line is None else line_fields(line)
        ordinary = parsed.audit is not None and parsed.audit_fields is None
        found = self.rules.match(log_type, parsed.audit, fields, event.message, ordinary=ordinary)
        if not found or (parsed.audit is not None and self._is_ignored(parsed.audit, event.message)):
            return []
        actor, target = map(told, actor_and_target(log_type, parsed.audit, fields or {}))
        details = partial(details_of, event, parsed.audit, fields or {})
        return [Detection(rule, event.id, actor, target, details) for rule in found]

    def _is_ignored(self, header: AuditHeader, message: str) -> bool:
        """Whether a matching request changed nothing, or was reported when it started."""
        return is_dry_run(header, message) or self.started.is_second(header)


def actor_and_target(
    log_type: LogType, header: AuditHeader | None, fields: Mapping[str, object] | None
) -> tuple[str, str]:
    """The actor and the target of an event; "" if the event names none.

    audit: the user, and `resource[/subresource] [namespace/]name` or else the path of the request.
    authenticator: arn or username, and the client's address. klog: the component, and the object.
    """
    if log_type is LogType.AUDIT:
        return ("", "") if header is None else (header.user.username, _target(header))
    known = fields or {}
    if log_type is LogType.AUTHENTICATOR:
        return _first(known, "arn", "username"), _first(known, "client")
    return str(log_type), _first(known, "pod", "node", "application", "namespace", "object")


def _target(header: AuditHeader) -> str:
    reference = header.object_ref
    if reference is None:
        return header.request_uri.partition("?")[0]
    resource = "/".join(filter(None, (reference.resource, reference.subresource)))
    name = "/".join(filter(None, (reference.namespace, reference.name)))
    return " ".join(filter(None, (resource, name)))


def _first(fields: Mapping[str, object], *names: str) -> str:
    return next((value for name in names if isinstance(value := fields.get(name), str) and value), "")


def line_fields(line: msgspec.Struct) -> dict[str, object]:
    """The line's fields on one level: its own fields, and the entries of `fields` that have other names.

    Empty fields are left out, so that rules find them absent. The struct must have omit_defaults.
    """
    own: dict[str, object] = msgspec.to_builtins(line)
    more = own.pop("fields", None)
    return (more if isinstance(more, dict) else {}) | own
