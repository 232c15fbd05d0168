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
from pathlib import Path

from tools import ROOT
from tools.check_build import BuildError, built_packages, digest

# everything that a build reads
_SOURCES = ("functions", "template.yaml", "samconfig.toml", ".python-version")
_TOOLS = ROOT / ".venv" / "bin"


def build(folder: Path, environ: dict[str, str], umask: int) -> dict[str, str]:
    """Copies the sources into a new folder and builds there; returns the digest of each function's package.

    Raises:
        BuildError: `sam build` failed; the message has its last line.
    """
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
    if done.returncode:
        msg = f"sam build failed in {folder}: {(done.stdout.strip().splitlines() or ['no output'])[-1]}"
        raise BuildError(msg)
    return {package.name: digest(package) for package in built_packages(folder / ".aws-sam" / "build")}


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


def build_twice(workdir: Path, *, empty_cache: bool) -> tuple[dict[str, str], dict[str, str]]:
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
    for name in sorted(first | second):
        print(f"{name}: {first.get(name)} here")
        print(f"{name}: {second.get(name)} there")
    if first != second:
        print("check_reproducible: the two builds differ", file=sys.stderr)
        return 1
    print("Both builds are equal.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
