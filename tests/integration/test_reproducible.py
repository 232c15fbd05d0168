"""The package is the same wherever it is built, and as large as documented."""

import io
import re
import zipfile
from pathlib import Path

import pytest

from tools import ROOT
from tools.check_build import check_build
from tools.check_reproducible import build_twice

DECISION = ROOT / "docs" / "decisions" / "0003-boto3-comes-with-lambda.md"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One function's package, once two builds in two environments have been found equal."""
    workdir = tmp_path_factory.mktemp("builds")
    first, second = build_twice(workdir, empty_cache=False)
    assert len(first) == 3
    assert len(set(first.values())) == 1
    assert first == second
    package = workdir / "first" / ".aws-sam" / "build" / "ForwardFunction"
    assert check_build(package).endswith(first["ForwardFunction"])
    return package


def test_the_package_is_as_large_as_documented(package: Path) -> None:
    """Zipped and unpacked, in megabytes, within three per cent."""
    archive, unpacked_bytes = io.BytesIO(), 0
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in package.rglob("*"):
            if path.is_file():
                zipped.write(path, path.relative_to(package))
                unpacked_bytes += path.stat().st_size
    row = re.search(r"\| ([\d.]+) MB \| ([\d.]+) MB \|", DECISION.read_text(encoding="utf-8"))
    assert row
    assert (archive.tell() / 1e6, unpacked_bytes / 1e6) == pytest.approx(
        tuple(map(float, row.groups())), rel=0.03
    )
