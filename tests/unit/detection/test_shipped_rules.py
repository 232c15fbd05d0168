"""The shipped rules, on lines that each must and must not match."""

import json
from collections import Counter
from collections.abc import Callable, Iterable

import pytest

from eks_log_forwarder.control_plane.parsing import parse
from eks_log_forwarder.detection.rule_set import RuleSet
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent
from tests.unit.shipped_rules import RULES, STEMS, Line, excepted, found, lines, log_types, shipped

STAGES = [
    ("RequestReceived", 0, False),
    ("ResponseStarted", 101, True),
    ("ResponseStarted", 403, True),
    ("ResponseComplete", 101, False),
    ("ResponseComplete", 200, False),
    ("ResponseComplete", 403, False),
    ("", 101, True),
    ("", 0, True),
]
# Rules about callers, not about what they call.
ABOUT_ANY_RESOURCE = {
    "audit_anonymous_impersonated",
    "audit_anonymous_request_allowed",
    "audit_anonymous_request_denied",
    "audit_attack_tool",
    "audit_kubectl_delete",
    "audit_kubectl_delete_denied",
    "audit_policy_engine_changed",
    "audit_privileged_impersonation",
    "audit_service_account_by_hand",
    "audit_service_account_denied",
    "audit_system_principal_from_public_address",
}
ABOUT_ANY_VERB = {
    "audit_anonymous_impersonated",
    "audit_anonymous_request_allowed",
    "audit_anonymous_request_denied",
    "audit_attack_tool",
    "audit_node_proxy_used",
    "audit_privileged_impersonation",
    "audit_secrets_denied",
    "audit_service_account_by_hand",
    "audit_service_account_denied",
    "audit_system_principal_from_public_address",
}
WORKLOADS = (
    '"resource":"pods"',
    '"resource":"{}"',
    [
        *("cronjobs", "daemonsets", "deployments", "jobs", "podtemplates"),
        *("replicasets", "replicationcontrollers", "statefulsets"),
    ],
)
CAPABILITIES = [
    *("ALL", "BPF", "DAC_READ_SEARCH", "MAC_ADMIN", "NET_ADMIN", "SYS_BOOT", "SYS_MODULE", "SYS_PTRACE"),
    *("SYS_RAWIO", "SYSLOG", "CAP_BPF", "bpf"),
]
ADMINISTRATORS = [
    *("cluster-admin", "eks:node-manager", "kubernetes-admin", "system:admin", "system:apiserver"),
    *("system:kube-controller-manager", "system:kube-scheduler"),
]
SUBRESOURCES = ["pods/attach", "pods/*", "nodes/*", "nodes/proxy", "*/attach", "*/exec", "*/proxy"]
# A rule, a text in one of its lines, and what may stand there as well.
ALTERNATIVES = {
    "audit_admission_webhook_changed": ('"verb":"create"', '"verb":"{}"', ["update", "deletecollection"]),
    "audit_aws_auth_changed": ('"verb":"delete"', '"verb":"{}"', ["create"]),
    "audit_cluster_admin_binding": (
        '"name":"cluster-admin"',
        '"name":"{}"',
        ["system:controller:clusterrole-aggregation-controller"],
    ),
    "audit_coredns_changed": ('"name":"coredns"', '"name":"{}"', ["coredns-custom"]),
    "audit_pod_dangerous_capabilities": ('"SYS_ADMIN"', '"{}"', CAPABILITIES),
    "audit_pod_host_ipc": WORKLOADS,
    "audit_pod_host_network": WORKLOADS,
    "audit_pod_host_path": WORKLOADS,
    "audit_pod_host_pid": WORKLOADS,
    "audit_pod_privileged": WORKLOADS,
    "audit_privileged_impersonation": (
        '"impersonatedUser":{"username":"eks:addon-manager"',
        '"impersonatedUser":{{"username":"{}"',
        ADMINISTRATORS,
    ),
    "audit_role_binding_changed": ('"verb":"delete"', '"verb":"{}"', ["deletecollection"]),
    "audit_role_grants_exec_or_node_proxy": ('"pods/exec"', '"{}"', SUBRESOURCES),
    "audit_system_role_changed": ('"verb":"update"', '"verb":"{}"', ["create"]),
}
SESSIONS = [
    ("exec", "audit_pod_exec_or_attach"),
    ("attach", "audit_pod_exec_or_attach"),
    ("portforward", "audit_port_forward"),
]

AUDIT_STEMS = [stem for stem in STEMS if log_types()[stem] is LogType.AUDIT]


def lines_of(stem: str) -> list[Line]:
    """The lines of one rule."""
    return [line for line in lines() if line.rule == stem]


def matches_of(stem: str) -> list[Line]:
    """The lines that one rule must match, without cut ones."""
    return [line for line in lines_of(stem) if line.matches and line.message.endswith("}")]


def failing(lines: Iterable[Line], holds: Callable[[Line], bool]) -> list[str]:
    """The lines of which something does not hold, each with its number and what it is about."""
    return [f"line {line.number}: {line.why}" for line in lines if not holds(line)]


@pytest.mark.parametrize("stem", STEMS)
def test_finds_what_it_must_and_nothing_else(stem: str) -> None:
    """Each line matches the rule that it was written for, or does not, as it says."""

    def holds(line: Line) -> bool:
        return (stem in found(log_types()[stem], line.message)) is line.matches

    assert failing(lines_of(stem), holds) == []


