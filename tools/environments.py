"""Makes a tool's own Python environment at its first use: no tool and no test needs another target first."""

import subprocess
from pathlib import Path

from tools import ROOT


class EnvironmentSetupError(Exception):
    """The environment could not be made; the message is what tools/setup wrote."""


def environment(name: str, requirements: str) -> Path:
    """The environment with a file's requirements; does nothing if it is up to date.

    Raises:
        EnvironmentSetupError: Python, uv or a package could not be installed.
    """
    done = subprocess.run(  # noqa: S603  # our own program
        [ROOT / "tools" / "setup", name, requirements], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        msg = f"tools/setup {name} failed:\n{done.stderr.strip()}"
        raise EnvironmentSetupError(msg)
    return ROOT / name


def supply_program(name: str) -> Path:
    """A program of the environment in which `make sbom` and `make vulnerabilities` run theirs.

    Raises:
        EnvironmentSetupError: the environment could not be made.
    """
    return environment(".venv-supply", "requirements/supply.txt") / "bin" / name
