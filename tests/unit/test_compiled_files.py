"""A package holds compiled rules and policies: those of its sources, or the function says what to do."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from eks_log_forwarder.audit_policy.policy_file import compile_policies, load_policy
from eks_log_forwarder.compiled_files import read_compiled, write_compiled
from eks_log_forwarder.compiling import compile_package, main
from eks_log_forwarder.detection.loading import read_rules
from eks_log_forwarder.detection.rule_data import RulesData
from eks_log_forwarder.detection.rule_set import RuleSet
from eks_log_forwarder.errors import DetectionError, PolicyError
from tests.unit.detection_rules import found_in, rule_text

ROOT = Path(__file__).parents[2]
FUNCTIONS = ROOT / "functions"
OWN = rule_text("s: {verb: get}\ncondition: s")
OWN_FILTER = """
title: An exception
logsource: {product: kubernetes, service: audit}
filter:
  rules: [audit_pod_host_pid]
  robot: {user.username: robot}
  condition: not robot
"""
WITHOUT_PARSERS = """
import sys
sys.modules["sigma"] = sys.modules["yaml"] = None  # importing them fails
from eks_log_forwarder.config.settings import Settings
from eks_log_forwarder import wiring
environ = {
    "DESTINATION_URL": "https://xplg.example.internal/",
    "AUDIT_POLICY": "quiet",
    "TRUSTED_CIDRS": "203.0.113.0/24",  # a rule needs it
}
try:
    stages = wiring.build_forwarder(Settings.from_environ(environ)).stages
except Exception as error:
    print(f"{type(error).__name__}: {error}")
else:
    print(len(stages.match.rules.rules), "rules")
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of functions/ with an own rule and an own filter, compiled."""
    copy = tmp_path / "package"
    shutil.copytree(FUNCTIONS, copy, ignore=shutil.ignore_patterns("__pycache__", "own"))
    (copy / "detections" / "own").mkdir()
    (copy / "detections" / "own" / "mine.yml").write_text(OWN, encoding="utf-8")
    (copy / "detections" / "own" / "exception.yml").write_text(OWN_FILTER, encoding="utf-8")
    compile_package(copy)
    return copy


def started(package: Path) -> str:
    """What a function says that starts where neither pySigma nor PyYAML is installed."""
    ran = subprocess.run(  # noqa: S603  # our own text
        [sys.executable, "-W", "ignore", "-c", WITHOUT_PARSERS],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.strip()


def test_the_file_has_what_the_sources_say(package: Path) -> None:
    """Rules and policies are the same after a way through the file."""
    detections = package / "detections"
    assert read_compiled(detections, RulesData) == read_rules([detections, detections / "own"])
    policies = package / "policies"
    assert load_policy(policies, "quiet")._rules == compile_policies(policies)["quiet"].rules  # noqa: SLF001


def test_a_package_needs_no_parser(package: Path) -> None:
    """All shipped rules and the own one are there."""
    shipped = len(list((package / "detections").glob("*.yml")))
    assert started(package) == f"{shipped + 1} rules"


def _append(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8") + "# a comment\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("detections/audit_pod_host_pid.yml", _append, "was changed after the build"),
        ("detections/own/mine.yml", Path.unlink, "was removed after the build"),
        ("detections/own/other.yml", lambda path: path.write_text(OWN), "was added after the build"),
        ("policies/quiet.yaml", _append, "was changed after the build"),
        (
            "detections/compiled.json",
            lambda path: path.write_text('{"sources":'),
            "is not a file that this package can read",
        ),
    ],
)
def test_a_package_whose_sources_changed_does_not_start(
    package: Path, name: str, change: Callable[[Path], object], said: str
) -> None:
    """The message names the file and what to do; with a parser beside the package, too."""
    change(package / name)
    kind, heading = (
        ("PolicyError", "")
        if "policies" in name
        else ("DetectionError", "the detection rules cannot be used:\n")
    )
    assert started(package) == f"{kind}: {heading}{name}: {said}; run `sam build`"
    with pytest.raises((DetectionError, PolicyError), match="run `sam build`"):
        (RuleSet.load(package / "detections"), load_policy(package / "policies", "quiet"))


def test_a_package_that_was_not_compiled_does_not_start(package: Path) -> None:
    """Without a parser, the sources alone are of no use."""
    (package / "detections" / "compiled.json").unlink()
    assert started(package).splitlines()[-1] == (
        "detections/compiled.json: is missing, and pySigma is not installed; run `sam build`"
    )
    (package / "detections" / "own" / "mine.yml").unlink()
    compile_package(package)
    (package / "policies" / "compiled.json").unlink()
    assert started(package) == (
        "PolicyError: policies/compiled.json: is missing, and PyYAML is not installed; run `sam build`"
    )


def test_disabled_rules_and_trusted_networks_stay_settings_of_the_run(package: Path) -> None:
    """A compiled rule or filter can be disabled by its file name; a name that no rule has is an error."""
    detections = package / "detections"
    stems = [Path(rule.file).stem for rule in RuleSet.load(detections, disabled={"mine"}).rules]
    assert "audit_pod_host_pid" in stems
    assert "mine" not in stems
    event = {
        "verb": "create",
        "user": {"username": "robot"},
        "objectRef": {"resource": "pods", "namespace": "shop"},
        "requestObject": {"spec": {"hostPID": True}},
    }
    rules = RuleSet.load(detections, disabled={"mine"})
    assert found_in(rules, event) == []
    rules = RuleSet.load(detections, disabled={"mine", "exception"})
    assert [rule.file for rule in rules.rules if rule.detection.id in found_in(rules, event)] == [
        "audit_pod_host_pid.yml"
    ]
    with pytest.raises(DetectionError, match="nothing: is disabled, but no rule has this file name or id"):
        RuleSet.load(detections, disabled={"nothing"})


def test_the_same_sources_make_the_same_bytes(package: Path) -> None:
    """The order of a set differs from process to process, so it must not reach the file."""
    first = (package / "policies" / "compiled.json").read_bytes()
    environ = os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": str(package)}
    command = [sys.executable, "-m", "eks_log_forwarder.compiling", str(package)]
    subprocess.run(command, env=environ, check=True)  # noqa: S603  # this Python
    assert (package / "policies" / "compiled.json").read_bytes() == first


def test_a_build_with_a_faulty_rule_fails(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The fault is named with its file."""
    (package / "detections" / "own" / "mine.yml").write_text("[]", encoding="utf-8")
    assert main([str(package)]) == 1
    assert "own/mine.yml: is not a rule" in capsys.readouterr().err


def test_a_folder_without_a_compiled_file_has_nothing_compiled(tmp_path: Path) -> None:
    """A source tree is read by the parsers."""
    assert read_compiled(tmp_path, list[str]) is None
    write_compiled(tmp_path, ["a"])
    assert read_compiled(tmp_path, list[str]) == ["a"]
