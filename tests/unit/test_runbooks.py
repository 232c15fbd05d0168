"""The runbooks know every alarm, output and target that there is, and none that there is not."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
TEXTS = {page.name: page.read_text(encoding="utf-8") for page in PAGES}
TEMPLATE = (ROOT / "template.yaml").read_text(encoding="utf-8")
MAX_LINES = 70  # one page


def section(name: str) -> set[str]:
    """The names in a section of template.yaml."""
    _, _, rest = TEMPLATE.partition(f"\n{name}:\n")
    body = re.split(r"\n(?=[A-Z])", rest, maxsplit=1)[0]
    return set(re.findall(r"^  (\w+):", body, re.MULTILINE))


ALARMS = {name for name in section("Resources") if name.endswith("Alarm")}


def test_the_index_has_a_page_for_every_alarm() -> None:
    """Each alarm of the template stands in the table once, and nothing else does that looks like one."""
    rows = re.findall(r"^\| (\S.*?) \|", TEXTS["README.md"], re.MULTILINE)
    listed = [name for row in rows for name in re.findall(r"\w+Alarm\b", row)]
    assert sorted(listed) == sorted(ALARMS)


@pytest.mark.parametrize("name", sorted(set(TEXTS) - {"README.md"}))
def test_a_page_is_in_the_index_and_names_only_what_there_is(name: str) -> None:
    """Alarms, outputs and parameters are the template's, and the page says what to type."""
    text = TEXTS[name]
    assert f"({name})" in TEXTS["README.md"]
    assert set(re.findall(r"\b[A-Z]\w+Alarm\b", text)) <= ALARMS
    assert set(re.findall(r"\$\(output (\w+)\)", text)) <= section("Outputs")
    parameters = re.findall(r"`([A-Z][A-Za-z]+)(?:=\w+)?`", text)
    assert {found for found in parameters if not found.endswith("Alarm")} <= section("Parameters") | {
        "Duration",
        "UnreservedConcurrentExecutions",
        "OK",
    }
    assert "\n## What to type\n" in text
    assert len(text.splitlines()) <= MAX_LINES
