"""The runbooks name every alarm, and only alarms, outputs and targets that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
TEXTS = {page.name: page.read_text(encoding="utf-8") for page in PAGES}
TEMPLATES = [(ROOT / name).read_text(encoding="utf-8") for name in ("central.yaml", "template.yaml")]
MAX_LINES = 70  # one page


def section(name: str) -> set[str]:
    """The names in a section of template.yaml or central.yaml."""
    rests = [template.partition(f"\n{name}:\n")[2] for template in TEMPLATES]
    bodies = [re.split(r"\n(?=[A-Z])", rest, maxsplit=1)[0] for rest in rests]
    return {found for body in bodies for found in re.findall(r"^  (\w+):", body, re.MULTILINE)}


ALARMS = {name for name in section("Resources") if name.endswith("Alarm")}


def test_the_index_has_a_page_for_every_alarm() -> None:
    """The table names each alarm of the two templates once, and no other."""
    rows = re.findall(r"^\| (\S.*?) \|", TEXTS["README.md"], re.MULTILINE)
    listed = [name for row in rows for name in re.findall(r"\w+Alarm\b", row)]
    assert sorted(listed) == sorted(ALARMS)


def test_the_index_and_the_alarms_name_the_same_page() -> None:
    """The page in an alarm's description is the one in the index."""
    rows = re.findall(r"^\| (\S.*?) \| \[[^]]+\]\(([\w-]+\.md)\)", TEXTS["README.md"], re.MULTILINE)
    indexed = {name: page for row, page in rows for name in re.findall(r"\w+Alarm\b", row)}
    described = {
        name: page
        for template in TEMPLATES  # what both have is described by the last
        for name, page in re.findall(
            r"^  (\w+Alarm):\n    Type: AWS::CloudWatch::Alarm(?s:.*?)docs/runbooks/([\w-]+\.md)",
            template,
            re.MULTILINE,
        )
    }
    assert described == indexed


@pytest.mark.parametrize("name", sorted(set(TEXTS) - {"README.md"}))
def test_a_page_is_in_the_index_and_names_only_what_exists(name: str) -> None:
    """Alarms, outputs and parameters are the template's, and the page says what to type."""
    text = TEXTS[name]
    assert f"({name})" in TEXTS["README.md"]
    assert set(re.findall(r"\b[A-Z]\w+Alarm\b", text)) <= ALARMS
    assert set(re.findall(r"\$\(output (\w+)\)", text)) <= section("Outputs")
    parameters = re.findall(r"`([A-Z][A-Za-z]+)(?:=\w+)?`", text)
    # words in capitals are states, or variables of make
    named = {found for found in parameters if not found.endswith("Alarm") and not found.isupper()}
    assert named <= section("Parameters") | {
        "Duration",
        "UnreservedConcurrentExecutions",
        "ReservedConcurrentExecutions",
    }
    assert "\n## What to type\n" in text
    assert len(text.splitlines()) <= MAX_LINES
