"""Reads, checks and compiles the rules of a policy file.

It refuses what the API server refuses (k8s.io/apiserver, pkg/apis/audit/validation), and unknown fields.
"""

import re

from eks_log_forwarder.audit_policy.decision import Action, Decision, Level, decide_by_level
from eks_log_forwarder.audit_policy.faults import Faults
from eks_log_forwarder.audit_policy.rule import GroupResources, Names, Outcome, Rule

_RULE_FIELDS = frozenset(
    (
        "level",
        "users",
        "userGroups",
        "verbs",
        "resources",
        "namespaces",
        "nonResourceURLs",
        "omitStages",
        "omitManagedFields",
    )
)
_RESOURCE_FIELDS = frozenset(("group", "resources", "resourceNames"))
_STAGES = ("RequestReceived", "ResponseStarted", "ResponseComplete", "Panic")
_LEVELS = ", ".join(Level)
_MAX_GROUP_CHARACTERS = 253
_DNS_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_DNS_SUBDOMAIN = re.compile(rf"{_DNS_LABEL}(\.{_DNS_LABEL})*")


def read_stages(value: object, place: str, faults: Faults) -> Names:
    """Read a list of stages to omit."""
    stages = faults.strings(value, place)
    for index, stage in enumerate(stages):
        if stage not in _STAGES:
            faults.add(f"{place}[{index}]", f"unknown stage {stage!r}; known are {', '.join(_STAGES)}")
    return frozenset(stages)


def read_rules(
    value: object, faults: Faults, *, omit_stages: Names, omit_managed_fields: bool
) -> tuple[Rule, ...]:
    """Read the rules. The policy's stages apply to each rule; a rule may override omitManagedFields."""
    rules = faults.sequence(value, "rules")
    if not rules:
        faults.add("rules", "must contain at least one rule")
    return tuple(
        _read_rule(rule, index, faults, omit_stages=omit_stages, omit_managed=omit_managed_fields)
        for index, rule in enumerate(rules)
    )


def _read_rule(value: object, index: int, faults: Faults, *, omit_stages: Names, omit_managed: bool) -> Rule:
    place = f"rules[{index}]"
    fields = faults.mapping(value, place, _RULE_FIELDS) or {}
    level = _read_level(fields.get("level"), f"{place}.level", faults)
    stages = read_stages(fields.get("omitStages"), f"{place}.omitStages", faults)
    own_omit_managed = faults.boolean(fields.get("omitManagedFields"), f"{place}.omitManagedFields")
    if own_omit_managed is not None:
        omit_managed = own_omit_managed
    urls = _read_urls(fields.get("nonResourceURLs"), f"{place}.nonResourceURLs", faults)
    resources = faults.sequence(fields.get("resources"), f"{place}.resources")
    namespaces = _names(faults, fields.get("namespaces"), f"{place}.namespaces")
    if urls and (resources or namespaces):
        faults.add(place, "nonResourceURLs cannot be combined with resources or namespaces: write two rules")
    by_level = {
        str(event_level): decide_by_level(level, event_level, omit_managed_fields=omit_managed, rule=index)
        for event_level in Level
    }
    return Rule(
        outcome=Outcome(
            omitted=omit_stages | stages,
            when_omitted=Decision(Action.DROP, rule=index),
            by_level=by_level,
            without_level=by_level[Level.REQUEST_RESPONSE],
        ),
        users=_names(faults, fields.get("users"), f"{place}.users"),
        groups=_names(faults, fields.get("userGroups"), f"{place}.userGroups"),
        verbs=_names(faults, fields.get("verbs"), f"{place}.verbs"),
        namespaces=namespaces,
        resources=tuple(
            _read_group(group, f"{place}.resources[{number}]", faults)
            for number, group in enumerate(resources)
        ),
        paths=frozenset(urls),
        path_prefixes=tuple(url.removesuffix("*") for url in urls if url.endswith("*")),
    )


def _names(faults: Faults, value: object, place: str) -> Names | None:
    return frozenset(faults.strings(value, place)) or None


def _read_level(value: object, place: str, faults: Faults) -> Level:
    if value in (None, ""):
        faults.add(place, f"must be one of {_LEVELS}")
    elif (level := faults.string(value, place)) in Level:
        return Level(level)
    elif level:
        faults.add(place, f"unknown level {level!r}; known are {_LEVELS}")
    return Level.REQUEST_RESPONSE


def _read_urls(value: object, place: str, faults: Faults) -> list[str]:
    urls = faults.strings(value, place)
    for index, url in enumerate(urls):
        if not url.startswith("/") and url != "*":
            faults.add(f"{place}[{index}]", f"{url!r} must begin with /")
        if "*" in url[:-1]:
            faults.add(f"{place}[{index}]", f"{url!r} may contain * only as its last character")
    return urls


def _read_group(value: object, place: str, faults: Faults) -> GroupResources:
    fields = faults.mapping(value, place, _RESOURCE_FIELDS) or {}
    group = faults.string(fields.get("group"), f"{place}.group")
    if group not in ("", "*") and (len(group) > _MAX_GROUP_CHARACTERS or not _DNS_SUBDOMAIN.fullmatch(group)):
        faults.add(f"{place}.group", f"{group!r} is not an API group: a lower-case domain name, no version")
    resources = faults.strings(fields.get("resources"), f"{place}.resources")
    names = faults.strings(fields.get("resourceNames"), f"{place}.resourceNames")
    if names and not resources:
        faults.add(f"{place}.resourceNames", "needs at least one entry in resources")
    return GroupResources(group, frozenset(resources), frozenset(names))
