"""The bill of materials says what is pinned, with hashes, licences and who needs whom."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tools import ROOT
from tools.sbom import SUPPLY, SbomError, add_hashes, add_stated_licences, make_sbom

_VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read())
sys.exit(str(error) if error else 0)
"""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document of this repository."""
    return make_sbom()


def test_lists_exactly_what_is_pinned(document: dict[str, Any]) -> None:
    """Names and versions are those of functions/requirements-package.txt."""
    text = (ROOT / "functions" / "requirements-package.txt").read_text(encoding="utf-8")
    found = re.findall(r"^([\w-]+)==([\w.]+)", text, re.MULTILINE)
    pinned = {f"pkg:pypi/{name}@{version}" for name, version in found}
    assert {component["purl"] for component in document["components"]} == pinned
    assert len(pinned) > 5


def test_gives_every_package_its_licence_and_its_hashes(document: dict[str, Any]) -> None:
    """A package without either would not be signed off."""
    without_licence = [found["name"] for found in document["components"] if not found.get("licenses")]
    without_hash = [
        found["name"]
        for found in document["components"]
        if not any("hashes" in reference for reference in found["externalReferences"])
    ]
    assert (without_licence, without_hash) == ([], [])


def test_says_what_the_application_itself_needs(document: dict[str, Any]) -> None:
    """The root's dependencies are the lines of requirements/package.in."""
    lines = (ROOT / "requirements" / "package.in").read_text(encoding="utf-8").splitlines()
    direct = [line for line in lines if line and not line.startswith("#")]
    (root,) = (found for found in document["dependencies"] if found["ref"] == "root-component")
    assert len(root["dependsOn"]) == len(direct)


def test_is_valid_cyclonedx(document: dict[str, Any]) -> None:
    """The schema's own validator accepts it."""
    done = subprocess.run(  # noqa: S603  # our own text
        [SUPPLY / "bin" / "python", "-c", _VALIDATE],
        input=json.dumps(document),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_refuses_an_environment_that_is_not_what_is_pinned() -> None:
    """One version differs: both are named, and nothing is written."""
    with pytest.raises(SbomError, match=r"pkg:pypi/idna@3\.19, pkg:pypi/idna@3\.20"):
        add_hashes(
            [{"purl": "pkg:pypi/idna@3.19"}], [{"purl": "pkg:pypi/idna@3.20", "externalReferences": []}]
        )


def test_names_a_licence_in_the_package_s_own_words(tmp_path: Path) -> None:
    """Where the metadata states a licence that SPDX has no name for; one that is known already stays."""
    for name, licence in (
        ("spoken", "License: 3-Clause BSD\n"),
        ("known", "License: its text\n"),
        ("none", ""),
    ):
        folder = tmp_path / "lib" / "python3.13" / "site-packages" / f"{name}-1.dist-info"
        folder.mkdir(parents=True)
        text = f"Metadata-Version: 2.4\nName: {name}\nVersion: 1\n{licence}"
        (folder / "METADATA").write_text(text, encoding="utf-8")
    components: list[dict[str, Any]] = [
        {"name": name, "version": "1"} for name in ("spoken", "known", "none")
    ]
    components[1]["licenses"] = [{"license": {"id": "MIT"}}]
    add_stated_licences(components, tmp_path)
    assert [component.get("licenses") for component in components] == [
        [{"license": {"name": "3-Clause BSD", "acknowledgement": "declared"}}],
        [{"license": {"id": "MIT"}}],
        None,
    ]
