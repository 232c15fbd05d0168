"""Checks the result of `sam build`: `python -m tools.check_build .aws-sam/build`.

Imports the handlers from the built folder only, looks for compiled modules of both processors, and prints
the package's digest. `sam build` also succeeds for a package without dependencies.
"""

import hashlib
import platform
import re
import subprocess
import sys
from pathlib import Path

ENTRIES = (
    "eks_log_forwarder.forward_handler",
    "eks_log_forwarder.redrive_handler",
    "eks_log_forwarder.stream_handler",
)

PROCESSORS = ("x86_64", "aarch64")
# Unpacked; Lambda's limit is 250 MB, layers included. A cold start reads all of it.
MAX_PACKAGE_BYTES = 21_000_000

_COMPILED = re.compile(r"\.cpython-313-(.+)-linux-gnu\.so$")
_IMPORT = "import sys, importlib; sys.path.insert(0, sys.argv[1]); importlib.import_module(sys.argv[2])"


class BuildError(Exception):
    """The built package would not run; the message says why."""


def built_packages(build_dir: Path) -> list[Path]:
    """The folders of the functions that `sam build` made.

    Raises:
        BuildError: there are none.
    """
    packages = sorted(path for path in build_dir.iterdir() if path.is_dir()) if build_dir.is_dir() else []
    if not packages:
        msg = f"{build_dir} holds no built function: run `sam build` first"
        raise BuildError(msg)
    return packages


def check_build(package: Path) -> str:
    """Checks a package; returns its size and digest, in words.

    Raises:
        BuildError: it lacks a dependency, a compiled module or bytecode, is too large, or does not import.
    """
    _check_distributions(package)
    _check_compiled_modules(package)
    size_bytes = sum(path.stat().st_size for path in _files(package))
    if size_bytes > MAX_PACKAGE_BYTES:
        msg = f"{package} has {size_bytes:,} bytes: at most {MAX_PACKAGE_BYTES:,}"
        raise BuildError(msg)
    if platform.system() == "Linux":  # a package for Linux imports nowhere else
        for entry in ENTRIES:
            _import_entry(package, entry)
    return f"{package}: {size_bytes / 1e6:.1f} MB, {digest(package)}"


def digest(package: Path) -> str:
    """SHA-256 over the sorted tree, as `sha256:<hex>`: each file's path, size and bytes.

    Times and permissions do not count: `sam deploy` leaves both out of the archive.
    """
    total = hashlib.sha256()
    for path in sorted(_files(package), key=lambda path: path.relative_to(package).as_posix()):
        content = path.read_bytes()
        total.update(f"{path.relative_to(package).as_posix()}\0{len(content)}\0".encode())
        total.update(content)
    return f"sha256:{total.hexdigest()}"


def _files(package: Path) -> list[Path]:
    return [path for path in package.rglob("*") if path.is_file()]


def _check_distributions(package: Path) -> None:
    requirements = (package / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line.split("==")[0] for line in requirements if line[:1].isalnum()]
    built = {path.name.split("-")[0].replace("_", "-").lower() for path in package.glob("*.dist-info")}
    if missing := [name for name in wanted if name not in built]:
        msg = (
            f"{package} lacks {', '.join(missing)}: does functions/requirements-package.txt still list them?"
        )
        raise BuildError(msg)
    if not wanted:
        msg = f"{package}/requirements.txt lists nothing: the package has no dependencies"
        raise BuildError(msg)


def _check_compiled_modules(package: Path) -> None:
    """Every compiled module must be there for both processors: a missing one fails only when imported."""
    found: dict[str, set[str]] = {processor: set() for processor in PROCESSORS}
    for path in package.rglob("*.so"):
        name = path.relative_to(package).as_posix()
        match = _COMPILED.search(name)
        if match is None or match[1] not in found:
            msg = f"{name} does not name one of the processors {', '.join(PROCESSORS)}"
            raise BuildError(msg)
        found[match[1]].add(name.removesuffix(match[0]))
    for processor, names in found.items():
        if missing := sorted(set().union(*found.values()) - names):
            msg = f"{package} lacks {', '.join(missing)} for {processor}"
            raise BuildError(msg)
    if not any(package.rglob("*.pyc")):
        msg = f"{package} holds no bytecode: a cold start would compile everything"
        raise BuildError(msg)


def _import_entry(package: Path, entry: str) -> None:
    # -S and -I: the import cannot use this environment's packages
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
    """Checks the given build folder, or SAM's own; returns the exit status."""
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
