"""Reads and writes the sections of samconfig.toml, and keeps its comments."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import Table

_NEEDS_QUOTES = re.compile(r"[\s'\"\\]")


def stack_name(path: Path, environment: str) -> str:
    """The stack's name in an environment's section, or the empty text."""
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    return str(_global_parameters(document, environment).get("stack_name", ""))


def parse_overrides(overrides: object) -> dict[str, str]:
    """`parameter_overrides` in either of SAM's two forms: a text `A=1 B=2`, or a list of such texts."""
    pairs = shlex.split(overrides) if isinstance(overrides, str) else [str(pair) for pair in overrides or []]  # type: ignore[attr-defined]  # TOML knows no third form
    return dict(pair.partition("=")[::2] for pair in pairs)


def format_overrides(overrides: Mapping[str, str]) -> str:
    """The text form, quoted as SAM reads it."""
    return " ".join(f"{name}={_quoted(value)}" for name, value in overrides.items())


def updated_section(text: str, environment: str, answers: Mapping[str, str], region: str) -> tuple[str, str]:
    """The text of samconfig.toml with an environment's answers in it; its other parameters stay.

    Args:
        text: samconfig.toml as it is.
        environment: a section's name; a section that is not there is made with all that a deploy needs.
        answers: the template's parameters to set.
        region: the cluster's region, which the section then deploys to.

    Returns:
        The new text of the file, and the new `parameter_overrides` by itself.
    """
    document = tomlkit.parse(text)
    if environment not in document:
        document[environment] = _new_section(environment)
    parameters = _global_parameters(document, environment)
    overrides = format_overrides(parse_overrides(parameters.get("parameter_overrides", "")) | dict(answers))
    parameters["parameter_overrides"] = overrides
    deploy = document[environment].setdefault("deploy", tomlkit.table())
    deploy.setdefault("parameters", tomlkit.table())["region"] = region
    return tomlkit.dumps(document), overrides


def _global_parameters(document: Mapping[str, Any], environment: str) -> Table:
    section = document.get(environment, {})
    found: Table = section.get("global", {}).get("parameters", tomlkit.table())
    return found


def _new_section(environment: str) -> Table:
    """Like the existing sections: no section inherits from another."""
    settings: dict[str, dict[str, object]] = {
        "global": {
            "stack_name": f"eks-log-forwarder-{environment}",
            "parameter_overrides": format_overrides({"Environment": environment, "Architecture": "arm64"}),
        },
        "build": {"parallel": True},
        "validate": {"lint": True},
        "deploy": {
            "capabilities": "CAPABILITY_IAM",
            "resolve_s3": True,
            "confirm_changeset": True,
            "tags": f"application=eks-log-forwarder environment={environment}",
        },
    }
    section = tomlkit.table(is_super_table=True)
    for command, parameters in settings.items():
        inner = tomlkit.table()
        for name, value in parameters.items():
            inner.add(name, value)
        outer = tomlkit.table(is_super_table=True)
        outer.add("parameters", inner)
        section.add(command, outer)
    return section


def _quoted(value: str) -> str:
    if value and not _NEEDS_QUOTES.search(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
