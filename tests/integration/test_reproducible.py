"""The package is the same wherever it is built, and as large as documented.

The second build has another Python environment, home, time zone and umask. With EMPTY_CACHE, as
`make reproducible` sets it, it also downloads every package again.
"""

import io
import os
import re
import shutil
import subprocess
import venv
import zipfile
from pathlib import Path

import pytest

from tools import ROOT
from tools.check_build import built_packages, check_build, digest

DECISION = ROOT / "docs" / "decisions" / "0003-boto3-comes-with-lambda.md"
# everything that a build reads
_SOURCES = ("functions", "template.yaml", "samconfig.toml", ".python-version")
_TOOLS = ROOT / ".venv" / "bin"


def build(folder: Path, environ: dict[str, str], umask: int) -> dict[str, str]:
    """Copies the sources into a new folder and builds there; returns each function's digest."""
    folder.mkdir(parents=True)
    for name in _SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    done = subprocess.run(  # noqa: S603  # our own program
        [_TOOLS / "sam", "build"],
        cwd=folder,
        env=environ | {"SAM_CLI_TELEMETRY": "0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        umask=umask,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return {package.name: digest(package) for package in built_packages(folder / ".aws-sam" / "build")}


def environments(workdir: Path) -> tuple[dict[str, str], dict[str, str]]:
    """This environment, and one that differs in everything that must not affect a package."""
    here = dict(os.environ) | {"PATH": f"{_TOOLS}{os.pathsep}{os.environ['PATH']}"}
    other = workdir / "other-environment"
    venv.create(other, with_pip=False)
    # only sam and uv, so that the packages are installed for the new environment's Python
    for tool in ("sam", "uv"):
        (other / "bin" / tool).symlink_to(_TOOLS / tool)
    home = workdir / "home"
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if name.startswith(("UV_", "PIP_", "SSL_"))}
    there = kept | {
        "PATH": os.pathsep.join([str(other / "bin"), "/usr/bin", "/bin"]),
        "VIRTUAL_ENV": str(other),
        "HOME": str(home),
        "LANG": "C",
        "TZ": "Pacific/Kiritimati",
        "PYTHONHASHSEED": "1",
    }
    if "EMPTY_CACHE" in os.environ:
        there["UV_CACHE_DIR"] = str(workdir / "empty-cache")
    return here, there


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One function's package, once two builds in two environments have been found equal."""
    workdir = tmp_path_factory.mktemp("builds")
    here, there = environments(workdir)
    first = build(workdir / "first", here, 0o022)
    second = build(workdir / "another" / "second", there, 0o077)
    assert len(first) == 4
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
