"""Sigma filters: exceptions from rules, in files of their own."""

from pathlib import Path

import pytest

from eks_log_forwarder.detection.rule_set import RuleSet
from eks_log_forwarder.errors import DetectionError
from tests.unit.detection_rules import found_in, rule_text

ID = "6f7d6f5e-6a3b-4d54-9a3c-0d2f6f1d2c11"
READS = rule_text("selection: {verb: get}\ncondition: selection", more=f"id: {ID}")
PODS = rule_text("selection: {objectRef.resource: pods}\ncondition: selection")
STARTS = rule_text("selection: {stage: ResponseStarted}\ncondition: selection")
DENIED = rule_text(
    "selection: {msg: denied}\ncondition: selection",
    log_source="{product: aws, service: eks, category: authenticator}",
)


LOG_SOURCES = (
    "logsource: is not supported; use product kubernetes, service audit; or product aws, service eks, "
    "category api, authenticator, auto-mode-block-storage, auto-mode-compute, auto-mode-ipam, "
    "auto-mode-load-balancing, capability-ack, capability-argocd, capability-kro, controller-manager or "
    "scheduler"
)


def filter_text(rules: str, more: str = "ana: {user.username: ana}\n  condition: not ana") -> str:
    """A filter's file."""
    return (
        "title: A filter\nlogsource: {product: kubernetes, service: audit}\n"
        f"filter:\n  rules: {rules}\n  {more}\n"
    )


def _load(folder: Path, disabled: tuple[str, ...] = (), **files: str) -> RuleSet:
    own = folder / "own"
    own.mkdir()
    for name, text in (("reads", READS), ("pods", PODS), ("starts", STARTS), ("denied", DENIED)):
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    for name, text in files.items():
        (own / f"{name}.yml").write_text(text, encoding="utf-8")
    return RuleSet.load(folder, own, disabled=disabled)


def _faults(folder: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(DetectionError) as raised:
        _load(folder, ours=text)
    return raised.value.faults


def _event(user: str) -> dict[str, object]:
    return {"verb": "get", "user": {"username": user}, "objectRef": {"resource": "pods"}}


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        ("[pods]", [ID]),
        ("pods", [ID]),
        ("[reads]", ["pods"]),
        (f"[{ID}]", ["pods"]),
        ("[pods, reads]", []),
        ("any", []),
        ("ANY", []),
        ("[denied, pods]", None),
    ],
)
def test_excepts_from_the_rules_that_it_names(tmp_path: Path, rules: str, found: list[str] | None) -> None:
    """By file name, by id, or all of them; a rule of another log source is an error."""
    if found is None:
        assert _faults(tmp_path, filter_text(rules)) == (
            "own/ours.yml: filter.rules: denied: has another log source",
        )
        return
    rule_set = _load(tmp_path, ours=filter_text(rules))
    assert [rule.file for rule in rule_set.rules] == ["denied.yml", "pods.yml", "reads.yml", "starts.yml"]
    assert found_in(rule_set, _event("ana")) == found
    assert found_in(rule_set, _event("robin")) == ["pods", ID]


def test_several_filters_add_up(tmp_path: Path) -> None:
    """One for each user."""
    robin = filter_text(
        "any", "_u: {user.username: robin}\n  more: {verb: get}\n  condition: not (_u and more)"
    )
    rule_set = _load(tmp_path, ana=filter_text("any"), robin=robin)
    assert [found_in(rule_set, _event(user)) for user in ("ana", "robin", "kim")] == [[], [], ["pods", ID]]


def test_a_filter_that_names_the_stage_does_not_change_when_a_rule_fires(tmp_path: Path) -> None:
    """Only the rule itself decides whether it counts once a request."""
    text = filter_text("any", "panic: {stage: Panic}\n  condition: not panic")
    rule_set = _load(tmp_path, ours=text)
    stages = ("RequestReceived", "ResponseStarted", "ResponseComplete", "Panic")
    assert [found_in(rule_set, _event("ana") | {"stage": stage}) for stage in stages] == [
        [],
        ["starts"],
        ["pods", ID],
        [],
    ]


def test_a_filter_may_name_a_rule_that_is_disabled(tmp_path: Path) -> None:
    """By file name or by id, so that disabling a rule does not break a filter."""
    text = filter_text(f"[reads, {ID}, pods]")
    rule_set = _load(tmp_path, ("reads",), ours=text)
    assert [rule.file for rule in rule_set.rules] == ["denied.yml", "pods.yml", "starts.yml"]


def test_a_filter_can_be_disabled(tmp_path: Path) -> None:
    """By its file name."""
    assert found_in(_load(tmp_path, ("ours",), ours=filter_text("any")), _event("ana")) == ["pods", ID]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (filter_text("[pods, elsewhere]"), "filter.rules: no rule has the file name or id 'elsewhere'"),
        (filter_text("elsewhere"), "filter.rules: no rule has the file name or id 'elsewhere'"),
        (filter_text("[any]"), "filter.rules: no rule has the file name or id 'any'"),
        (filter_text("[ours]"), "filter.rules: no rule has the file name or id 'ours'"),
        (filter_text("[5]"), "filter.rules: must be names of rules: texts"),
        (
            filter_text("[]"),
            "filter.rules: is empty; name the rules, or write 'any' for all rules of the log source",
        ),
        (filter_text("null"), "filter.rules: is missing; name the rules, or write 'any'"),
        (filter_text("any", "ana: {user.username: ana}"), "filter.condition: is missing"),
        (
            filter_text("any", "ana: {user.username: ana}\n  condition: [not ana]"),
            "filter.condition: a filter has one condition, which is a text",
        ),
        (
            filter_text("any", "ana: {user.username: ana}\n  condition: NOT ana"),
            "filter.condition: write 'not' instead of 'NOT'",
        ),
        (
            filter_text("any", "ana: {user.username: ana}\n  condition: not robin"),
            "filter.condition: Detection 'robin' not defined in detections",
        ),
        (filter_text("any", "ana: []\n  condition: not ana"), "filter.ana: is empty"),
        (
            filter_text("any", "ana: {user.username|like: a}\n  condition: not ana"),
            "filter.ana.user.username|like: the modifier 'like' is unknown",
        ),
        (
            filter_text("any", "ana: {user.username|re: '(a'}\n  condition: not ana"),
            "filter.ana.user.username|re: Regular expression '(a' is invalid: b'missing ): (a'",
        ),
        (
            filter_text("any").replace("kubernetes", "windows"),
            LOG_SOURCES,
        ),
        (
            f"{PODS}filter: {{rules: any}}\n",
            "filter: a file is a rule with 'detection' or a filter with 'filter', not both",
        ),
        (
            "title: A filter\nlogsource: {product: kubernetes, service: audit}\nfilter: any\n",
            "filter: is not a mapping with rules, selections and a condition",
        ),
    ],
)
def test_refuses_a_filter_with_its_place(tmp_path: Path, text: str, fault: str) -> None:
    """A filter that would do nothing, or not what it says, is an error."""
    assert _faults(tmp_path, text)[0] == f"own/ours.yml: {fault}"


def test_the_name_of_pysigmas_own_making_is_nowhere(tmp_path: Path) -> None:
    """Two loads give the same rules."""
    first = _load(tmp_path, ours=filter_text("any"))
    second = RuleSet.load(tmp_path, tmp_path / "own")
    assert [(rule.file, rule.detection) for rule in first.rules] == [
        (rule.file, rule.detection) for rule in second.rules
    ]
    assert "_filt_" not in repr([rule.node for rule in first.rules])
