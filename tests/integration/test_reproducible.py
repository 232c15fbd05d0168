"""The package is the same wherever it is built, and as large as documented."""

import io
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from tools.check_build import built_packages
from tools.check_reproducible import ROOT, Built, build_twice

DECISION = ROOT / "docs" / "decisions" / "0003-boto3-comes-with-lambda.md"


@pytest.fixture(scope="module")
def workdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of both builds."""
    return tmp_path_factory.mktemp("builds")


@pytest.fixture(scope="module")
def builds(workdir: Path) -> tuple[Built, Built]:
    """Two builds, in two folders with two environments."""
    return build_twice(workdir, empty_cache=False)


def test_builds_the_same_package_in_two_folders_with_two_environments(builds: tuple[Built, Built]) -> None:
    """`sam build` alone leaves the environments' paths in them; without those the two are equal."""
    first, second = builds
    assert len(set(first.settled.values())) == 1  # every function is built from the same sources
    assert first.raw != second.raw
    assert first.settled == second.settled


@pytest.mark.usefixtures("builds")
def test_the_package_is_as_large_as_documented(workdir: Path) -> None:
    """Zipped and unpacked, with bytecode and without; in megabytes, within three per cent."""
    package = built_packages(workdir / "first" / ".aws-sam" / "build")[0]
    files = [path for path in package.rglob("*") if path.is_file()]
    sources = [path for path in files if path.parent.name != "__pycache__"]
    rows = re.findall(r"\| ([\d.]+) MB \| ([\d.]+) MB \|", DECISION.read_text(encoding="utf-8"))
    for documented, measured in zip(rows[:2], (files, sources), strict=True):
        assert _megabytes(package, measured) == pytest.approx(tuple(map(float, documented)), rel=0.03)


def _megabytes(package: Path, files: Iterable[Path]) -> tuple[float, float]:
    """The size of a zip archive of these files, and the sum of their sizes."""
    archive, unpacked = io.BytesIO(), 0
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in files:
            zipped.write(path, path.relative_to(package))
            unpacked += path.stat().st_size
    return archive.tell() / 1e6, unpacked / 1e6
