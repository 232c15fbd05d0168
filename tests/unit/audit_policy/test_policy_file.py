"""Loading policies: which faults are refused, with which message."""

from pathlib import Path

import pytest

from eks_log_forwarder.audit_policy import load_policy, read_policy
from eks_log_forwarder.errors import PolicyError
from tests.policy_samples import HEAD

LEVELS = "None, Metadata, Request, RequestResponse"
STAGES = "RequestReceived, ResponseStarted, ResponseComplete, Panic"
RULE_FIELDS = (
    "level, namespaces, nonResourceURLs, omitManagedFields, omitStages, resources, userGroups, users, verbs"
)


NO_GROUP = "is not an API group: a lower-case domain name, no version"


def faults_of(text: str, tmp_path: Path) -> list[str]:
    """Return the lines of a refusal without the file's path, which each line begins with."""
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as refusal:
        read_policy(path)
    lines = str(refusal.value).split("\n")
    assert all(line.startswith(f"{path}: ") for line in lines)
    return [line.removeprefix(f"{path}: ") for line in lines]


@pytest.mark.parametrize(
    ("rule", "faults"),
    [
        ("{}", [f"rules[0].level: must be one of {LEVELS}"]),
        ("{level: }", [f"rules[0].level: must be one of {LEVELS}"]),
        ('{level: ""}', [f"rules[0].level: must be one of {LEVELS}"]),
        ("{level: metadata}", [f"rules[0].level: unknown level 'metadata'; known are {LEVELS}"]),
        ("{level: 1}", ["rules[0].level: must be a string, not 1; put it in quotes"]),
        ("text", ["rules[0]: must be a mapping", f"rules[0].level: must be one of {LEVELS}"]),
        ("", ["rules[0]: must be a mapping", f"rules[0].level: must be one of {LEVELS}"]),
        ("{level: None, user: [a]}", [f"rules[0]: unknown field 'user'; known are {RULE_FIELDS}"]),
        ("{level: None, Users: [a]}", [f"rules[0]: unknown field 'Users'; known are {RULE_FIELDS}"]),
        ("{level: None, users: ana}", ["rules[0].users: must be a list"]),
        (
            "{level: None, userGroups: [a, yes]}",
            ["rules[0].userGroups[1]: must be a string, not True; put it in quotes"],
        ),
        ("{level: None, verbs: {get: 1}}", ["rules[0].verbs: must be a list"]),
        (
            "{level: None, namespaces: [1]}",
            ["rules[0].namespaces[0]: must be a string, not 1; put it in quotes"],
        ),
        ("{level: None, omitManagedFields: 1}", ["rules[0].omitManagedFields: must be true or false, not 1"]),
        (
            "{level: None, omitStages: [Panic, Started]}",
            [f"rules[0].omitStages[1]: unknown stage 'Started'; known are {STAGES}"],
        ),
        (
            "{level: None, nonResourceURLs: [healthz]}",
            ["rules[0].nonResourceURLs[0]: 'healthz' must begin with /"],
        ),
        ('{level: None, nonResourceURLs: [""]}', ["rules[0].nonResourceURLs[0]: '' must begin with /"]),
        (
            '{level: None, nonResourceURLs: [/a, "/b*/c"]}',
            ["rules[0].nonResourceURLs[1]: '/b*/c' may contain * only as its last character"],
        ),
        (
            '{level: None, nonResourceURLs: ["**"]}',
            [
                "rules[0].nonResourceURLs[0]: '**' must begin with /",
                "rules[0].nonResourceURLs[0]: '**' may contain * only as its last character",
            ],
        ),
        (
            "{level: None, nonResourceURLs: [/a], namespaces: [shop]}",
            ["rules[0]: nonResourceURLs cannot be combined with resources or namespaces: write two rules"],
        ),
        (
            "{level: None, nonResourceURLs: [/a], resources: [{group: apps}]}",
            ["rules[0]: nonResourceURLs cannot be combined with resources or namespaces: write two rules"],
        ),
        ("{level: None, resources: [pods]}", ["rules[0].resources[0]: must be a mapping"]),
        (
            "{level: None, resources: [{groups: apps}]}",
            ["rules[0].resources[0]: unknown field 'groups'; known are group, resourceNames, resources"],
        ),
        (
            "{level: None, resources: [{group: apps/v1}]}",
            [f"rules[0].resources[0].group: 'apps/v1' {NO_GROUP}"],
        ),
        (
            '{level: None, resources: [{group: Apps}, {group: "*.k8s.io"}]}',
            [
                f"rules[0].resources[0].group: 'Apps' {NO_GROUP}",
                f"rules[0].resources[1].group: '*.k8s.io' {NO_GROUP}",
            ],
        ),
        (
            f"{{level: None, resources: [{{group: {'a' * 254}}}]}}",
            [f"rules[0].resources[0].group: '{'a' * 254}' {NO_GROUP}"],
        ),
        (
            "{level: None, resources: [{group: apps, resourceNames: [a]}]}",
            ["rules[0].resources[0].resourceNames: needs at least one entry in resources"],
        ),
    ],
)
def test_refuses_a_rule(rule: str, faults: list[str], tmp_path: Path) -> None:
    """Faults that the API server refuses, unknown fields and wrong types; each with its place."""
    assert faults_of(f"{HEAD}rules:\n- {rule}\n", tmp_path) == faults


