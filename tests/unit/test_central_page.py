"""docs/central.md says what central.yaml adds to template.yaml: parameters, rows, alarms and rights."""

import re

from tests.unit.test_documentation import (
    ROOT,
    TemplateLoader,
    _template,
    code,
    mappings,
    shown_default,
    table,
)

PAGE = (ROOT / "docs" / "central.md").read_text(encoding="utf-8")
CENTRAL, FORWARDER = _template("central.yaml"), _template("template.yaml")


def added(section: str) -> list[str]:
    """The names of a section that template.yaml does not have, in the template's order."""
    return [name for name in CENTRAL[section] if name not in FORWARDER[section]]


def test_lists_every_further_parameter_with_its_default() -> None:
    """The others are those of docs/parameters.md."""
    documented = [(row[0], row[1]) for row in table(PAGE, "parameter of central.yaml")]
    parameters = CENTRAL["Parameters"]
    assert documented == [(name, shown_default(parameters[name])) for name in added("Parameters")]


def test_lists_every_further_row_of_the_environments_table() -> None:
    """With the values of dev, staging and prod."""
    columns = CENTRAL["Mappings"]["Environment"]
    known = FORWARDER["Mappings"]["Environment"]["dev"]
    documented = {
        row[0]: [value for cell in row[1:4] for value in code(cell)]
        for row in table(PAGE, "row of central.yaml")
    }
    assert documented == {
        name: [str(column[name]) for column in columns.values()]
        for name in columns["dev"]
        if name not in known
    }


def test_lists_every_further_alarm_and_names_what_is_left_out() -> None:
    """Alarms that both templates have are in docs/monitoring.md."""
    listed = [
        name for row in table(PAGE, "alarm of central.yaml") for name in re.findall(r"\w+Alarm\b", row[0])
    ]
    assert sorted(listed) == sorted(name for name in added("Resources") if name.endswith("Alarm"))


def test_lists_every_further_right_with_its_actions() -> None:
    """Each statement of a role that template.yaml does not have, with exactly its actions."""

    def granted(resources: object) -> dict[str, set[str]]:
        found = {}
        for statement in mappings(resources):
            if "Effect" in statement:
                actions = statement["Action"]
                found[statement["Sid"]] = {actions} if isinstance(actions, str) else set(actions)
        return found

    known = granted(FORWARDER["Resources"])
    further = {sid: actions for sid, actions in granted(CENTRAL["Resources"]).items() if sid not in known}
    documented = {row[0]: set(code(row[1])) for row in table(PAGE, "statement of central.yaml")}
    assert documented == further


def test_the_role_of_a_sending_account_is_a_template_that_cloudformation_takes() -> None:
    """Every filter of a StackSet names it by its name, which is the same in all accounts."""
    text = re.search(r"<<'EOF'\n(.*?)\nEOF\n", PAGE, re.DOTALL)
    assert text is not None
    template = TemplateLoader(text[1]).get_single_data()
    (role,) = template["Resources"].values()
    allowed = [one["Action"] for one in mappings(role) if "Effect" in one]
    assert sorted(allowed) == ["logs:PutLogEvents", "sts:AssumeRole"]
    named = re.findall(r"FilterRoleName(?:=|,ParameterValue=)([\w-]+)", PAGE)
    assert named == [role["Properties"]["RoleName"]] * 2