@pytest.mark.parametrize("stem", STEMS)
def test_raises_no_alarm_elsewhere(stem: str) -> None:
    """What a rule must not match raises no alarm (high, critical) by any other rule either."""

    def holds(line: Line) -> bool:
        levels = found(log_types()[stem], line.message, "54.212.83.236/32").values()
        return not {"high", "critical"} & set(levels)

    assert failing((line for line in lines_of(stem) if not line.matches), holds) == []


def test_lines_parse() -> None:
    """The parsers know every line, except the cut ones, which they mark as truncated."""

    def holds(line: Line) -> bool:
        parsed = parse(log_types()[line.rule], LogEvent(id="", timestamp=0, message=line.message))
        return bool(parsed.parsed or parsed.truncated)

    assert failing(lines(), holds) == []


@pytest.mark.parametrize("stem", STEMS)
def test_has_lines_for_and_against(stem: str) -> None:
    """Each rule has at least two lines of either kind, one of those against from an add-on or controller."""
    own = lines_of(stem)
    counted = Counter(line.matches for line in own)
    assert min(counted[True], counted[False]) >= 2
    assert any(line.component for line in own if not line.matches)
    assert len({line.message for line in own}) == len({line.why for line in own}) == len(own)


def test_every_line_has_a_rule() -> None:
    """There are 69 rules, each with a file of lines, and no lines without a rule."""
    assert {line.rule for line in lines()} == set(STEMS)
    assert len(STEMS) == len(log_types()) == 71


@pytest.mark.parametrize("stem", AUDIT_STEMS)
def test_waits_for_the_decision(stem: str) -> None:
    """Whatever a rule finds, no rule finds at RequestReceived."""

    def holds(line: Line) -> bool:
        event = json.loads(line.message) | {"stage": "RequestReceived"}
        return not found(LogType.AUDIT, json.dumps(event))

    assert failing(matches_of(stem), holds) == []


@pytest.mark.parametrize("stem", AUDIT_STEMS)
def test_is_about_its_resources_and_verbs(stem: str) -> None:
    """The same request for something else, or by another verb, is found only by rules about callers."""

    def holds(line: Line) -> bool:
        event = json.loads(line.message)
        another_resource = event | {"objectRef": event.get("objectRef", {}) | {"resource": "leases"}}
        # at a stage at which any verb counts
        another_verb = {name: value for name, value in event.items() if name != "stage"} | {"verb": "connect"}
        return (stem in found(LogType.AUDIT, json.dumps(another_resource))) is (
            stem in ABOUT_ANY_RESOURCE
        ) and (stem in found(LogType.AUDIT, json.dumps(another_verb))) is (stem in ABOUT_ANY_VERB)

    assert failing(matches_of(stem), holds) == []


@pytest.mark.parametrize("stem", ALTERNATIVES)
def test_knows_the_alternatives(stem: str) -> None:
    """What may replace a line's verb, resource or name is found as well."""
    old, form, values = ALTERNATIVES[stem]
    message = next(line.message for line in matches_of(stem) if old in line.message)
    unknown = [
        value
        for value in values
        if stem not in found(LogType.AUDIT, message.replace(old, form.format(value)))
    ]
    assert unknown == []


@pytest.mark.parametrize("stem", [stem for stem in STEMS if excepted(stem)])
def test_excepts_whom_it_names(stem: str) -> None:
    """The same requests by a user whom the rule excepts are not found, whatever is asked."""
    events = [json.loads(line.message) for line in matches_of(stem)]
    asked = [
        (user, json.dumps(event | {"user": {"username": user}}))
        for user in excepted(stem)
        for event in events
    ]
    assert [user for user, message in asked if stem in found(LogType.AUDIT, message)] == []


@pytest.mark.parametrize(("subresource", "stem"), SESSIONS)
@pytest.mark.parametrize("verb", ["get", "create"])
def test_counts_a_session_once(verb: str, subresource: str, stem: str) -> None:
    """A session is found when it opens or is refused, or on an event without a stage."""
    event = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "auditID": "a",
        "verb": verb,
        "user": {"username": "robin"},
        "objectRef": {"resource": "pods", "namespace": "shop", "name": "cart-1", "subresource": subresource},
    }
    findings = []
    for stage, code, _ in STAGES:
        staged = event | ({"stage": stage} if stage else {})
        staged |= {"responseStatus": {"code": code}} if code else {}
        findings.append((stage, code, [*found(LogType.AUDIT, json.dumps(staged))]))
    assert findings == [(stage, code, [stem] if is_found else []) for stage, code, is_found in STAGES]


@pytest.mark.parametrize(("trusted", "expected"), [("54.0.0.0/8", None), ("192.0.2.0/24", "high")])
def test_trusts_your_public_addresses(trusted: str, expected: str | None) -> None:
    """A node outside is level high; it is not found if its own network is trusted."""
    stem = "audit_system_principal_from_public_address"
    node = next(line for line in lines() if line.rule == stem and "54.212.83.236" in line.message)
    assert found(LogType.AUDIT, node.message, trusted).get(stem) == expected


def test_a_rule_that_needs_trusted_networks_is_off_without_them() -> None:
    """Only the rule on public addresses needs them."""
    without = {rule.file for rule in RuleSet.load(RULES).rules}
    assert {rule.file for rule in shipped().rules} - without == {
        "audit_system_principal_from_public_address.yml"
    }