POLICY_FIELDS = "apiVersion, kind, metadata, omitManagedFields, omitStages, rules"
NO_RULES = "rules: must contain at least one rule"


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", ["document: must be a mapping"]),
        ("- level: None", ["document: must be a mapping"]),
        (HEAD, [NO_RULES]),
        (f"{HEAD}rules:", [NO_RULES]),
        (f"{HEAD}rules: []", [NO_RULES]),
        (f"{HEAD}rules: {{level: None}}", ["rules: must be a list", NO_RULES]),
        (
            "rules: [{level: None}]",
            ["apiVersion: must be audit.k8s.io/v1", "kind: must be Policy"],
        ),
        (
            "apiVersion: audit.k8s.io/v1beta1\nkind: Policy\nrules: [{level: None}]",
            ["apiVersion: must be audit.k8s.io/v1"],
        ),
        (
            f"{HEAD}rule: []\nrules: [{{level: None}}]",
            [f"document: unknown field 'rule'; known are {POLICY_FIELDS}"],
        ),
        (f"{HEAD}metadata: mine\nrules: [{{level: None}}]", ["metadata: must be a mapping"]),
        (
            f"{HEAD}omitStages: [Received]\nrules: [{{level: None}}]",
            [f"omitStages[0]: unknown stage 'Received'; known are {STAGES}"],
        ),
        (
            f"{HEAD}omitManagedFields: 'yes'\nrules: [{{level: None}}]",
            ["omitManagedFields: must be true or false, not 'yes'"],
        ),
        (f"{HEAD}kind: Policy\n", ["line 3: the key 'kind' stands here and in line 2"]),
    ],
)
def test_refuses_a_policy(text: str, faults: list[str], tmp_path: Path) -> None:
    """No rules, another kind or version, and faults outside the rules."""
    assert faults_of(text, tmp_path) == faults


def test_names_all_faults_together(tmp_path: Path) -> None:
    """One refusal lists the faults of every rule, by index."""
    rules = "rules:\n- {level: None}\n- {level: Low}\n- {level: Metadata, verbs: get}\n"
    assert faults_of(f"{HEAD}omitStages: [x]\n{rules}", tmp_path) == [
        f"omitStages[0]: unknown stage 'x'; known are {STAGES}",
        f"rules[1].level: unknown level 'Low'; known are {LEVELS}",
        "rules[2].verbs: must be a list",
    ]


@pytest.mark.parametrize(
    "rule",
    [
        "{level: None, users: null, verbs: [], resources: []}",
        '{level: None, resources: [{group: "*"}, {group: ""}, {}]}',
        "{level: None, resources: [{group: a-b.c1.k8s.io}]}",
        '{level: None, nonResourceURLs: ["*", "/", "/*", "/a*"]}',
        f"{{level: None, resources: [{{group: {'a' * 253}}}]}}",
    ],
)
def test_accepts_what_the_server_accepts(rule: str, tmp_path: Path) -> None:
    """Empty lists and nulls match everything; these groups and URLs are valid."""
    path = tmp_path / "mine.yaml"
    path.write_text(
        f"{HEAD}metadata: {{name: mine, creationTimestamp: null}}\nrules:\n- {rule}\n", encoding="utf-8"
    )
    assert load_policy(tmp_path, "mine") is not None


def test_an_unknown_name_is_refused_with_those_that_exist(tmp_path: Path) -> None:
    """A path is not a name."""
    for name in ("a.yaml", "b.yaml", "notes.txt"):
        (tmp_path / name).write_text("", encoding="utf-8")
    for name in ("c", "", "../a", "a.yaml"):
        with pytest.raises(PolicyError) as refusal:
            load_policy(tmp_path, name)
        assert str(refusal.value) == f"no audit policy {name!r} in {tmp_path}: choose one of a, b"
