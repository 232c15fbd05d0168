"""Decides which audit events are forwarded: the first matching rule of a policy wins."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

import msgspec

from eks_log_forwarder.audit_policy.cut_event import is_answer_known, without_missing_fields
from eks_log_forwarder.audit_policy.decision import Action, Decision
from eks_log_forwarder.audit_policy.request_target import path_of, target_of
from eks_log_forwarder.audit_policy.rule import Condition, Names, Rule, patterns_of
from eks_log_forwarder.audit_policy.trimming import trim
from eks_log_forwarder.control_plane.audit import AuditHeader, ObjectRef

_DENIALS = frozenset((401, 403))
# A client can request any number of resources and URLs of any length: both bounds limit the memory.
_MAX_CACHED_KEYS = 2048
_MAX_KEY_CHARACTERS = 512
_KEPT = Decision(Action.KEEP)
_DROPPED = Decision(Action.DROP)


class _Reachable(NamedTuple):
    """The conditions that can decide about a request; `uses_target` if one looks at namespace or name."""

    conditions: tuple[Condition, ...]
    uses_target: bool


class PolicyData(msgspec.Struct, frozen=True, omit_defaults=True):
    """A checked policy as plain data, as `sam build` writes it to a file."""

    rules: tuple[Rule, ...] = ()
    omit_stages: Names = frozenset()


class Policy:
    """A compiled audit policy (audit.k8s.io/v1, kind Policy).

    The semantics are those of the API server (k8s.io/apiserver, pkg/audit/policy). The conditions that
    remain for a verb and a target are computed once and cached, so that a decision checks few rules.
    """

    def __init__(self, data: PolicyData) -> None:
        self._rules = data.rules
        self._omit_stages = data.omit_stages
        self._for_object = _cached(self._reachable_for_object)
        self._for_path = _cached(self._reachable_for_path)

    def apply(self, message: str, header: AuditHeader, *, detected: bool, truncated: bool) -> str | None:
        """Return the text to forward: the same string, a trimmed one, or None to drop the event.

        See `decide`.
        """
        decision = self.decide(header, detected=detected, truncated=truncated)
        if decision.action is Action.KEEP:
            return message
        return trim(message, decision) if decision.action is Action.TRIM else None

    def decide(self, header: AuditHeader, *, detected: bool = False, truncated: bool = False) -> Decision:
        """Decide whether to keep, trim or drop an event.

        Args:
            header: the event's header; for a cut event, its salvaged fields.
            detected: a detection protects the event.
            truncated: the event was cut, so a field that `header` lacks may have been cut off.

        Returns:
            KEEP for a protected event and for one that was denied (401, 403), regardless of the rules. A cut
            event is never trimmed. It is dropped only if every field that the rules use was salvaged.
        """
        status = header.response_status
        if detected or (status is not None and status.code in _DENIALS):
            return _KEPT
        if truncated:
            return self._decide_cut(header)
        if header.stage in self._omit_stages:
            return _DROPPED
        object_ref = header.object_ref
        namespace = name = ""
        if object_ref is None:
            reachable = self._for_path(header.verb, path_of(header.request_uri))
        else:
            reachable = self._for_object(
                header.verb, object_ref.api_group, object_ref.resource, object_ref.subresource
            )
            if reachable.uses_target:
                namespace, name = target_of(header, object_ref)
        for condition in reachable.conditions:
            if condition.holds(header.user, namespace, name):
                return condition.outcome.decide(header.stage, header.level)
        return _DROPPED

    def _decide_cut(self, header: AuditHeader) -> Decision:
        if not is_answer_known(header):
            return _KEPT
        if header.stage in self._omit_stages:
            return _DROPPED
        ref = header.object_ref or ObjectRef()
        namespace, name = target_of(header, ref)
        patterns = patterns_of(ref.resource, ref.subresource)
        for rule in self._rules:
            relaxed = without_missing_fields(rule, header)
            condition = (
                relaxed.for_path(header.verb, "")  # no criterion on the target remains
                if header.object_ref is None
                else relaxed.for_object(header.verb, ref.api_group, patterns)
            )
            if condition and condition.holds(header.user, namespace, name):
                decision = condition.outcome.decide(header.stage, header.level)
                return decision if relaxed == rule and decision.action is Action.DROP else _KEPT
        return _DROPPED

    def _reachable_for_object(self, verb: str, group: str, resource: str, subresource: str) -> _Reachable:
        patterns = patterns_of(resource, subresource)
        return _until_sure(rule.for_object(verb, group, patterns) for rule in self._rules)

    def _reachable_for_path(self, verb: str, path: str) -> _Reachable:
        return _until_sure(rule.for_path(verb, path) for rule in self._rules)


def _cached(compute: Callable[..., _Reachable]) -> Callable[..., _Reachable]:
    """Cache by the texts of a request, bounded in number and size."""
    cached = lru_cache(_MAX_CACHED_KEYS)(compute)

    def reachable(*key: str) -> _Reachable:
        return (cached if sum(map(len, key)) <= _MAX_KEY_CHARACTERS else compute)(*key)

    return reachable


def _until_sure(conditions: Iterable[Condition | None]) -> _Reachable:
    reachable = []
    for condition in conditions:
        if condition is not None:
            reachable.append(condition)
            if condition.always_holds:
                break
    return _Reachable(tuple(reachable), any(condition.uses_target for condition in reachable))
