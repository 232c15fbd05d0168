"""The shipped rules, on lines that each must and must not match."""

import json
import re
from collections import Counter
from uuid import UUID

import pytest

from eks_log_forwarder.control_plane.parsing import parse
from eks_log_forwarder.records import LogEvent, LogType
from eks_log_forwarder.yaml_files import load_yaml
from tests.unit.shipped_rules import RULES, Line, found, lines, log_types

STEMS = sorted(path.stem for path in RULES.iterdir())
LEVELS = {"informational", "low", "medium", "high", "critical"}
TACTICS = {
    "collection",
    "command-and-control",
    "credential-access",
    "defense-evasion",
    "execution",
    "impact",
    "initial-access",
    "persistence",
    "privilege-escalation",
}
TECHNIQUE = re.compile(r"attack\.t\d{4}(\.\d{3})?")
FILE_NAME = re.compile(r"[a-z0-9_]{10,90}\.yml")
# Not exceptions from a rule but what it is about: people, kubelets' credentials.
PREFIXES_ALLOWED = {"audit_kubectl_delete", "audit_kubectl_delete_denied"}
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
# A rule, a text in one of its lines, and what may stand there as well.
ALTERNATIVES = {
    "audit_admission_webhook_changed": ('"verb":"create"', '"verb":"{}"', "update deletecollection"),
    "audit_aws_auth_changed": ('"verb":"delete"', '"verb":"{}"', "create"),
    "audit_cluster_admin_binding": (
        '"name":"cluster-admin"',
        '"name":"{}"',
        "system:controller:clusterrole-aggregation-controller",
    ),
    "audit_coredns_changed": ('"name":"coredns"', '"name":"{}"', "coredns-custom"),
    "audit_pod_dangerous_capabilities": (
        '"SYS_ADMIN"',
        '"{}"',
        "ALL BPF DAC_READ_SEARCH MAC_ADMIN NET_ADMIN SYS_BOOT SYS_MODULE SYS_PTRACE SYS_RAWIO SYSLOG sys_boot",
    ),
    "audit_privileged_impersonation": (
        '"impersonatedUser":{"username":"eks:addon-manager"',
        '"impersonatedUser":{{"username":"{}"',
        "cluster-admin eks:node-manager kubernetes-admin system:admin system:apiserver "
        "system:kube-controller-manager system:kube-scheduler",
    ),
    "audit_role_binding_changed": ('"verb":"delete"', '"verb":"{}"', "deletecollection"),
    "audit_role_grants_exec_or_node_proxy": (
        '"pods/exec"',
        '"{}"',
        "pods/attach pods/* nodes/* nodes/proxy */attach */exec */proxy",
    ),
    "audit_system_role_changed": ('"verb":"update"', '"verb":"{}"', "create"),
} | {
    stem: (
        '"resource":"pods"',
        '"resource":"{}"',
        "cronjobs daemonsets deployments jobs podtemplates replicasets replicationcontrollers statefulsets",
    )
    for stem in (
        "audit_pod_host_ipc",
        "audit_pod_host_network",
        "audit_pod_host_path",
        "audit_pod_host_pid",
        "audit_pod_privileged",
    )
}
SESSIONS = [
    ("exec", "audit_pod_exec_or_attach"),
    ("attach", "audit_pod_exec_or_attach"),
    ("portforward", "audit_port_forward"),
]

AUDIT_MATCHES = [line for line in lines() if line.matches and log_types()[line.rule] is LogType.AUDIT]


def document(stem: str) -> dict[str, object]:
    """A rule's file as YAML."""
    loaded = load_yaml(RULES / f"{stem}.yml")
    assert isinstance(loaded, dict)
    return loaded


def name_of(line: Line) -> str:
    """A line's name in the report."""
    return f"{line.rule}-{line.number}"


@pytest.mark.parametrize("line", lines(), ids=name_of)
def test_finds_what_it_must_and_nothing_else(line: Line) -> None:
    """Each line matches the rule that it was written for, or does not, as it says."""
    assert (line.rule in found(log_types()[line.rule], line.message)) is line.matches, line.why


@pytest.mark.parametrize("line", [line for line in lines() if not line.matches], ids=name_of)
def test_raises_no_alarm_elsewhere(line: Line) -> None:
    """What a rule must not match raises no alarm (high, critical) by any other rule either."""
    others = found(log_types()[line.rule], line.message, "54.212.83.236/32")
    assert [stem for stem, level in others.items() if level in {"high", "critical"}] == []


@pytest.mark.parametrize("line", lines(), ids=name_of)
def test_lines_parse(line: Line) -> None:
    """Every line is one that the parsers know."""
    assert parse(log_types()[line.rule], LogEvent(id="", timestamp=0, message=line.message)).parsed


