"""The documentation says what is there: parameters, variables, rights, targets, files and failures."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jmespath  # type: ignore[import-untyped]  # it has no stubs
import pytest
import yaml

from eks_log_forwarder.delivery.circuit_breaker import CIRCUIT_OPEN
from eks_log_forwarder.delivery.delivery import MAX_REQUESTS_PER_BATCH
from eks_log_forwarder.delivery.leftover import NOT_ENCODABLE, NOT_NARROWED, REFUSED_ALL, UNEXPECTED_ERROR
from eks_log_forwarder.parking.messages import PAYLOAD_INVALID
from eks_log_forwarder.telemetry.publishing import NAMESPACE
from eks_log_forwarder.transport.failures import Failure

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PARAMETERS = (ROOT / "docs" / "parameters.md").read_text(encoding="utf-8")
NETWORK = (ROOT / "docs" / "network.md").read_text(encoding="utf-8")
RIGHTS = (ROOT / "docs" / "rights.md").read_text(encoding="utf-8")
MONITORING = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
TROUBLESHOOTING = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
DECISIONS = ROOT / "docs" / "decisions"
PACKAGE = ROOT / "functions" / "eks_log_forwarder"
DOCUMENTS = sorted(
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("events/*.md")]
    if path.is_file()
)
QUERY = re.compile(r"--query '([^']+)'")
QUERYING = [document for document in DOCUMENTS if QUERY.search(document.read_text(encoding="utf-8"))]


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


def _template(name: str) -> dict[str, Any]:
    template: dict[str, Any] = TemplateLoader((ROOT / name).read_text(encoding="utf-8")).get_single_data()
    return template


TEMPLATE = _template("template.yaml")
NETWORK_TEMPLATE = _template("network.yaml")
FUNCTIONS = [
    body["Properties"]
    for body in TEMPLATE["Resources"].values()
    if body["Type"] == "AWS::Serverless::Function"
]


def table(page: str, first_heading: str) -> list[list[str]]:
    """The cells of the page's table whose first column has this heading."""
    _, _, rest = page.partition(f"\n| {first_heading} |")
    rows = []
    for line in rest.splitlines()[2:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip()[1:-1].split("|")])
    return rows


def code(cell: str) -> list[str]:
    """The words in backticks."""
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
    """A parameter's default as docs/parameters.md writes it."""
    if "Default" not in parameter:
        return "required"
    return f"`{parameter['Default']}`" if parameter["Default"] != "" else "empty"


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def test_lists_every_parameter_with_its_default_in_the_template_s_order() -> None:
    """The parameter table and template.yaml agree on names, defaults and order."""
    documented = [(row[0], row[2]) for row in table(PARAMETERS, "parameter")]
    assert documented == [(name, shown_default(body)) for name, body in TEMPLATE["Parameters"].items()]


def test_names_the_variable_that_each_parameter_becomes() -> None:
    """The second column is the variable to which the template gives the parameter, or empty."""
    becomes = {value["!Ref"]: name for name, value in variables().items() if "!Ref" in value}
    documented = {row[0]: code(row[1]) for row in table(PARAMETERS, "parameter")}
    assert documented == {name: [becomes[name]] if name in becomes else [] for name in TEMPLATE["Parameters"]}


def test_lists_every_row_of_the_environments_table() -> None:
    """The second table has the rows of the mapping with the values of dev, staging and prod, in order."""
    columns = TEMPLATE["Mappings"]["Environment"]
    documented = {
        row[0]: [value for cell in row[1:4] for value in code(cell)] for row in table(PARAMETERS, "row")
    }
    mapped = {name: [str(column[name]) for column in columns.values()] for name in columns["dev"]}
    assert list(columns) == ["dev", "staging", "prod"]
    assert list(documented.items()) == list(mapped.items())


