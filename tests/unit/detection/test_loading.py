"""Loading a folder of rules, and the faults that loading reports."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from eks_log_forwarder.detection.rule_set import RuleSet
from eks_log_forwarder.errors import DetectionError
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.record.record import RuleRef
from tests.unit.detection_rules import detections_of, rule_text

ID = "6f7d6f5e-6a3b-4d54-9a3c-0d2f6f1d2c11"
PLAIN = "selection: {verb: get}\ncondition: selection"
LOG_SOURCES = (
    "logsource: is not supported; use product kubernetes, service audit; or product aws, service eks, "
    "category api, authenticator, auto-mode-block-storage, auto-mode-compute, auto-mode-ipam, "
    "auto-mode-load-balancing, capability-ack, capability-argocd, capability-kro, controller-manager or "
    "scheduler"
)


def _selection(item: str) -> str:
    return rule_text(f"selection: {{{item}}}\ncondition: selection")


REFUSED = [
    (
        _selection("verb|expand: '%x%'"),
        "verb|expand: the modifier 'expand': placeholders are not supported; write the values",
    ),
    (_selection("verb|wide: x"), "verb|wide: the modifier 'wide': the logs hold no UTF-16"),
    (_selection("verb|utf16: x"), "verb|utf16: the modifier 'utf16': the logs hold no UTF-16"),
    (_selection("verb|utf16be: x"), "verb|utf16be: the modifier 'utf16be': the logs hold no UTF-16"),
    (_selection("verb|utf16le: x"), "verb|utf16le: the modifier 'utf16le': the logs hold no UTF-16"),
    (
        _selection("stageTimestamp|hour: 3"),
        "stageTimestamp|hour: the modifier 'hour': parts of a timestamp are not supported",
    ),
    (
        _selection("verb|minute: 3"),
        "verb|minute: the modifier 'minute': parts of a timestamp are not supported",
    ),
    (_selection("verb|year: 3"), "verb|year: the modifier 'year': parts of a timestamp are not supported"),
    (_selection("verb|like: x"), "verb|like: the modifier 'like' is unknown"),
    (_selection("verb|i: x"), "verb|i: the modifier 'i' needs 're' before it"),
    (
        _selection("verb|re|contains: x"),
        "verb|re|contains: the modifier 'contains' cannot be combined with 're'; write ^ or $ instead",
    ),
    (
        _selection("verb|cased|base64: x"),
        "verb|cased|base64: the modifier 'cased' has no effect before 'base64'",
    ),
    (
        _selection("verb|cased|fieldref: x"),
        "verb|cased|fieldref: the modifier 'cased' has no effect before 'fieldref'",
    ),
    (_selection("verb|re: 3"), "verb|re: a regular expression must be a text"),
    (_selection("verb|re: '(a'"), "verb|re: Regular expression '(a' is invalid: b'missing ): (a'"),
    (
        _selection("verb|re: '(?=a)'"),
        "verb|re: Regular expression '(?=a)' is invalid: b'invalid perl operator: (?='",
    ),
    (_selection("verb: []"), "verb: has no values"),
    (_selection("verb: [[a]]"), "verb: a value must be a text, a number, true, false or null"),
    (_selection("verb: {a: b}"), "verb: a value must be a text, a number, true, false or null"),
    (_selection("403: a"), "403: a field name must be a text"),
    (_selection("'|exists': true"), "|exists: the modifier 'exists' needs a field"),
    (_selection("'|startswith': a"), "|startswith: the modifier 'startswith' needs a field"),
    (
        _selection("verb|gt: a"),
        "verb|gt: the modifier 'gt' needs a number, without quotes",
    ),
    (
        _selection("verb|gte: null"),
        "verb|gte: the modifier 'gte' needs a number, without quotes",
    ),
    (
        _selection("verb|lt: [1, true]"),
        "verb|lt: the modifier 'lt' needs a number, without quotes",
    ),
    (
        _selection("verb|contains: null"),
        "verb|contains: the modifier 'contains' needs a text; put it in quotes",
    ),
    (
        _selection("sourceIP|cidr: null"),
        "sourceIP|cidr: the modifier 'cidr' needs a network such as 10.0.0.0/8",
    ),
    (
        _selection("verb: 2026-01-01"),
        "verb: a date must be a text; put it in quotes",
    ),
    (
        _selection("verb|exists: a"),
        "verb|exists: the modifier 'exists' needs true or false",
    ),
    (
        _selection("sourceIP|cidr: 10.0.0.1/8"),
        "sourceIP|cidr: Invalid CIDR expression: 10.0.0.1/8 has host bits set",
    ),
    (_selection("a|base64: 'x*'"), "a|base64: Base64 encoding of strings with wildcards is not allowed"),
]
REFUSED_ELSEWHERE = [
    (
        rule_text("selection: ''\ncondition: selection"),
        "detection.selection: a keyword must be a text of at least one character",
    ),
    (
        rule_text("selection: [a, null]\ncondition: selection"),
        "detection.selection: a keyword must be a text of at least one character",
    ),
    (
        rule_text("selection: ['*']\ncondition: selection"),
        "detection.condition: a keyword must contain at least one character besides wildcards",
    ),
    (rule_text("selection: {}\ncondition: selection"), "detection.selection: is empty"),
    (rule_text("selection: []\ncondition: selection"), "detection.selection: is empty"),
    (
        rule_text("selection: {verb: get}\ntimeframe: 5m\ncondition: selection"),
        "detection.timeframe: counting over time is not supported",
    ),
    (
        rule_text("selection: {verb: get}\ncondition: elsewhere"),
        "detection.condition: Detection 'elsewhere' not defined in detections",
    ),
    (
        rule_text("selection: {verb: get}\ncondition: 1 of filter_*"),
        "detection.condition: Selector '1 of filter_*' doesn't match any detection",
    ),
    (
        rule_text("selection: {verb: get}\ncondition: selection selection"),
        "detection.condition: cannot be read at 'selection' (character 11)",
    ),
    (
        rule_text("selection: {verb: get}\ncondition: 3"),
        "detection.condition: must be a text such as 'selection and not 1 of filter_*'",
    ),
    (
        rule_text("selection: {verb: get}\ncondition: null"),
        "detection.condition: must be a text such as 'selection and not 1 of filter_*'",
    ),
    (
        rule_text("a: {verb: get}\nb: {verb: list}\ncondition: a AND b"),
        "detection.condition: write 'and' instead of 'AND'",
    ),
    (
        rule_text("a: {verb: get}\ncondition: (a"),
        "detection.condition: ends too early: a name or a closing bracket is missing",
    ),
    (
        rule_text("a: {verb: get}\ncondition: a | count() > 5"),
        "detection.condition: counting with '|' is not supported",
    ),
    (rule_text("selection: {verb: get}"), "detection.condition: is missing"),
    (rule_text(PLAIN, log_source="{product: windows, category: process_creation}"), LOG_SOURCES),
    (rule_text(PLAIN, log_source="{product: aws, service: eks}"), LOG_SOURCES),
    (rule_text(PLAIN, log_source="{product: aws, service: eks, category: kubelet}"), LOG_SOURCES),
    (rule_text(PLAIN, log_source="{product: kubernetes}"), LOG_SOURCES),
    (rule_text(PLAIN, more="level: severe"), "'severe' is not a valid Sigma rule level"),
    (rule_text(PLAIN, more="id: not-a-uuid"), "Sigma rule identifier must be an UUID"),
    (
        rule_text(PLAIN, more="tags: [attack]"),
        "Sigma tag must start with namespace separated with dot from remaining tag.",
    ),
    (
        rule_text(PLAIN, more="needsTrustedNetworks: low"),
        "needsTrustedNetworks: must be true or false",
    ),
    (
        "title: t\ncorrelation: {type: event_count}\n",
        "correlation: correlations need more than one event; they are not supported",
    ),
    (
        rule_text(PLAIN, more="action: global"),
        "action: rule collections are not supported; write one rule per file",
    ),
    ("- a\n", "is not a rule: a mapping with title, logsource and detection"),
    ("", "is not a rule: a mapping with title, logsource and detection"),
]


def _fault_of(folder: Path, text: str) -> str:
    (folder / "rule.yml").write_text(text, encoding="utf-8")
    with pytest.raises(DetectionError) as raised:
        RuleSet.load(folder)
    (first, *_) = raised.value.faults
    return first


@pytest.mark.parametrize(("text", "fault"), REFUSED)
def test_refuses_an_item_with_its_place(tmp_path: Path, text: str, fault: str) -> None:
    """The error names file, field and reason of a faulty item."""
    assert _fault_of(tmp_path, text) == f"rule.yml: detection.selection.{fault}"


@pytest.mark.parametrize(("text", "fault"), REFUSED_ELSEWHERE)
def test_refuses_a_rule_with_its_place(tmp_path: Path, text: str, fault: str) -> None:
    """The error names file, place and reason of a fault elsewhere in a rule."""
    assert _fault_of(tmp_path, text) == f"rule.yml: {fault}"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (f"{rule_text(PLAIN)}---\n{rule_text(PLAIN)}", "but found another document"),
        (rule_text("selection: {verb: get, verb: list}\ncondition: selection"), "'verb' stands here"),
        ("a: [", "line"),
    ],
)
def test_refuses_a_file_that_is_not_one_document(tmp_path: Path, text: str, part: str) -> None:
    """Several documents, a key given twice and broken YAML are named with the file."""
    fault = _fault_of(tmp_path, text)
    assert fault.startswith("rule.yml: ")
    assert part in fault


def test_reports_every_fault_of_every_file_together(tmp_path: Path) -> None:
    """Two faults in one file and one in another make one error of three lines."""
    (tmp_path / "a.yml").write_text(_selection("verb|wide: x, level|like: y"), encoding="utf-8")
    (tmp_path / "b.yaml").write_text("[]", encoding="utf-8")
    (tmp_path / "c.yml").write_text(rule_text(PLAIN), encoding="utf-8")
    with pytest.raises(DetectionError) as raised:
        RuleSet.load(tmp_path)
    assert str(raised.value).splitlines() == [
        "the detection rules cannot be used:",
        "a.yml: detection.selection.verb|wide: the modifier 'wide': the logs hold no UTF-16",
        "a.yml: detection.selection.level|like: the modifier 'like' is unknown",
        "b.yaml: is not a rule: a mapping with title, logsource and detection",
    ]


def test_refuses_two_rules_of_one_id(tmp_path: Path) -> None:
    """An id must be unique, because metrics and switches use it."""
    text = rule_text(PLAIN, more=f"id: {ID}")
    for name in ("a.yml", "b.yml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DetectionError) as raised:
        RuleSet.load(tmp_path)
    assert raised.value.faults == ("b.yml: id: is the same as in a.yml",)


@pytest.mark.parametrize(
    ("name", "more", "fault"),
    [
        ("b.yml", f"id: {ID}", "own/b.yml: id: is the same as in a.yml"),
        ("a.yml", "level: low", "own/a.yml: file name: is the same as in a.yml"),
        ("a.yaml", "level: low", "own/a.yaml: file name: is the same as in a.yml"),
    ],
)
def test_refuses_an_own_rule_that_looks_like_another(
    tmp_path: Path, name: str, more: str, fault: str
) -> None:
    """The switches go by id and file name, so each stands for one rule in all folders together."""
    (tmp_path / "own").mkdir()
    (tmp_path / "a.yml").write_text(rule_text(PLAIN, more=f"id: {ID}"), encoding="utf-8")
    (tmp_path / "own" / name).write_text(rule_text(PLAIN, more=more), encoding="utf-8")
    with pytest.raises(DetectionError) as raised:
        RuleSet.load(tmp_path, tmp_path / "own")
    assert raised.value.faults == (fault,)


def test_refuses_a_folder_that_is_missing(tmp_path: Path) -> None:
    """A missing folder is an error; an empty folder is not."""
    with pytest.raises(DetectionError) as raised:
        RuleSet.load(tmp_path / "none")
    assert raised.value.faults == (f"{tmp_path / 'none'}: is not a folder",)
    assert RuleSet.load(tmp_path).rules == ()


def test_switches_rules_off_by_file_name_and_by_id(tmp_path: Path) -> None:
    """A disabled file is not read; a name that no rule has is an error."""
    (tmp_path / "broken.yml").write_text("[]", encoding="utf-8")
    (tmp_path / "one.yml").write_text(rule_text(PLAIN, more=f"id: {ID}"), encoding="utf-8")
    (tmp_path / "two.yml").write_text(rule_text(PLAIN), encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no rule", encoding="utf-8")
    disabled = {"broken", ID}
    assert [rule.file for rule in RuleSet.load(tmp_path, disabled=disabled).rules] == ["two.yml"]
    with pytest.raises(DetectionError) as raised:
        RuleSet.load(tmp_path, disabled={"broken", "three"})
    assert raised.value.faults == ("three: is disabled, but no rule has this file name or id",)


def test_names_a_detection_by_id_title_level_and_tags() -> None:
    """A match carries the rule's id, title, level and tags."""
    more = f"id: {ID.upper()}\nlevel: high\ntags: [attack.t1611, attack.privilege-escalation]"
    (found,) = detections_of(rule_text(PLAIN, more=more)).match(LogType.AUDIT, None, None, '{"verb":"get"}')
    assert found == RuleRef(
        id=ID,
        title="A rule",
        level="high",
        tags=["attack.t1611", "attack.privilege-escalation"],
    )


@pytest.mark.parametrize(
    ("more", "trusted", "levels"),
    [
        ("date: 2024/03/27", (), ["informational"]),
        ("level: HIGH\nneedsTrustedNetworks: false", (), ["high"]),
        ("level: HIGH\nneedsTrustedNetworks: true", (), []),
        ("level: HIGH\nneedsTrustedNetworks: true", ("10.0.0.0/8",), ["high"]),
    ],
)
def test_tells_the_level(more: str, trusted: tuple[str, ...], levels: list[str]) -> None:
    """A rule without a level is informational; one that needs trusted networks is off without any."""
    rules = detections_of(rule_text(PLAIN, more=more), trusted=trusted).rules
    assert [rule.detection.level for rule in rules] == levels


def test_imports_pysigma_only_when_rules_are_loaded() -> None:
    """A function with detections off does not import the parser."""
    code = "import sys, eks_log_forwarder.detection.rule_set; sys.exit('sigma' in sys.modules)"
    command = [sys.executable, "-c", code]
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, check=False)  # noqa: S603  # this Python
    assert done.returncode == 0
