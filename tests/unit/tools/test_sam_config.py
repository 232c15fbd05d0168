"""samconfig.toml, read and written with its comments."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samcli.cli.types import CfnParameterOverridesType  # type: ignore[import-untyped]  # SAM has no types

from tools.sam_config import (
    deploy_overrides,
    format_overrides,
    overrides_of,
    parse_overrides,
    stack_name,
    updated_section,
)

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "samconfig.toml").read_text(encoding="utf-8")


def test_writes_into_a_section_and_leaves_everything_else_as_it_is() -> None:
    """One line changes and one is added; the answers replace their parameters, and the others stay."""
    after, overrides = updated_section(
        TEXT, "prod", {"ClusterName": "blue", "SubnetIds": "subnet-1"}, "eu-central-1"
    )
    before_lines, after_lines = TEXT.splitlines(), after.splitlines()
    removed = [line for line in before_lines if line not in after_lines]
    added = [line for line in after_lines if line not in before_lines]
    assert (len(removed), added) == (1, [f'parameter_overrides = "{overrides}"', 'region = "eu-central-1"'])
    assert "Environment=prod" in overrides
    assert "ClusterName=blue" in overrides
    assert overrides.endswith("SubnetIds=subnet-1")
    assert re.findall("#.*", after) == re.findall("#.*", TEXT)


def test_makes_a_section_that_sam_can_deploy_by_itself() -> None:
    """No section inherits from another, so a new one has what the others have."""
    after, _ = updated_section(TEXT, "europe", {"ClusterName": "blue"}, "eu-central-1")
    made, known = tomllib.loads(after)["europe"], tomllib.loads(TEXT)["prod"]
    assert {name: set(made[name]["parameters"]) for name in made} == {
        name: set(known[name]["parameters"]) | ({"region"} if name == "deploy" else set()) for name in known
    }
    assert made["deploy"]["parameters"]["parameter_overrides"] == "Environment=prod ClusterName=blue"
    assert made["deploy"]["parameters"]["stack_name"] == "eks-log-forwarder-europe"
    assert made["deploy"]["parameters"]["confirm_changeset"] is True


def test_writing_the_same_answers_again_changes_nothing() -> None:
    """So a second run has nothing to ask."""
    once, _ = updated_section(TEXT, "dev", {"ClusterName": "blue"}, "eu-central-1")
    assert updated_section(once, "dev", {"ClusterName": "blue"}, "eu-central-1")[0] == once


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_example_values_are_never_deployed(environment: str, tmp_path: Path) -> None:
    """A URL and a secret that nobody has; beside them, the cluster is an example too."""
    path = tmp_path / "samconfig.toml"
    path.write_text(TEXT, encoding="utf-8")
    assert deploy_overrides(path, environment) == {"Environment": environment}
    after, _ = updated_section(TEXT, environment, {"ClusterName": "blue"}, "eu-central-1", "mine")
    parameters = tomllib.loads(after)[environment]["deploy"]["parameters"]
    assert parameters["parameter_overrides"] == f"Environment={environment} ClusterName=blue"
    assert parameters["stack_name"] == "mine"
    path.write_text(after, encoding="utf-8")
    assert deploy_overrides(path, environment) == {"Environment": environment, "ClusterName": "blue"}


def test_a_file_or_a_section_that_is_missing_has_no_parameters(tmp_path: Path) -> None:
    """As in a project without samconfig.toml."""
    assert deploy_overrides(tmp_path / "samconfig.toml", "prod") == {}


def test_starts_from_an_empty_file() -> None:
    """A samconfig.toml that was removed is written again."""
    after, _ = updated_section("version = 0.1\n", "default", {"ClusterName": "blue"}, "eu-central-1")
    assert tomllib.loads(after)["default"]["build"]["parameters"]["parallel"] is True


@pytest.mark.parametrize(
    "overrides", ['A=1 B="two words" C=', ["A=1", "B='two words'", "C="], "A=1 B=two\\ words C=''"]
)
def test_reads_both_forms_of_overrides(overrides: object) -> None:
    """A text, or a list of texts."""
    values = parse_overrides(overrides)
    assert {name: value.strip("'") for name, value in values.items()} == {"A": "1", "B": "two words", "C": ""}


@given(
    st.dictionaries(
        st.from_regex(r"\A[A-Z][A-Za-z]{0,9}\Z"), st.text("ab =,\"'./:?-", max_size=12), max_size=4
    )
)
def test_what_is_written_is_read_as_it_was(overrides: dict[str, str]) -> None:
    """Blanks, quotes and equals signs survive the way through a text."""
    assert parse_overrides(format_overrides(overrides)) == overrides


def test_sam_reads_what_is_written_as_it_was_meant() -> None:
    """SAM's own parser reads every value, also one with blanks."""
    overrides = {"SubnetIds": "subnet-1,subnet-2", "FilterPattern": "two words", "Redact": "on"}
    assert CfnParameterOverridesType().convert([format_overrides(overrides)], None, None) == overrides


@pytest.mark.parametrize(("environment", "name"), [("prod", "eks-log-forwarder-prod"), ("nowhere", "")])
def test_names_the_stack_of_a_section(environment: str, name: str) -> None:
    """An environment that is not there has none."""
    assert stack_name(ROOT / "samconfig.toml", environment) == name


def test_the_region_that_guided_saved_for_every_command_follows() -> None:
    """`sam deploy --guided` saves it twice, and a command must not use the other one."""
    text = '[prod.global.parameters]\nregion = "us-east-1"\n'
    after, _ = updated_section(text, "prod", {"ClusterName": "blue"}, "eu-central-1")
    prod = tomllib.loads(after)["prod"]
    assert {command: prod[command]["parameters"]["region"] for command in prod} == {
        "global": "eu-central-1",
        "deploy": "eu-central-1",
    }


def test_names_the_sections_that_set_parameters(tmp_path: Path) -> None:
    """With the parameters of each."""
    path = tmp_path / "samconfig.toml"
    path.write_text(
        'version = 0.1\n[a.deploy.parameters]\nparameter_overrides = "X=1 Y=2"\n[a.build.parameters]\n'
        'parallel = true\n[b.local_invoke.parameters]\nparameter_overrides = ["X=3"]\n',
        encoding="utf-8",
    )
    assert overrides_of(path) == {"a.deploy": {"X": "1", "Y": "2"}, "b.local_invoke": {"X": "3"}}