def test_lists_every_literal_with_its_value() -> None:
    """The third table has the variables whose values are numbers in the template."""
    documented = {code(row[0])[0]: code(row[1])[0] for row in table(PARAMETERS, "variable | value | meaning")}
    numbers = {name: value for name, value in variables().items() if re.fullmatch(r"\d+", str(value))}
    assert documented == numbers


def test_lists_every_parameter_of_the_network() -> None:
    """The table of docs/network.md and network.yaml agree on names, defaults and order."""
    documented = [(row[0], row[1]) for row in table(NETWORK, "parameter of network.yaml")]
    assert documented == [
        (name, shown_default(body)) for name, body in NETWORK_TEMPLATE["Parameters"].items()
    ]


@pytest.mark.parametrize("variable", sorted(variables()))
def test_documents_every_environment_variable(variable: str) -> None:
    """docs/parameters.md names each variable that the template sets."""
    assert f"`{variable}`" in PARAMETERS


def test_documents_every_variable_that_the_settings_read() -> None:
    """docs/parameters.md names each variable that the settings read."""
    sources = [path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*settings.py")]
    read = [name for source in sources for name in re.findall(r'\bread\.\w+\(\s*"([A-Z_]+)"', source)]
    assert len(read) >= 20
    assert [name for name in read if f"`{name}`" not in PARAMETERS] == []


def test_lists_every_right_with_its_actions() -> None:
    """The rights table names every statement of both templates, with exactly its actions."""
    granted: dict[str, set[str]] = {}
    for statement in mappings([TEMPLATE["Resources"], NETWORK_TEMPLATE["Resources"]]):
        if "Effect" in statement:
            actions = statement["Action"]
            granted[statement["Sid"]] = {actions} if isinstance(actions, str) else set(actions)
    assert {row[0]: set(code(row[1])) for row in table(RIGHTS, "statement")} == granted


def test_lists_every_metric() -> None:
    """docs/monitoring.md names each metric that publishing.py publishes, and no other."""
    source = (PACKAGE / "telemetry" / "publishing.py").read_text(encoding="utf-8")
    published = set(re.findall(r'"([A-Z][a-z]+[A-Z]\w+|Detections)"', source)) - {NAMESPACE}
    assert {name for row in table(MONITORING, "metric") for name in code(row[0])} == published


def test_explains_every_further_field_of_the_summary() -> None:
    """docs/monitoring.md names each field of the summary that is not a metric."""
    source = (PACKAGE / "telemetry" / "publishing.py").read_text(encoding="utf-8")
    fields = set(re.findall(r'^        "([a-z_]+)": (?:len\()?tally\.', source, re.MULTILINE))
    assert fields == {"reasons", "details", "rejected_unidentified", "split", "detections"}
    assert fields <= {name for row in table(MONITORING, "field") for name in code(row[0])}


def test_lists_every_alarm() -> None:
    """docs/monitoring.md has each alarm of the template in one row."""
    alarms = [name for name in TEMPLATE["Resources"] if name.endswith("Alarm")]
    listed = [name for row in table(MONITORING, "alarm") for name in re.findall(r"\w+Alarm\b", row[0])]
    assert sorted(listed) == sorted(alarms)


@pytest.mark.parametrize(
    "reason",
    [*Failure, CIRCUIT_OPEN, NOT_ENCODABLE, NOT_NARROWED, REFUSED_ALL, UNEXPECTED_ERROR, PAYLOAD_INVALID],
)
def test_explains_every_reason(reason: str) -> None:
    """The first column of the table of reasons has each one that a function can give."""
    assert reason in [name for row in table(TROUBLESHOOTING, "reason") for name in code(row[0])]


def test_explains_how_many_requests_a_batch_gets() -> None:
    """The row of `not_narrowed` names the number that is used up."""
    (row,) = [row for row in table(TROUBLESHOOTING, "reason") if code(row[0]) == [NOT_NARROWED]]
    assert f"its {MAX_REQUESTS_PER_BATCH} requests" in row[1]


def test_names_only_targets_that_exist() -> None:
    """Each `make x` in a document is a target of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {
        name
        for document in DOCUMENTS
        if document.name != "CHANGELOG.md"  # names former targets too
        for name in re.findall(r"(?:`|^)make ([a-z-]+)", document.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert {"demo", "test"} <= named
    assert named <= targets


def test_contributing_explains_every_target() -> None:
    """CONTRIBUTING.md has a line for each target that `make` prints."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    printed = re.findall(r"^([a-z-]+):.*#[#:] ", makefile, re.MULTILINE)
    assert len(printed) > 20
    assert [name for name in printed if f"`make {name}" not in CONTRIBUTING] == []


def test_make_lists_at_most_fourteen_targets_for_users() -> None:
    """They come first; the others follow under a heading."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert 5 <= len(re.findall(r"^[a-z-]+:.*## ", makefile, re.MULTILINE)) <= 10


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


def test_names_only_files_that_exist() -> None:
    """A path in a document, such as `events/cw.json`, exists."""
    named = {
        path
        for document in DOCUMENTS
        for path in re.findall(
            r"[`( ](?:\.\./)*((?:events|tools|functions|tests|requirements)/(?!s\b)[\w/.-]*\w)",
            document.read_text(encoding="utf-8"),
        )
    }
    assert "events/cw.json" in named
    shipped = [path for path in sorted(named) if not path.startswith("functions/detections/own/")]
    assert [path for path in shipped if not (ROOT / path).exists()] == []


def test_names_only_modules_that_exist() -> None:
    """A module in a document, such as `transport/client.py`, exists in the sources."""
    modules = [
        f"/{path.relative_to(ROOT).as_posix()}"
        for top in ("functions", "tools", "benchmarks", "tests")
        for path in (ROOT / top).rglob("*.py")
    ]
    named = {
        (document.name, path)
        for document in DOCUMENTS
        if document.name != "CHANGELOG.md"  # names former modules too
        for path in re.findall(r"(?:\.\./)*\b([\w/]+\.py)\b", document.read_text(encoding="utf-8"))
    }
    assert len(named) >= 10
    assert [(page, path) for page, path in sorted(named) if not _ends_one(modules, f"/{path}")] == []


def _ends_one(modules: list[str], path: str) -> bool:
    return any(module.endswith(path) for module in modules)


def test_the_readme_is_short() -> None:
    """It holds what most readers need; the rest is in docs/."""
    assert len(README.splitlines()) <= 280


@pytest.mark.parametrize("document", QUERYING, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_query_is_jmespath(document: Path) -> None:
    """The argument of each `--query` compiles."""
    for query in QUERY.findall(document.read_text(encoding="utf-8")):
        assert jmespath.compile(query).parsed["type"]


def test_the_route_table_query_separates_subnets() -> None:
    """Two subnets of one route table are two words; a table without subnets has none."""
    network = (ROOT / "docs" / "network.md").read_text(encoding="utf-8")
    (query,) = [query for query in QUERY.findall(network) if query.startswith("RouteTables")]
    default = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"}
    tables = [
        {"Associations": [{"SubnetId": "subnet-1"}, {"SubnetId": "subnet-2"}], "Routes": [default]},
        {"Associations": [{"Main": True}], "Routes": []},
    ]
    assert jmespath.search(query, {"RouteTables": tables}) == [
        {"Subnets": "subnet-1, subnet-2", "Main": 0, "Default": "igw-1"},
        {"Subnets": "", "Main": 1, "Default": None},
    ]


def test_the_index_lists_every_decision() -> None:
    """docs/decisions/README.md links every record, and their numbers have no gap."""
    records = sorted(path.name for path in DECISIONS.glob("[0-9]*.md"))
    assert re.findall(r"\]\((\d[^)]+)\)", (DECISIONS / "README.md").read_text(encoding="utf-8")) == records
    assert [int(name[:4]) for name in records] == list(range(1, len(records) + 1))
