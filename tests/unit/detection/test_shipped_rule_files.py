"""The files of the shipped rules: their metadata and their exceptions."""

import json
import re
from uuid import UUID

import pytest

from tests.unit.shipped_rules import STEMS, document
from tools.show_rules import refused

LEVELS = {"informational", "low", "medium", "high", "critical"}
TACTICS = {
    "collection",
    "command-and-control",
    "credential-access",
    "defense-evasion",
    "discovery",
    "execution",
    "impact",
    "initial-access",
    "lateral-movement",
    "persistence",
    "privilege-escalation",
    "reconnaissance",
}
TECHNIQUE = re.compile(r"attack\.t\d{4}(\.\d{3})?")
FILE_NAME = re.compile(r"[a-z0-9_]{10,90}\.yml")
# Not exceptions from a rule but what it is about: people, kubelets' credentials.
PREFIXES_ALLOWED = {"audit_kubectl_delete", "audit_kubectl_delete_denied"}


@pytest.mark.parametrize("stem", STEMS)
def test_says_what_it_is(stem: str) -> None:
    """Each rule has the fields that the Sigma rules specification requires and that an operator needs."""
    rule = document(stem)
    assert FILE_NAME.fullmatch(f"{stem}.yml")
    assert UUID(str(rule["id"])).version == 4
    assert len(str(rule["title"])) <= 70
    assert rule["level"] in LEVELS
    assert rule["author"] == "EKS log forwarder"
    assert re.fullmatch(r"2026-\d\d-\d\d", str(rule["date"]))
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


def _texts(value: object) -> list[str]:
    assert isinstance(value, list)
    return [str(each) for each in value]


@pytest.mark.parametrize("stem", [stem for stem in STEMS if refused(stem) != "n/a"])
def test_says_what_it_does_with_refused_requests(stem: str) -> None:
    """A rule on audit events excludes them in a filter, or its description speaks of them."""
    detection = document(stem)["detection"]
    assert isinstance(detection, dict)
    if "filter_refused" in detection:
        assert refused(stem) == "ignored"
    else:
        assert re.search("(?i)refused|denied", str(document(stem)["description"]))


def test_at_least_one_rule_is_critical() -> None:
    """The level critical has an alarm of its own."""
    assert [stem for stem in STEMS if document(stem)["level"] == "critical"] == [
        "audit_binding_for_anonymous"
    ]
