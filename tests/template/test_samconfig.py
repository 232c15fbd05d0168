"""samconfig.toml: every environment by itself has all that the commands need."""

import re
import shlex
import tomllib
from typing import Any

import pytest

from tests.template.resolve import ROOT, source

ENVIRONMENTS = ("default", "dev", "staging", "prod")


def config() -> dict[str, Any]:
    """The file's content, without its version."""
    with (ROOT / "samconfig.toml").open("rb") as file:
        return {name: section for name, section in tomllib.load(file).items() if name != "version"}


def overrides_of(environment: str) -> dict[str, str]:
    """The template's parameters that an environment sets."""
    text = config()[environment]["global"]["parameters"]["parameter_overrides"]
    return dict(word.split("=", 1) for word in shlex.split(text))


def test_there_are_four_environments() -> None:
    """And no more."""
    assert tuple(config()) == ENVIRONMENTS


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environment_says_everything_itself(environment: str) -> None:
    """No section inherits from another, so build, validate and deploy need no flags in any."""
    sections = {name: section["parameters"] for name, section in config()[environment].items()}
    assert sections.keys() >= {"global", "build", "validate", "deploy"}
    assert sections["validate"]["lint"] is True
    assert sections["deploy"]["capabilities"] == "CAPABILITY_IAM"
    assert sections["deploy"]["resolve_s3"] is True


def test_stacks_have_names_of_their_own() -> None:
    """One environment never overwrites another."""
    names = [config()[environment]["global"]["parameters"]["stack_name"] for environment in ENVIRONMENTS]
    assert len(set(names)) == 4


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environment_sets_parameters_of_the_template(environment: str) -> None:
    """Architecture among them, for the build reads it too; each value is one that the template takes."""
    overrides = overrides_of(environment)
    parameters = source()["Parameters"]
    required = {name for name, parameter in parameters.items() if "Default" not in parameter}
    assert overrides.keys() >= required | {"Architecture"}
    assert overrides.keys() <= parameters.keys()
    for name, value in overrides.items():
        allowed = parameters[name].get("AllowedValues")
        assert allowed is None or value in map(str, allowed)
        assert re.fullmatch(parameters[name].get("AllowedPattern", ".*"), value)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_parameters_stand_where_every_command_reads_them(environment: str) -> None:
    """In `global` and nowhere else, or build and deploy could differ."""
    sections = config()[environment]
    assert [name for name, section in sections.items() if "parameter_overrides" in section["parameters"]] == [
        "global"
    ]


def test_a_local_invocation_needs_no_flags() -> None:
    """The function is named, and so is the way to a listener on this machine."""
    local_invoke = config()["default"]["local_invoke"]["parameters"]
    assert local_invoke["function_logical_id"] in source()["Resources"]
    assert local_invoke["add_host"] == ["host.docker.internal:host-gateway"]


def test_nothing_reaches_prod_unread() -> None:
    """A change set is confirmed."""
    assert config()["prod"]["deploy"]["parameters"]["confirm_changeset"] is True


def test_there_are_no_secrets() -> None:
    """Neither a token nor a key, nor a URL with credentials."""
    text = (ROOT / "samconfig.toml").read_text(encoding="utf-8")
    assert not re.search(r"token\s*=|AKIA|aws_secret|password\s*=|://[^/\s]*@", text, re.IGNORECASE)
