"""`make sbom`: the bill of materials of the functions' package, as CycloneDX: build/sbom.cdx.json.

Names, versions, licences and dependencies come from an environment with exactly what
functions/requirements-package.txt lists; hashes come from that file. The same pins give the same document.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from tools import ROOT

SUPPLY = ROOT / ".venv-supply"  # the environment of the program that writes the document
_REQUIREMENTS = "functions/requirements-package.txt"
_ENVIRONMENT = ".venv-functions"


class SbomError(Exception):
    """The document cannot be made, or would be wrong; the message says why."""


def make_sbom() -> dict[str, Any]:
    """The document, as CycloneDX 1.6 in JSON.

    Raises:
        SbomError: a tool failed, or the environment differs from the pins.
    """
    for name, requirements in ((SUPPLY.name, "requirements/supply.txt"), (_ENVIRONMENT, _REQUIREMENTS)):
        _run(ROOT / "tools" / "setup", name, requirements)
    program = SUPPLY / "bin" / "cyclonedx-py"
    project = ("--pyproject", "pyproject.toml", "--mc-type", "application", "--output-reproducible")
    document: dict[str, Any] = json.loads(_run(program, "environment", *project, _ENVIRONMENT))
    pinned = json.loads(_run(program, "requirements", *project, _REQUIREMENTS))
    add_hashes(document["components"], pinned["components"])
    add_stated_licences(document["components"], ROOT / _ENVIRONMENT)
    _add_direct_dependencies(document)
    return document


def add_hashes(components: Sequence[dict[str, Any]], pinned: Sequence[Mapping[str, Any]]) -> None:
    """Adds to each component the pinned distribution with its hashes.

    Raises:
        SbomError: the two do not have the same packages in the same versions.
    """
    by_url = {found["purl"]: found["externalReferences"] for found in pinned}
    installed = {component["purl"] for component in components}
    if differing := installed ^ set(by_url):
        msg = f"{_ENVIRONMENT} differs from {_REQUIREMENTS}: {', '.join(sorted(differing))}"
        raise SbomError(msg)
    for component in components:
        references = component.setdefault("externalReferences", [])
        references += by_url[component["purl"]]


def add_stated_licences(components: Sequence[dict[str, Any]], environment: Path) -> None:
    """Adds the licence from `License` in a package's metadata where it is not an SPDX identifier."""
    (packages,) = environment.glob("lib/python*/site-packages")
    stated = {
        (found.name, found.version): found.metadata["License"]
        for found in distributions(path=[str(packages)])
        if "License" in found.metadata
    }
    for component in components:
        name = stated.get((component["name"], component["version"]))
        if name and not component.get("licenses"):
            component["licenses"] = [{"license": {"name": name, "acknowledgement": "declared"}}]


def _add_direct_dependencies(document: dict[str, Any]) -> None:
    """Adds the direct dependencies of the application, from requirements/package.in."""
    lines = (ROOT / "requirements" / "package.in").read_text(encoding="utf-8").splitlines()
    wanted = {f"pkg:pypi/{line.strip().lower()}" for line in lines if line[:1].isalpha()}
    root = document["metadata"]["component"]["bom-ref"]
    components = document["components"]
    direct = sorted(one["bom-ref"] for one in components if one["purl"].partition("@")[0] in wanted)
    others = [entry for entry in document["dependencies"] if entry["ref"] != root]
    document["dependencies"] = [*others, {"ref": root, "dependsOn": direct}]


def _run(program: Path, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603  # our own programs
        [program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        msg = f"{program.name} {arguments[0]} failed:\n{done.stderr.strip()}"
        raise SbomError(msg)
    return done.stdout


def main() -> int:
    """Writes the document to build/sbom.cdx.json; returns the exit status."""
    path = ROOT / "build" / "sbom.cdx.json"
    try:
        document = make_sbom()
    except SbomError as error:
        print(f"sbom: {error}", file=sys.stderr)
        return 1
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    count = len(document["components"])
    print(f"{path}: {count} packages, CycloneDX {document['specVersion']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
