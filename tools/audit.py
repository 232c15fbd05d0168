"""`make audit`: known vulnerabilities of what is pinned, by OSV's database.

Exit status: 0 when every pinned package was looked up and none is vulnerable, 1 when one is, 2 when the
database could not be asked about all of them: then nothing is known.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.environments import ROOT, EnvironmentSetupError, supply_program

_TIMEOUT_SECONDS = 600


class AuditError(Exception):
    """The database could not be asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """A known vulnerability of a pinned package; `fixed_in` is empty where no version mends it."""

    package: str
    version: str
    id: str
    fixed_in: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What is known of one requirements file: how many packages were looked up, and what was found."""

    looked_up: int
    vulnerabilities: tuple[Vulnerability, ...]


def audit(requirements: Path, database: Sequence[str] = ()) -> Result:
    """Looks every pinned package up.

    Args:
        requirements: a file whose every line is pinned with its hash.
        database: options of pip-audit that name another database than OSV's own.

    Raises:
        AuditError: the database cannot be reached, or did not answer for a package.
    """
    try:
        program = supply_program("pip-audit")
    except EnvironmentSetupError as error:
        raise AuditError(str(error)) from error
    command = [
        *(str(program), "--requirement", str(requirements), "--require-hashes", "--disable-pip"),
        *("--vulnerability-service", "osv", *database, "--format", "json", "--progress-spinner", "off"),
    ]
    try:
        done = subprocess.run(  # noqa: S603  # our own program
            command, cwd=ROOT, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        msg = f"the database did not answer within {_TIMEOUT_SECONDS} s"
        raise AuditError(msg) from error
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        # pip-audit ends with 1 for a vulnerability and for a failure alike; only the first prints a result
        last_line = (done.stderr.strip().splitlines() or ["pip-audit printed nothing"])[-1]
        raise AuditError(last_line) from error
    dependencies = answer["dependencies"]
    if skipped := [found["name"] for found in dependencies if "skip_reason" in found]:
        msg = f"the database did not answer for {', '.join(skipped)}"
        raise AuditError(msg)
    found = tuple(
        Vulnerability(dependency["name"], dependency["version"], known["id"], tuple(known["fix_versions"]))
        for dependency in dependencies
        for known in dependency["vulns"]
    )
    return Result(len(dependencies), found)


def _pinned_files() -> list[str]:
    """What is deployed first, then what builds and tests it."""
    tools = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("requirements/*.txt"))
    return ["functions/requirements.txt", *tools]


def main(arguments: list[str]) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="make audit", description=__doc__)
    parser.add_argument("requirements", nargs="*", help="files to look up; else every pinned one")
    parser.add_argument("--osv-url", help="another database that answers as OSV does, such as a mirror")
    options = parser.parse_args(arguments)
    status = 0
    for name in options.requirements or _pinned_files():
        try:
            result = audit(ROOT / name, ["--osv-url", options.osv_url] if options.osv_url else [])
        except AuditError as error:
            print(f"audit: {name} was NOT checked: {error}", file=sys.stderr)
            return 2
        print(f"{name}: {result.looked_up} packages looked up, {len(result.vulnerabilities)} vulnerabilities")
        for found in result.vulnerabilities:
            mended = f"mended in {', '.join(found.fixed_in)}" if found.fixed_in else "not mended yet"
            print(f"  {found.package} {found.version}: {found.id}, {mended}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
