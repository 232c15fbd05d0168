"""samconfig.toml: one place for the parameters of each environment, and what SAM itself makes of it."""

import re
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
from samcli.cli.types import CfnParameterOverridesType  # type: ignore[import-untyped]  # SAM has no types
from samcli.commands.deploy.guided_config import GuidedConfig  # type: ignore[import-untyped]  # see above
from samcli.lib.config.samconfig import SamConfig  # type: ignore[import-untyped]  # see above

from tests.template.resolve import ROOT, source
from tools.sam_config import parse_overrides, updated_section

ENVIRONMENTS = ("default", "dev", "staging", "prod")
CENTRAL = "central"  # of central.yaml
STACK_SETTINGS = {
    "parameter_overrides",
    "stack_name",
    "capabilities",
    "resolve_s3",
    "confirm_changeset",
    "tags",
}
TEXT = (ROOT / "samconfig.toml").read_text(encoding="utf-8")


def config() -> dict[str, Any]:
    """The file's content, without its version."""
    return {name: section for name, section in tomllib.loads(TEXT).items() if name != "version"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with samconfig.toml as it is committed."""
    (tmp_path / "samconfig.toml").write_text(TEXT, encoding="utf-8")
    return tmp_path


def deploy_reads(folder: Path, environment: str) -> dict[str, Any]:
    """What `sam deploy` reads, `parameter_overrides` parsed: SAM's own code."""
    found = dict(SamConfig(folder, "samconfig.toml").get_all(["deploy"], "parameters", env=environment))
    overrides = found.get("parameter_overrides")
    found["parameter_overrides"] = (
        CfnParameterOverridesType().convert([overrides], None, None) if overrides else {}
    )
    return found


def save(folder: Path, environment: str, answers: dict[str, str]) -> None:
    """What `sam deploy --guided` does at "Save arguments to configuration file: y": SAM's own code."""
    deploy = click.Command("deploy")
    with click.Context(deploy, info_name="deploy", parent=click.Context(click.Group("sam"), info_name="sam")):
        GuidedConfig(template_file=str(folder / "template.yaml"), section="parameters").save_config(
            {name: {"Value": value, "Hidden": False} for name, value in answers.items()},
            config_env=environment,
            config_file="samconfig.toml",
            stack_name="mine",
            s3_prefix="mine",
            region="eu-central-1",
            confirm_changeset=False,
            capabilities=("CAPABILITY_IAM",),
            disable_rollback=False,
        )


def test_there_are_four_environments_and_a_central_account() -> None:
    """And no more."""
    assert tuple(config()) == (*ENVIRONMENTS, CENTRAL)


def test_the_central_section_needs_no_flags_either(folder: Path) -> None:
    """It names its template for each command; neither template is deployed for the other."""
    sections = {name: section["parameters"] for name, section in config()[CENTRAL].items()}
    assert sections["build"] == {
        "template_file": "central.yaml",
        "build_dir": ".aws-sam/central",
        "parallel": True,
    }
    assert sections["validate"] == {"template_file": "central.yaml", "lint": True}
    read = deploy_reads(folder, CENTRAL)
    assert read["template_file"] == f"{sections['build']['build_dir']}/template.yaml"
    assert sections["deploy"].keys() == STACK_SETTINGS | {"template_file"}
    assert (read["capabilities"], read["resolve_s3"], read["confirm_changeset"]) == (
        "CAPABILITY_IAM",
        True,
        True,
    )
    assert read["parameter_overrides"].keys() <= source("central.yaml")["Parameters"].keys()
    assert {"OrganizationId", "DestinationUrl"} <= read["parameter_overrides"].keys()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environment_needs_no_flags(environment: str) -> None:
    """No section inherits from another, so each has what build, validate and deploy need."""
    sections = {name: section["parameters"] for name, section in config()[environment].items()}
    assert sections.keys() - {"local_invoke"} == {"build", "validate", "deploy"}
    assert sections["build"] == {"parallel": True}
    assert sections["validate"] == {"lint": True}
    assert sections["deploy"]["capabilities"] == "CAPABILITY_IAM"
    assert sections["deploy"]["resolve_s3"] is True


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_settings_of_a_stack_are_in_the_deploy_section_alone(environment: str) -> None:
    """Where `sam deploy --guided` saves its answers; only `sam local invoke` has parameters of its own."""
    sections = config()[environment]
    elsewhere = {
        (name, key)
        for name, section in sections.items()
        for key in section["parameters"].keys() & STACK_SETTINGS
        if name != "deploy"
    }
    assert elsewhere == ({("local_invoke", "parameter_overrides")} if environment == "default" else set())
    assert STACK_SETTINGS - sections["deploy"]["parameters"].keys() == (
        {"parameter_overrides"} if environment == "default" else set()
    )


def test_stacks_have_different_names() -> None:
    """One environment never overwrites another; with `-forward` a name has at most 64 characters."""
    names = {section["deploy"]["parameters"]["stack_name"] for section in config().values()}
    assert len(names) == 5
    assert max(len(f"{name}-forward") for name in names) <= 64


@pytest.mark.parametrize("environment", ENVIRONMENTS[1:])
def test_an_environment_uses_its_own_column_of_the_table(environment: str) -> None:
    """And sets both parameters that have no default."""
    overrides = parse_overrides(config()[environment]["deploy"]["parameters"]["parameter_overrides"])
    assert overrides["Environment"] == environment
    assert overrides.keys() >= {"ClusterName", "DestinationUrl"}


def test_the_local_values_never_reach_a_deploy(folder: Path) -> None:
    """The demo's URL and cluster are read by `sam local invoke` alone."""
    local = SamConfig(folder, "samconfig.toml").get_all(["local", "invoke"], "parameters")
    assert local["parameter_overrides"].split()[0] == "ClusterName=demo"
    assert "host.docker.internal" in local["parameter_overrides"]
    assert local["function_logical_id"] in source()["Resources"]
    assert local["add_host"] == ["host.docker.internal:host-gateway"]
    for environment in ENVIRONMENTS:
        assert "host.docker.internal" not in repr(deploy_reads(folder, environment))
    assert deploy_reads(folder, "default")["parameter_overrides"] == {}


def test_only_prod_confirms_a_change_set() -> None:
    """Enter at that question means no, so elsewhere it would deploy nothing."""
    confirmed = {name: config()[name]["deploy"]["parameters"]["confirm_changeset"] for name in ENVIRONMENTS}
    assert confirmed == {"default": False, "dev": False, "staging": False, "prod": True}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_guided_saves_is_the_one_line_that_is_read(folder: Path, environment: str) -> None:
    """One `parameter_overrides` for the deploy, before and after, and a deploy reads the answers."""
    save(folder, environment, {"ClusterName": "blue", "DestinationUrl": "https://new.example/x"})
    saved = tomllib.loads((folder / "samconfig.toml").read_text(encoding="utf-8"))[environment]
    holding = [name for name, section in saved.items() if "parameter_overrides" in section["parameters"]]
    assert [name for name in holding if name != "local_invoke"] == ["deploy"]
    read = deploy_reads(folder, environment)
    assert read["parameter_overrides"] == {"ClusterName": "blue", "DestinationUrl": "https://new.example/x"}
    assert (read["stack_name"], read["region"]) == ("mine", "eu-central-1")
    assert read["confirm_changeset"] is (environment == "prod")
    written = (folder / "samconfig.toml").read_text(encoding="utf-8")
    assert re.findall("# .*", written) == re.findall("# .*", TEXT)


def test_a_value_changed_after_guided_is_what_the_next_deploy_uses(folder: Path) -> None:
    """By hand, or by `make discover`; and what discover wrote is what `--guided` changes."""
    path = folder / "samconfig.toml"
    save(folder, "default", {"ClusterName": "blue", "DestinationUrl": "https://old.example/x"})
    changed, _ = updated_section(
        path.read_text(encoding="utf-8"), "default", {"DestinationUrl": "https://new.example/x"}, "us-east-1"
    )
    path.write_text(changed, encoding="utf-8")
    read = deploy_reads(folder, "default")
    assert read["parameter_overrides"] == {"ClusterName": "blue", "DestinationUrl": "https://new.example/x"}
    assert read["region"] == "us-east-1"
    save(folder, "default", read["parameter_overrides"] | {"AuditPolicy": "quiet"})
    read = deploy_reads(folder, "default")
    assert read["parameter_overrides"] == {
        "ClusterName": "blue",
        "DestinationUrl": "https://new.example/x",
        "AuditPolicy": "quiet",
    }
    assert read["region"] == "eu-central-1"


def test_there_are_no_secrets() -> None:
    """Neither a token nor a key, nor a URL with credentials."""
    assert not re.search(r"token\s*=|AKIA|aws_secret|password\s*=|://[^/\s]*@", TEXT, re.IGNORECASE)
