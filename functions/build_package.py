"""Makes the package of every function: `uv run build_package.py FOLDER`, in this folder.

The package serves both of Lambda's processors. A compiled module's suffix names its processor (PEP 3149), so
the modules of both lie side by side; every other file is the same for both. The package also holds bytecode,
because a container cannot keep what it compiles. It depends only on the files of this folder: two builds are
equal and `sam deploy` uploads one package for all functions.
"""

import compileall
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from py_compile import PycInvalidationMode

HERE = Path(__file__).resolve().parent
OURS = ("eks_log_forwarder", "detections", "policies", "requirements.txt")
PROCESSORS = ("x86_64", "aarch64")
TASK_ROOT = "/var/task"  # where Lambda unpacks a function
STABLE_ABI = ".abi3.so"  # a suffix without a processor


def install(processor: str, folder: Path) -> None:
    """Installs the pinned packages for one processor; only wheels, each with its hash checked."""
    subprocess.run(  # noqa: S603  # our own arguments
        [
            os.environ.get("UV", "uv"),
            *("pip", "install", "--quiet", "--no-deps", "--link-mode", "copy"),
            *("--require-hashes", "--only-binary", ":all:", "--requirement", HERE / "requirements.txt"),
            *("--python-version", f"{sys.version_info.major}.{sys.version_info.minor}"),
            *("--python-platform", f"{processor}-manylinux_2_28", "--target", folder),
        ],
        check=True,
    )
    suffix = f".cpython-{sys.version_info.major}{sys.version_info.minor}-{processor}-linux-gnu.so"
    for module in folder.rglob(f"*{STABLE_ABI}"):
        module.rename(module.with_name(module.name.removesuffix(STABLE_ABI) + suffix))


def build(package: Path) -> None:
    """Fills an empty folder with the package.

    Raises:
        CalledProcessError: uv could not install the packages; it has said why.
    """
    first, *others = PROCESSORS
    install(first, package)
    for processor in others:
        with tempfile.TemporaryDirectory() as folder:
            install(processor, Path(folder))
            for module in Path(folder).rglob("*.so"):
                shutil.copy(module, package / module.relative_to(folder))
    # These name the environment that installed the packages. A function needs neither.
    shutil.rmtree(package / "bin", ignore_errors=True)
    for record in package.glob("*.dist-info/RECORD"):
        record.unlink()
    for name in OURS:
        if (HERE / name).is_dir():
            shutil.copytree(HERE / name, package / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(HERE / name, package / name)
    compileall.compile_dir(
        package,
        maxlevels=99,
        stripdir=package,
        prependdir=TASK_ROOT,
        quiet=1,
        optimize=0,
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    )


if __name__ == "__main__":
    build(Path(sys.argv[1]).resolve())
