"""Checks what `sam build` built: `python -m tools.check_build .aws-sam/build`.

`sam build` says "Build Succeeded" of a package without its dependencies too. This imports the function's
entries from the built folder and nothing else; a package for another processor, which cannot be imported
here, is checked for its distributions and its compiled modules.
"""

import platform
import subprocess
import sys
from pathlib import Path

ENTRIES = ("eks_log_forwarder.forward_handler", "eks_log_forwarder.redrive_handler")

# what `platform.machine()` says, and what the names of compiled modules say
_MACHINES = {"arm64": "aarch64", "AMD64": "x86_64"}
_IMPORT = "import sys, importlib; sys.path.insert(0, sys.argv[1]); importlib.import_module(sys.argv[2])"


class BuildError(Exception):
    """The built package would not run; the message says why."""


def built_packages(build_dir: Path) -> list[Path]:
    """The folders that `sam build` made; functions that are alike share one.

    Raises:
        BuildError: there is none.
    """
    packages = sorted(path for path in build_dir.iterdir() if path.is_dir()) if build_dir.is_dir() else []
    if not packages:
        msg = f"{build_dir} holds no built function: run `sam build` first"
        raise BuildError(msg)
    return packages


def check_build(package: Path) -> str:
    """What was checked of one built function, in words.

    Raises:
        BuildError: it lacks a dependency, or does not import.
    """
    _check_distributions(package)
    compiled_for = _processors(package)
    here = _MACHINES.get(platform.machine(), platform.machine())
    if compiled_for != {here}:
        names = ", ".join(sorted(compiled_for)) or "no processor"
        if len(compiled_for) != 1:
            msg = f"{package} holds modules compiled for {names}: it should be for exactly one"
            raise BuildError(msg)
        return f"{package}: all dependencies are there, for {names} (not imported on this {here})"
    for entry in ENTRIES:
        _import_entry(package, entry)
    return f"{package}: all dependencies are there and {', '.join(ENTRIES)} import"


def _check_distributions(package: Path) -> None:
    requirements = (package / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line.split("==")[0] for line in requirements if line[:1].isalnum()]
    built = {path.name.split("-")[0].replace("_", "-").lower() for path in package.glob("*.dist-info")}
    if missing := [name for name in wanted if name not in built]:
        msg = f"{package} lacks {', '.join(missing)}: does functions/requirements.txt still list them?"
        raise BuildError(msg)
    if not wanted:
        msg = f"{package}/requirements.txt lists nothing: the package has no dependencies"
        raise BuildError(msg)


def _processors(package: Path) -> set[str]:
    names = [path.name for path in package.rglob("*.so")]
    return {machine for machine in ("aarch64", "x86_64") for name in names if machine in name}


def _import_entry(package: Path, entry: str) -> None:
    # -S and -I: nothing of the environment that this runs in helps the import
    done = subprocess.run(  # noqa: S603  # our own arguments
        [sys.executable, "-B", "-S", "-I", "-c", _IMPORT, str(package), entry],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1]
        msg = f"{entry} does not import from {package}: {reason}"
        raise BuildError(msg)


def main(arguments: list[str]) -> int:
    """Checks the build folder that is named, or SAM's own; the exit status."""
    build_dir = Path(arguments[0] if arguments else ".aws-sam/build")
    try:
        for package in built_packages(build_dir):
            print(check_build(package))
    except (BuildError, OSError) as error:
        print(f"check_build: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
