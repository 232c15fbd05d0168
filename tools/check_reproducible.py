"""`make reproducible`: builds in two folders with two environments, and compares the results.

The second build has another Python environment, home, time zone and umask, and an empty package cache, so
that it downloads every package again.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path

from tools import ROOT
from tools.build_tree import compile_sources, digest, settle
from tools.check_build import BuildError, built_packages

# everything that a build reads
_SOURCES = ("functions", "template.yaml", "samconfig.toml", ".python-version")
_TOOLS = ROOT / ".venv" / "bin"


@dataclass(frozen=True, slots=True)
class Built:
    """The digests of a build's packages by name: as `sam build` left them, and settled."""

    raw: dict[str, str]
    settled: dict[str, str]


def build(folder: Path, environ: dict[str, str], umask: int) -> Built:
    """Copies the sources into a new folder and builds there.

    Raises:
        BuildError: `sam build` failed; the message has its last line.
    """
    folder.mkdir(parents=True)
    for name in _SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        else:
            shutil.copy(source, folder / name)
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
    if done.returncode:
        msg = f"sam build failed in {folder}: {(done.stdout.strip().splitlines() or ['no output'])[-1]}"
        raise BuildError(msg)
    packages = built_packages(folder / ".aws-sam" / "build")
    raw = {package.name: digest(package) for package in packages}
    for package in packages:
        settle(package)
        compile_sources(package)
    return Built(raw, {package.name: digest(package) for package in packages})


def environments(workdir: Path, *, empty_cache: bool) -> tuple[dict[str, str], dict[str, str]]:
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
    if empty_cache:
        there["UV_CACHE_DIR"] = str(workdir / "empty-cache")
    return here, there


def build_twice(workdir: Path, *, empty_cache: bool) -> tuple[Built, Built]:
    """Both builds. Raises as `build`."""
    here, there = environments(workdir, empty_cache=empty_cache)
    first = build(workdir / "first", here, 0o022)
    return first, build(workdir / "another" / "second", there, 0o077)


def main() -> int:
    """Returns the exit status: 0 if both builds are the same."""
    with tempfile.TemporaryDirectory(prefix="eks-log-forwarder-reproducible-") as workdir:
        try:
            first, second = build_twice(Path(workdir), empty_cache=True)
        except (BuildError, OSError) as error:
            print(f"check_reproducible: {error}", file=sys.stderr)
            return 1
    for name in sorted(first.settled | second.settled):
        print(f"{name}: {first.settled.get(name)} here")
        print(f"{name}: {second.settled.get(name)} there")
    if first.settled != second.settled:
        print("check_reproducible: the two builds differ", file=sys.stderr)
        return 1
    print("Both builds are the same.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
