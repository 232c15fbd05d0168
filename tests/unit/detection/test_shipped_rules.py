"""The shipped rules, on lines that each must and must not match."""

import json
from collections import Counter

import pytest

from eks_log_forwarder.control_plane.parsing import parse
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent
from tests.unit.shipped_rules import STEMS, Line, excepted, found, lines, log_types

STAGES = [
    ("RequestReceived", 0, False),
    ("ResponseStarted", 101, True),
    ("ResponseComplete", 101, False),
    ("ResponseComplete", 200, False),
    ("ResponseComplete", 399, False),
    ("ResponseComplete", 400, True),
    ("ResponseComplete", 403, True),
    ("", 101, True),
    ("", 0, True),
]
# Rules about callers, not about what they call.
ABOUT_ANY_RESOURCE = {
    "audit_anonymous_request_allowed",
    "audit_kubectl_delete",
    "audit_kubectl_delete_denied",
    "audit_privileged_impersonation",
    "audit_system_principal_from_public_address",
}
ABOUT_ANY_VERB = {
    "audit_anonymous_request_allowed",
    "audit_privileged_impersonation",
    "audit_secrets_denied",
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

AUDIT_MATCHES = [
    line
    for line in lines()
    if line.matches and log_types()[line.rule] is LogType.AUDIT and line.message.endswith("}")
]


def name_of(line: Line) -> str:
    """A line's name in the report."""
    return f"{line.rule}-{line.number}"


@pytest.mark.parametrize("line", lines(), ids=name_of)
def test_finds_what_it_must_and_nothing_else(line: Line) -> None:
    """Each line matches the rule that it was written for, or does not, as it says."""
    assert (line.rule in found(log_types()[line.rule], line.message)) is line.matches, line.why


@pytest.mark.parametrize("line", [line for line in lines() if not line.matches], ids=name_of)
def test_raises_no_alarm_elsewhere(line: Line) -> None:
    """A line that a rule must not match raises no alarm (high, critical) by any other rule."""
    others = found(log_types()[line.rule], line.message, "54.212.83.236/32")
    assert [stem for stem, level in others.items() if level in {"high", "critical"}] == []


@pytest.mark.parametrize("line", lines(), ids=name_of)
def test_lines_parse(line: Line) -> None:
    """The parsers know every line, except the cut ones, which they mark as truncated."""
    parsed = parse(log_types()[line.rule], LogEvent(id="", timestamp=0, message=line.message))
    assert parsed.parsed or parsed.truncated


@pytest.mark.parametrize("stem", STEMS)
def test_has_lines_for_and_against(stem: str) -> None:
    """Each rule has two lines of each kind, one of them a harmless one of an add-on or controller."""
    own = [line for line in lines() if line.rule == stem]
    counted = Counter(line.matches for line in own)
    assert min(counted[True], counted[False]) >= 2
    assert any(line.component for line in own if not line.matches)
    assert len({line.message for line in own}) == len({line.why for line in own}) == len(own)


def test_every_line_has_a_rule() -> None:
    """There are 32 rules, each with a file of lines, and no lines without a rule."""
    assert {line.rule for line in lines()} == set(STEMS)
    assert len(STEMS) == len(log_types()) == 32


@pytest.mark.parametrize("line", AUDIT_MATCHES, ids=name_of)
def test_waits_for_the_decision(line: Line) -> None:
    """No rule fires at RequestReceived."""
    event = json.loads(line.message) | {"stage": "RequestReceived"}
    assert found(LogType.AUDIT, json.dumps(event)) == {}


@pytest.mark.parametrize("line", AUDIT_MATCHES, ids=name_of)
def test_is_about_its_resources_and_verbs(line: Line) -> None:
    """Only rules about callers find the same request for another resource or with another verb."""
    event = json.loads(line.message)
    another_resource = event | {"objectRef": event.get("objectRef", {}) | {"resource": "leases"}}
    another_verb = event | {"verb": "proxy"}
    assert (line.rule in found(LogType.AUDIT, json.dumps(another_resource))) is (
        line.rule in ABOUT_ANY_RESOURCE
    )
    assert (line.rule in found(LogType.AUDIT, json.dumps(another_verb))) is (line.rule in ABOUT_ANY_VERB)


@pytest.mark.parametrize(
    ("stem", "old", "new"),
    [
        (stem, old, form.format(value))
        for stem, (old, form, values) in ALTERNATIVES.items()
        for value in values
    ],
)
def test_knows_the_alternatives(stem: str, old: str, new: str) -> None:
    """Every alternative for a line's verb, resource or name is found too."""
    line = next(line for line in lines() if line.rule == stem and line.matches and old in line.message)
    assert stem in found(LogType.AUDIT, line.message.replace(old, new))


@pytest.mark.parametrize(("stem", "user"), [(stem, user) for stem in STEMS for user in excepted(stem)])
def test_excepts_whom_it_names(stem: str, user: str) -> None:
    """The same requests by a user whom the rule excepts are not found."""
    events = [
        json.loads(line.message)
        for line in lines()
        if line.rule == stem and line.matches and line.message.endswith("}")
    ]
    asked = [json.dumps(event | {"user": {"username": user}}) for event in events]
    assert [stem in found(LogType.AUDIT, message) for message in asked] == [False] * len(events)


@pytest.mark.parametrize(("stage", "code", "expected"), STAGES)
@pytest.mark.parametrize(("subresource", "stem"), SESSIONS)
@pytest.mark.parametrize("verb", ["get", "create"])
def test_counts_a_session_once(  # noqa: PLR0913  # the columns of three tables
    verb: str, subresource: str, stem: str, stage: str, code: int, *, expected: bool
) -> None:
    """A session is found when it opens, without a stage, or at its end with a code of 400 or more."""
    event = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "auditID": "a",
        "verb": verb,
        "user": {"username": "robin"},
        "objectRef": {"resource": "pods", "namespace": "shop", "name": "cart-1", "subresource": subresource},
    }
    event |= {"stage": stage} if stage else {}
    event |= {"responseStatus": {"code": code}} if code else {}
    assert found(LogType.AUDIT, json.dumps(event)).keys() == ({stem} if expected else set())


@pytest.mark.parametrize(
    ("trusted", "expected"), [((), "low"), (("54.0.0.0/8",), None), (("192.0.2.0/24",), "high")]
)
def test_is_sure_of_public_addresses_once_it_knows_yours(
    trusted: tuple[str, ...], expected: str | None
) -> None:
    """A node outside is level low; high if networks are trusted; not found if its own network is trusted."""
    stem = "audit_system_principal_from_public_address"
    node = next(line for line in lines() if line.rule == stem and "54.212.83.236" in line.message)
    assert found(LogType.AUDIT, node.message, *trusted).get(stem) == expected
