"""Reads and writes the deploy sections of samconfig.toml; keeps its comments."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import Table

# The committed samconfig.toml has URLs of example.internal and secrets of the account of AWS's documentation.
_EXAMPLE = re.compile(r"\.example\.internal\b|:111122223333:")
_NEEDS_QUOTES = re.compile(r"[\s'\"\\]")
# Like the existing sections: no section inherits from another.
_NEW_SECTION = """
[{environment}.build.parameters]
parallel = true
[{environment}.validate.parameters]
lint = true
[{environment}.deploy.parameters]
stack_name = "eks-log-forwarder-{environment}"
parameter_overrides = "Environment={column}"
capabilities = "CAPABILITY_IAM"
resolve_s3 = true
confirm_changeset = true
tags = "application=eks-log-forwarder environment={environment}"
"""


def stack_name(path: Path, environment: str) -> str:
    """The stack's name in an environment's deploy section, or an empty string."""
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    return str(_parameters(document, environment, "deploy").get("stack_name", ""))


def template_of(path: Path, environment: str) -> str:
    """The template that an environment's build section names; SAM's default is template.yaml."""
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    return str(_parameters(document, environment, "build").get("template_file", "template.yaml"))


def overrides_of(path: Path) -> dict[str, dict[str, str]]:
    """The template's parameters by the section that sets them, such as `prod.deploy`."""
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    return {
        f"{environment}.{command}": parse_overrides(section["parameters"]["parameter_overrides"])
        for environment, sections in document.items()
        if isinstance(sections, Mapping)
        for command, section in sections.items()
        if "parameter_overrides" in section.get("parameters", {})
    }


def parse_overrides(overrides: object) -> dict[str, str]:
    """Parses `parameter_overrides` in either form of SAM: a string `A=1 B=2`, or a list of strings."""
    pairs = shlex.split(overrides) if isinstance(overrides, str) else [str(pair) for pair in overrides or []]  # type: ignore[attr-defined]  # there is no third form
    return dict(pair.partition("=")[::2] for pair in pairs)


def format_overrides(overrides: Mapping[str, str]) -> str:
    """The string form, quoted as SAM reads it."""
    return " ".join(f"{name}={_quoted(value)}" for name, value in overrides.items())


def _without_examples(overrides: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in overrides.items() if not _EXAMPLE.search(value)}


def deploy_overrides(path: Path, environment: str) -> dict[str, str]:
    """The user's parameters of an environment's deploy section; beside an example, the cluster is one too."""
    document = tomlkit.parse(path.read_text(encoding="utf-8")) if path.exists() else {}
    overrides = parse_overrides(_parameters(document, environment, "deploy").get("parameter_overrides", ""))
    own = _without_examples(overrides)
    if len(own) < len(overrides):
        own.pop("ClusterName", None)
    return own


def updated_section(
    text: str, environment: str, answers: Mapping[str, str], region: str, stack: str = ""
) -> tuple[str, str]:
    """Sets an environment's deploy parameters in the text of samconfig.toml; other parameters stay.

    Examples are removed.

    Args:
        text: the file's text.
        environment: the section; a missing one is created with everything that a deploy needs.
        answers: the template's parameters to set.
        region: the region to deploy to.
        stack: the stack's name; empty leaves it as it is.

    Returns:
        The new text of the file, and the new `parameter_overrides`.
    """
    if environment not in tomlkit.parse(text):
        column = environment if environment in {"dev", "staging"} else "prod"
        text += _NEW_SECTION.format(environment=environment, column=column)
    document = tomlkit.parse(text)
    deploy = document[environment].setdefault("deploy", tomlkit.table())
    parameters = deploy.setdefault("parameters", tomlkit.table())
    before = _without_examples(parse_overrides(parameters.get("parameter_overrides", "")))
    overrides = format_overrides(before | dict(answers))
    parameters["parameter_overrides"] = overrides
    parameters["region"] = region
    if stack:
        parameters["stack_name"] = stack
    every_command = _parameters(document, environment, "global")
    if "region" in every_command:  # `sam deploy --guided` saves it there as well
        every_command["region"] = region
    return tomlkit.dumps(document), overrides


def _parameters(document: Mapping[str, Any], environment: str, command: str) -> Table:
    section = document.get(environment, {})
    found: Table = section.get(command, {}).get("parameters", tomlkit.table())
    return found


def _quoted(value: str) -> str:
    if value and not _NEEDS_QUOTES.search(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
