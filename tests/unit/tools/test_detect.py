"""The tool that tries rules on a file of lines."""

from pathlib import Path

import pytest

from eks_log_forwarder.detection.rule_set import RuleSet
from eks_log_forwarder.intake.log_type import LogType
from tests.unit.detection_rules import rule_text

pytest.importorskip("eks_log_forwarder.control_plane.parsing", reason="the parsers are not there yet")

from tools.detect import detect, main
from tools.listener.gist import possible_log_types

DENIED = 'time="2026-01-02" level=info msg="access denied" arn="arn:aws:iam::1:role/R" client="127.0.0.1:1"'
PENDING = 'I0102 03:04:05.000006      10 a.go:1] "Unable to schedule pod; no fit; waiting" pod="shop/web"'
LIST = (
    '{"kind":"Event","auditID":"a","stage":"ResponseComplete","verb":"list","user":{"username":"alice"},'
    '"objectRef":{"resource":"secrets"}}'
)
RULES = {
    "denied.yml": ("{msg: access denied}", "{product: aws, service: eks, category: authenticator}"),
    "pending.yml": (
        "{message|contains: no fit, pod: '*'}",
        "{product: aws, service: eks, category: scheduler}",
    ),
    "secrets.yml": ("{verb: list, objectRef.resource: secrets}", "{product: kubernetes, service: audit}"),
}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A folder with a rule for each kind of line."""
    folder = tmp_path / "rules"
    folder.mkdir()
    for name, (selection, log_source) in RULES.items():
        text = rule_text(f"s: {selection}\ncondition: s", log_source=log_source, more="level: high")
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (LIST, (LogType.AUDIT,)),
        (DENIED, (LogType.AUTHENTICATOR,)),
        (PENDING, (LogType.SCHEDULER, LogType.API, LogType.CONTROLLER_MANAGER)),
        (PENDING + " level=info", (LogType.SCHEDULER, LogType.API, LogType.CONTROLLER_MANAGER)),
    ],
)
def test_tells_the_log_type_by_look(line: str, expected: tuple[LogType, ...]) -> None:
    """JSON is audit, `level=` the authenticator; a klog line may be of three components."""
    assert possible_log_types(line) == expected


def test_counts_hits_with_the_first_actor_and_target(rules: Path) -> None:
    """Two lists of secrets are two hits; the first says who."""
    found = detect(RuleSet.load(rules), [LIST, DENIED, LIST.replace("alice", "bob"), PENDING, "nothing"])
    assert {rule: (hits.count, hits.actor, hits.target) for rule, hits in found.items()} == {
        "secrets": (2, "alice", "secrets"),
        "denied": (1, "arn:aws:iam::1:role/R", "127.0.0.1:1"),
        "pending": (1, "scheduler", "shop/web"),
    }


def test_prints_a_table(rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The last line sums up; the exit code is 0."""
    (tmp_path / "lines.txt").write_text(f"{LIST}\n\n{PENDING}\n", encoding="utf-8")
    assert main([str(tmp_path / "lines.txt"), "--rules", str(rules)]) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[-1] == "2 lines, 3 rules, 2 of them matched"
    assert "alice" in printed


def test_says_why_rules_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A refused rule is named, and the exit code is 2."""
    (tmp_path / "bad.yml").write_text("[]", encoding="utf-8")
    assert main([str(tmp_path / "none.txt"), "--rules", str(tmp_path)]) == 2
    assert "bad.yml: is not a rule: a mapping with title, logsource and detection" in capsys.readouterr().out


def test_says_which_file_of_lines_is_missing(
    rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one sentence, without the number of the error."""
    lines = tmp_path / "none.txt"
    assert main([str(lines), "--rules", str(rules)]) == 2
    assert capsys.readouterr().out.replace("\n", "") == f"{lines}: No such file or directory"
