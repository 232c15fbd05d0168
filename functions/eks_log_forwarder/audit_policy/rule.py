"""One rule of an audit policy, compiled for matching (k8s.io/apiserver, pkg/audit/policy)."""

import msgspec

from eks_log_forwarder.audit_policy.decision import Decision
from eks_log_forwarder.control_plane.audit import User

type Names = frozenset[str]


class GroupResources(msgspec.Struct, frozen=True):
    """Resources of one API group; `group` "" is the core group, "*" every group.

    `resources` empty: all resources and subresources of the group. `names` empty: every object.
    """

    group: str = ""
    resources: Names = frozenset()
    names: Names = frozenset()

    def covers(self, group: str, patterns: Names) -> bool:
        """Whether a request is for one of these resources; `patterns` are those that match the request."""
        return self.group in (group, "*") and (not self.resources or not self.resources.isdisjoint(patterns))


def patterns_of(resource: str, subresource: str) -> Names:
    """Return all entries of a rule's `resources` that match a resource."""
    if not subresource:
        return frozenset((resource, f"{resource}/*", "*"))
    return frozenset((f"{resource}/{subresource}", f"{resource}/*", f"*/{subresource}", "*"))


class Outcome(msgspec.Struct, frozen=True):
    """The outcome of a rule: stages in `omitted` are dropped; otherwise the event's level decides."""

    omitted: Names
    when_omitted: Decision
    by_level: dict[str, Decision]
    without_level: Decision

    def decide(self, stage: str, level: str) -> Decision:
        """Decide about an event that the rule matched; an unknown level counts as RequestResponse."""
        if stage in self.omitted:
            return self.when_omitted
        return self.by_level.get(level, self.without_level)


class Condition(msgspec.Struct, frozen=True):
    """The criteria of a rule that remain once verb and target match; None matches everything."""

    outcome: Outcome
    users: Names | None
    groups: Names | None
    namespaces: Names | None = None
    names: Names | None = None

    @property
    def always_holds(self) -> bool:
        """Whether no criterion remains, so that later rules are never reached."""
        return self.users is self.groups is None and not self.uses_target

    @property
    def uses_target(self) -> bool:
        """Whether the namespace or the name of the request matters."""
        return not self.namespaces is self.names is None

    def holds(self, user: User, namespace: str, name: str) -> bool:
        """Whether the remaining criteria match."""
        return (
            (self.users is None or user.username in self.users)
            and (self.namespaces is None or namespace in self.namespaces)
            and (self.names is None or name in self.names)
            and (self.groups is None or not self.groups.isdisjoint(user.groups))
        )


class Rule(msgspec.Struct, frozen=True):
    """The criteria of a rule, which must all match; None and () match everything."""

    outcome: Outcome
    users: Names | None = None
    groups: Names | None = None
    verbs: Names | None = None
    namespaces: Names | None = None
    resources: tuple[GroupResources, ...] = ()
    paths: Names = frozenset()
    path_prefixes: tuple[str, ...] = ()

    def for_object(self, verb: str, group: str, patterns: Names) -> Condition | None:
        """Return the remaining criteria for a resource request; None if the rule cannot match."""
        if self.paths or self.path_prefixes or (self.verbs is not None and verb not in self.verbs):
            return None
        names: Names | None = None
        if self.resources:
            covering = [one for one in self.resources if one.covers(group, patterns)]
            if not covering:
                return None
            if all(one.names for one in covering):
                names = frozenset().union(*(one.names for one in covering))
        return Condition(self.outcome, self.users, self.groups, self.namespaces, names)

    def for_path(self, verb: str, path: str) -> Condition | None:
        """Return the remaining criteria for a non-resource request; None if the rule cannot match."""
        if self.resources or self.namespaces or (self.verbs is not None and verb not in self.verbs):
            return None
        if (self.paths or self.path_prefixes) and not (
            path in self.paths or path.startswith(self.path_prefixes)
        ):
            return None
        return Condition(self.outcome, self.users, self.groups)
