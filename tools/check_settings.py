"""Checks the parameters in samconfig.toml before a deploy, with the code that would read them.

A value such as `AuditPolicy=quite` passes CloudFormation and would fail at the first event. This check
tries the `parameter_overrides` of every section on the template's patterns and rules, the settings, the audit
policy and the detection rules. Exit status: 0 if all would work, else 1.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from eks_log_forwarder.config.settings import Settings
from eks_log_forwarder.errors import ForwarderError
from eks_log_forwarder.wiring import build_forwarder
from tests.template.resolve import Json, resolve, source, transformed
from tools import ROOT
from tools.sam_config import overrides_of, template_of


def faults(overrides: Mapping[str, str], template: str = "template.yaml") -> Iterator[str]:
    """What is wrong with the parameters of one stack."""
    parameters = source(template)["Parameters"]
    unknown = sorted(overrides.keys() - parameters.keys())
    required = [name for name, body in parameters.items() if "Default" not in body and name not in overrides]
    yield from (f"{name} is not a parameter of {template}" for name in unknown)
    yield from (f"{name} has no value" for name in required)
    invalid = [
        name
        for name in overrides
        if name in parameters and not _is_allowed(parameters[name], overrides[name])
    ]
    for name in invalid:
        yield f"{name}: {parameters[name].get('ConstraintDescription', _choices(parameters[name]))}"
    if unknown or required or invalid:
        return
    stack = resolve(transformed(template), overrides)
    for name, holds in stack["Rules"].items():
        if not holds:
            yield str(source(template)["Rules"][name]["Assertions"][0]["AssertDescription"])
    variables = stack["Resources"]["RedriveFunction"]["Properties"]["Environment"]["Variables"]
    try:
        build_forwarder(Settings.from_environ({name: str(value) for name, value in variables.items()}))
    except (ForwarderError, ValueError) as error:
        yield " ".join(str(error).split())


def _is_allowed(parameter: Json, value: str) -> bool:
    pattern = parameter.get("AllowedPattern", r"[\s\S]*")
    each = value.split(",") if parameter["Type"] == "CommaDelimitedList" else [value]
    return value in map(str, parameter.get("AllowedValues", [value])) and all(
        re.fullmatch(pattern, item) for item in each
    )


def _choices(parameter: Json) -> str:
    return f"choose one of {', '.join(map(str, parameter.get('AllowedValues', [])))}."


def main(path: Path = ROOT / "samconfig.toml") -> int:
    """Prints every fault with its section; returns the exit status."""
    found = [
        f"{path.name}, [{section}.parameters]: {fault}"
        for section, overrides in overrides_of(path).items()
        for fault in faults(overrides, template_of(path, section.partition(".")[0]))
    ]
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
