"""A user's own rule: the example of the documentation, copied to where it says, beside the shipped rules."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from eks_log_forwarder.detection.rule_set import RuleSet
from tests.unit.detection_rules import found_in

ROOT = Path(__file__).parents[3]
PACKAGE = "eks_log_forwarder"
EVENT = {
    "kind": "Event",
    "apiVersion": "audit.k8s.io/v1",
    "auditID": "6d2f7b1e-0000-4000-8000-000000000001",
    "stage": "ResponseStarted",
    "verb": "create",
    "user": {"username": "robin", "groups": ["developers"]},
    "objectRef": {
        "resource": "pods",
        "namespace": "kube-system",
        "name": "coredns-1",
        "subresource": "exec",
    },
    "responseStatus": {"code": 101},
}
OWN_RULE = "functions/detections/own/kube_system_shell.yml"
# what a deployed function does: the rules come from beside the package
FOUND_BY_THE_FUNCTION = """
import json, sys
from eks_log_forwarder.config.settings import Settings
from eks_log_forwarder.wiring import rule_folders
from eks_log_forwarder.detection.rule_set import RuleSet
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder import wiring

forwarder = wiring.build_forwarder(Settings.from_environ({"DESTINATION_URL": "https://xplg.example.internal/"}))
rules = RuleSet.load(*rule_folders())
found = rules.match(LogType.AUDIT, None, None, sys.stdin.read())
print(json.dumps([len(rules.rules), [rule.title for rule in found]]))
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of functions/ with the shipped rules alone."""
    shutil.copytree(
        ROOT / "functions",
        tmp_path / "functions",
        ignore=shutil.ignore_patterns("__pycache__", "own"),
    )
    return tmp_path


def example() -> tuple[str, str]:
    """The first rule in docs/detections.md, and the path that the sentence above it names."""
    text = (ROOT / "docs" / "detections.md").read_text(encoding="utf-8")
    match = re.search(r"Copy this rule to `(\S+)`.*?```yaml\n(.*?)```", text, re.DOTALL)
    assert match
    return match[1], match[2]


def filters() -> dict[str, str]:
    """The filters in docs/detections.md, by the file that the sentence before each names."""
    text = (ROOT / "docs" / "detections.md").read_text(encoding="utf-8")
    return dict(re.findall(r"in `own/(filter_\w+\.yml)`[^`]*```yaml\n(.*?)```", text, re.DOTALL))


def found_by(copy: Path) -> tuple[int, list[str]]:
    """How many rules the copied function loads, and which of them find the event."""
    ran = subprocess.run(  # noqa: S603  # our own text
        [sys.executable, "-c", FOUND_BY_THE_FUNCTION],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(copy / "functions")},
        input=json.dumps(EVENT),
        capture_output=True,
        text=True,
        check=True,
    )
    rules, titles = json.loads(ran.stdout)
    return rules, titles


def test_the_example_of_the_documentation_is_loaded_by_the_function(copy: Path) -> None:
    """Shipped rules alone without the folder; one more with the copied example, which finds its event."""
    shipped, found = found_by(copy)
    assert (shipped > 0, found) == (True, ["Session Opened in a Container"])
    path, rule = example()
    assert path == OWN_RULE
    (copy / path).parent.mkdir()
    (copy / path).write_text(rule, encoding="utf-8")
    assert found_by(copy) == (shipped + 1, ["Session Opened in a Container", "Shell opened in kube-system"])


@pytest.mark.parametrize(
    ("file", "user", "verb", "resource"),
    [
        ("filter_flux.yml", "flux-system:helm-controller", "create", "clusterrolebindings"),
        ("filter_flux.yml", "flux-system:kustomize-controller", "list", "secrets"),
        ("filter_argo_cd.yml", "argocd:argocd-application-controller", "patch", "rolebindings"),
        ("filter_argo_cd.yml", "argocd:argocd-server", "list", "secrets"),
        ("filter_cert_manager.yml", "cert-manager:cert-manager", "list", "secrets"),
        (
            "filter_cert_manager.yml",
            "cert-manager:cert-manager-cainjector",
            "patch",
            "mutatingwebhookconfigurations",
        ),
        ("filter_velero.yml", "velero:velero", "list", "secrets"),
    ],
)
def test_the_filters_of_the_documentation_except_what_they_say(
    copy: Path, file: str, user: str, verb: str, resource: str
) -> None:
    """Each is loaded beside the shipped rules, and excepts only the users that it names."""
    folder = copy / "functions" / "detections"
    (folder / "own").mkdir()
    (folder / "own" / file).write_text(filters()[file], encoding="utf-8")
    plain, filtered = RuleSet.load(folder), RuleSet.load(folder, folder / "own")
    event = {"verb": verb, "objectRef": {"resource": resource}, "requestURI": "/x"}
    tool, other = (
        event | {"user": {"username": f"system:serviceaccount:{name}"}} for name in (user, "shop:cart")
    )
    assert found_in(plain, tool) != []
    assert found_in(filtered, tool) == []
    assert found_in(filtered, other) == found_in(plain, other) != []


def test_there_are_four_ready_filters() -> None:
    """For two GitOps tools, a certificate and a backup tool."""
    assert sorted(filters()) == [
        "filter_argo_cd.yml",
        "filter_cert_manager.yml",
        "filter_flux.yml",
        "filter_velero.yml",
    ]


def test_git_keeps_the_folder_and_ignores_no_rule_in_it() -> None:
    """The folder is there before the first rule, and a user can commit a rule."""
    assert (ROOT / OWN_RULE).with_name("README.md").is_file()
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("this is no clone: there is nothing for git to ignore")
    ignored = subprocess.run([git, "check-ignore", "-q", OWN_RULE], cwd=ROOT, check=False)  # noqa: S603
    assert ignored.returncode == 1
