"""The documentation says what is there: parameters, variables, rights, targets, files and failures."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from eks_log_forwarder.transport.failures import Failure

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
DECISIONS = ROOT / "docs" / "decisions"
DOCUMENTS = sorted(
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("events/*.md")]
    if path.is_file()
)


class TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's short forms: `!Ref X` as `{"!Ref": "X"}`."""


def _short_form(loader: TemplateLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    match node:
        case yaml.ScalarNode():
            return {f"!{name}": loader.construct_scalar(node)}
        case yaml.SequenceNode():
            return {f"!{name}": loader.construct_sequence(node, deep=True)}
        case _:
            pytest.fail(f"!{name} holds a mapping: teach this test to read it")


TemplateLoader.add_multi_constructor("!", _short_form)
TEMPLATE: dict[str, Any] = TemplateLoader(
    (ROOT / "template.yaml").read_text(encoding="utf-8")
).get_single_data()
FUNCTIONS = [
    body["Properties"]
    for body in TEMPLATE["Resources"].values()
    if body["Type"] == "AWS::Serverless::Function"
]


def table(first_heading: str) -> list[list[str]]:
    """The cells of the README's table whose first column has this heading."""
    _, _, rest = README.partition(f"\n| {first_heading} |")
    rows = []
    for line in rest.splitlines()[2:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip()[1:-1].split("|")])
    return rows


def code(cell: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def mappings(value: object) -> Iterator[dict[str, Any]]:
    """Every mapping within a part of the template, however deep."""
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from mappings(part)
    elif isinstance(value, list):
        for part in value:
            yield from mappings(part)


def variables() -> dict[str, Any]:
    """The environment variables of all functions, as the template gives them."""
    environments = [TEMPLATE["Globals"]["Function"], *FUNCTIONS]
    found: dict[str, Any] = {}
    for function in environments:
        found |= function.get("Environment", {}).get("Variables", {})
    return found


def shown_default(parameter: dict[str, Any]) -> str:
    """A parameter's default as the README writes it."""
    if "Default" not in parameter:
        return "required"
    return f"`{parameter['Default']}`" if parameter["Default"] != "" else "empty"


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def test_lists_every_parameter_with_its_default_in_the_template_s_order() -> None:
    """The parameter table and template.yaml agree on names, defaults and order."""
    documented = [(row[0], row[2]) for row in table("parameter")]
    assert documented == [(name, shown_default(body)) for name, body in TEMPLATE["Parameters"].items()]


def test_names_the_variable_that_each_parameter_becomes() -> None:
    """The second column is the variable to which the template gives the parameter, or empty."""
    becomes = {value["!Ref"]: name for name, value in variables().items() if "!Ref" in value}
    documented = {row[0]: code(row[1]) for row in table("parameter")}
    assert documented == {name: [becomes[name]] if name in becomes else [] for name in TEMPLATE["Parameters"]}


@pytest.mark.parametrize("variable", sorted(variables()))
def test_documents_every_environment_variable(variable: str) -> None:
    """Each variable that the template sets stands in the README."""
    assert f"`{variable}`" in README


def test_documents_every_variable_that_the_settings_read() -> None:
    """Each variable that settings.py reads is one that the README names."""
    source = (ROOT / "functions/eks_log_forwarder/config/settings.py").read_text(encoding="utf-8")
    read = re.findall(r'\bread\.\w+\(\s*"([A-Z_]+)"', source)
    assert len(read) >= len(table("parameter")) // 3
    assert [name for name in read if f"`{name}`" not in README] == []


def test_lists_every_right_with_its_actions() -> None:
    """The rights table names every statement of every role, with exactly its actions."""
    granted: dict[str, set[str]] = {}
    for statement in mappings(TEMPLATE["Resources"]):
        if "Effect" in statement:
            actions = statement["Action"]
            granted[statement["Sid"]] = {actions} if isinstance(actions, str) else set(actions)
    assert {row[0]: set(code(row[1])) for row in table("statement")} == granted


@pytest.mark.parametrize("failure", list(Failure))
def test_explains_every_failure(failure: Failure) -> None:
    """The first column of the troubleshooting table has each reason that the function can give."""
    assert failure in [reason for row in table("symptom or REASON") for reason in code(row[0])]


def test_names_only_targets_that_exist() -> None:
    """Each `make x` in a document is a target of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {
        name
        for document in DOCUMENTS
        for name in re.findall(r"(?:`|^)make ([a-z-]+)", document.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert {"demo", "test"} <= named
    assert named <= targets


def test_contributing_explains_every_target() -> None:
    """CONTRIBUTING.md has a line for each target that `make` prints."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    printed = re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE)
    assert [name for name in printed if f"`make {name}" not in CONTRIBUTING] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    """Each relative link names a file that is there, and each anchor a heading in it."""
    text = document.read_text(encoding="utf-8")
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path) if path else document
        if not target.exists():
            broken.append(link)
        elif anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            if anchor not in map(slug, headings):
                broken.append(link)
    assert broken == []


def test_names_only_events_and_tools_that_exist() -> None:
    """A path in code, such as `events/cw.json`, is there."""
    named = {
        path
        for document in (README, CONTRIBUTING)
        for path in re.findall(r"\b(?:events|tools|functions|tests|requirements)/[\w/.-]*\w", document)
    }
    assert "events/cw.json" in named
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_the_index_lists_every_decision() -> None:
    """docs/decisions/README.md links every record, and their numbers have no gap."""
    records = sorted(path.name for path in DECISIONS.glob("[0-9]*.md"))
    assert re.findall(r"\]\((\d[^)]+)\)", (DECISIONS / "README.md").read_text(encoding="utf-8")) == records
    assert [int(name[:4]) for name in records] == list(range(1, len(records) + 1))