@pytest.mark.parametrize("stem", STEMS)
def test_has_lines_for_and_against(stem: str) -> None:
    """Each rule has at least two lines of either kind, one of those against from an add-on or controller."""
    own = [line for line in lines() if line.rule == stem]
    counted = Counter(line.matches for line in own)
    assert min(counted[True], counted[False]) >= 2
    assert any(line.component for line in own if not line.matches)
    assert len({line.message for line in own}) == len({line.why for line in own}) == len(own)


def test_every_line_has_a_rule() -> None:
    """There are 31 rules, each with a file of lines, and no lines without a rule."""
    assert {line.rule for line in lines()} == set(STEMS)
    assert len(STEMS) == len(log_types()) == 31


@pytest.mark.parametrize("stem", STEMS)
def test_says_what_it_is(stem: str) -> None:
    """Each rule has what the Sigma rules specification asks of a rule, and what an operator asks."""
    rule = document(stem)
    assert FILE_NAME.fullmatch(f"{stem}.yml")
    assert UUID(str(rule["id"])).version == 4
    assert len(str(rule["title"])) <= 70
    assert rule["level"] in LEVELS
    assert rule["author"] == "EKS log forwarder"
    assert str(rule["date"]) == "2026-11-23"
    assert rule["status"] == "test"
    assert len(str(rule["description"])) >= 120
    assert rule["falsepositives"]
    assert all(str(url).startswith("https://") for url in _texts(rule["references"]))


@pytest.mark.parametrize("stem", STEMS)
def test_has_tactics_and_techniques(stem: str) -> None:
    """Each rule's tags are ATT&CK tactics and techniques as Sigma's tags appendix writes them, both kinds."""
    tags = _texts(document(stem)["tags"])
    techniques = [tag for tag in tags if TECHNIQUE.fullmatch(tag)]
    assert techniques
    assert {tag.removeprefix("attack.") for tag in tags if tag not in techniques} <= TACTICS
    assert len(techniques) < len(tags)
    assert len(set(tags)) == len(tags)


def test_names_are_unique() -> None:
    """No two rules share an id or a title."""
    rules = [document(stem) for stem in STEMS]
    assert len({rule["id"] for rule in rules}) == len({rule["title"] for rule in rules}) == len(rules)


@pytest.mark.parametrize("stem", STEMS)
def test_excepts_by_exact_name(stem: str) -> None:
    """A rule's exceptions name users in full: no prefix, no wildcard, no pattern of user names."""
    detection = document(stem)["detection"]
    assert isinstance(detection, dict)
    exceptions = json.dumps({name: part for name, part in detection.items() if name.startswith("filter_")})
    patterns = re.findall(r'"user\.\w+\|\w+"|"system:[^"]*\*[^"]*"|"eks:[^"]*\*[^"]*"', exceptions)
    assert bool(patterns) is (stem in PREFIXES_ALLOWED)


@pytest.mark.parametrize("line", AUDIT_MATCHES, ids=name_of)
def test_waits_for_the_decision(line: Line) -> None:
    """Whatever a rule finds, it does not find at RequestReceived."""
    event = json.loads(line.message) | {"stage": "RequestReceived"}
    assert found(LogType.AUDIT, json.dumps(event)) == {}


@pytest.mark.parametrize("line", AUDIT_MATCHES, ids=name_of)
def test_is_about_its_resources_and_verbs(line: Line) -> None:
    """The same request for something else, or by another verb, is not found, but by rules about callers."""
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
        for value in values.split()
    ],
)
def test_knows_the_alternatives(stem: str, old: str, new: str) -> None:
    """What may stand in the place of a line's verb, resource or name is found as well."""
    line = next(line for line in lines() if line.rule == stem and line.matches and old in line.message)
    assert stem in found(LogType.AUDIT, line.message.replace(old, new))


@pytest.mark.parametrize(("stage", "code", "expected"), STAGES)
@pytest.mark.parametrize(("subresource", "stem"), SESSIONS)
@pytest.mark.parametrize("verb", ["get", "create"])
def test_counts_a_session_once(  # noqa: PLR0913  # the columns of three tables
    verb: str, subresource: str, stem: str, stage: str, code: int, *, expected: bool
) -> None:
    """A session is found as it opens, on an event without a stage, or at its end with 400 or more."""
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
    assert found(LogType.AUDIT, json.dumps(event)) == ({stem: _level(stem)} if expected else {})


@pytest.mark.parametrize(
    ("trusted", "expected"), [((), "low"), (("54.0.0.0/8",), None), (("192.0.2.0/24",), "high")]
)
def test_is_sure_of_public_addresses_once_it_knows_yours(
    trusted: tuple[str, ...], expected: str | None
) -> None:
    """A node from 54.212.83.236 is level low, high once other networks are trusted, nothing once its own is."""
    stem = "audit_system_principal_from_public_address"
    node = next(line for line in lines() if line.rule == stem and "54.212.83.236" in line.message)
    assert found(LogType.AUDIT, node.message, *trusted).get(stem) == expected


def _level(stem: str) -> str:
    return str(document(stem)["level"])


def _texts(value: object) -> list[str]:
    assert isinstance(value, list)
    return [str(each) for each in value]
