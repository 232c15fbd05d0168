"""`make vulnerabilities`: known vulnerabilities of the pinned packages, from the OSV database.

Exit status: 0 if every pinned package was looked up and none is vulnerable, 1 if one is, 2 if the database
did not answer for all of them.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tools import ROOT
from tools.environments import EnvironmentSetupError, supply_program

_TIMEOUT_SECONDS = 600


class LookUpError(Exception):
    """The database did not answer; the message says why."""


class Vulnerability(NamedTuple):
    """A known vulnerability of a pinned package; `fixed_in` is empty if no version fixes it."""

    package: str
    version: str
    id: str
    fixed_in: tuple[str, ...]


def look_up(requirements: Path, database: Sequence[str] = ()) -> tuple[int, list[Vulnerability]]:
    """Looks up every pinned package; returns their number and the vulnerabilities.

    Args:
        requirements: a file in which every package is pinned with its hash.
        database: options of pip-audit that name another database than OSV's own.

    Raises:
        LookUpError: the database cannot be reached, or did not answer for a package.
    """
    try:
        program = supply_program("pip-audit")
    except EnvironmentSetupError as error:
        raise LookUpError(str(error)) from error
    command = [
        *(str(program), "--requirement", str(requirements), "--require-hashes", "--disable-pip"),
        *("--vulnerability-service", "osv", *database, "--format", "json", "--progress-spinner", "off"),
    ]
    try:
        done = subprocess.run(  # noqa: S603  # our own program
            command, cwd=ROOT, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
        )
        dependencies = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired as error:
        msg = f"the database did not answer within {_TIMEOUT_SECONDS} s"
        raise LookUpError(msg) from error
    except ValueError as error:
        # pip-audit ends with 1 for a vulnerability and for a failure; only the first prints a result
        last_line = (done.stderr.strip().splitlines() or ["pip-audit printed nothing"])[-1]
        raise LookUpError(last_line) from error
    if skipped := [found["name"] for found in dependencies if "skip_reason" in found]:
        msg = f"the database did not answer for {', '.join(skipped)}"
        raise LookUpError(msg)
    return len(dependencies), [
        Vulnerability(dependency["name"], dependency["version"], known["id"], tuple(known["fix_versions"]))
        for dependency in dependencies
        for known in dependency["vulns"]
    ]


def main(arguments: list[str]) -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make vulnerabilities", description=__doc__)
    parser.add_argument("requirements", nargs="*", help="files to look up (default: every pinned one)")
    parser.add_argument("--osv-url", help="another database with OSV's API, such as a mirror")
    options = parser.parse_args(arguments)
    pinned = [path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("requirements/*.txt"))]
    status = 0
    for name in options.requirements or ["functions/requirements.txt", *pinned]:
        try:
            count, found = look_up(ROOT / name, ["--osv-url", options.osv_url] if options.osv_url else [])
        except LookUpError as error:
            print(f"vulnerabilities: {name} was NOT checked: {error}", file=sys.stderr)
            return 2
        print(f"{name}: {count} packages looked up, {len(found)} vulnerabilities")
        for one in found:
            fix = f"fixed in {', '.join(one.fixed_in)}" if one.fixed_in else "not fixed yet"
            print(f"  {one.package} {one.version}: {one.id}, {fix}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
