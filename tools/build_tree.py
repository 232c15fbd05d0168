"""Makes what `sam build` built the same everywhere: `python -m tools.build_tree .aws-sam/build`.

Two files of an installed package name the environment that installed it: the scripts in `bin`, by their first
line, and each `RECORD`, by the hash of those scripts (Python Packaging User Guide, "Recording installed
projects"). A function runs no script and uninstalls nothing, so both are removed. `sam deploy` names the
package by a digest of its files; with them gone, the same sources give the same name, and an update that
changes nothing changes nothing.

Then it compiles the sources, which halves a cold start: a container cannot keep what it compiles itself. The
bytecode is never checked against its source (PEP 552, unchecked hash), so it needs no time stamps.
"""

import hashlib
import py_compile
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.check_build import BuildError, built_packages

_SCRIPTS = "bin"
_TASK_ROOT = "/var/task"  # where Lambda unpacks a function


def settle(package: Path) -> list[str]:
    """Removes what depends on where a package was built; the paths within it that are gone, sorted."""
    unsettled = [
        path
        for path in (
            package / _SCRIPTS,
            *package.glob("*.dist-info/RECORD"),
            *package.rglob("__pycache__"),
        )
        if path.exists()
    ]
    for path in unsettled:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return sorted(path.relative_to(package).as_posix() for path in unsettled)


def compile_sources(package: Path) -> int:
    """Writes the bytecode of every source, with the names of files as Lambda has them; how many there are."""
    sources = sorted(package.rglob("*.py"))
    for source in sources:
        py_compile.compile(
            str(source),
            dfile=f"{_TASK_ROOT}/{source.relative_to(package).as_posix()}",
            doraise=True,
            optimize=0,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
    return len(sources)


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


def _files(package: Path) -> Iterator[Path]:
    return (path for path in package.rglob("*") if path.is_file())


def main(arguments: list[str]) -> int:
    """Settles every package of the build folder that is named, or of SAM's own; the exit status."""
    build_dir = Path(arguments[0] if arguments else ".aws-sam/build")
    try:
        for package in built_packages(build_dir):
            settle(package)
            compile_sources(package)
            print(f"{package}: {digest(package)}")
    except (BuildError, OSError) as error:
        print(f"build_tree: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
