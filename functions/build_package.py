"""Makes the package of every function: `uv run build_package.py FOLDER`, in this folder.

The package serves both of Lambda's processors. A compiled module's suffix names its processor (PEP 3149), so
the modules of both lie side by side; every other file is the same for both. The package also holds bytecode,
because a container cannot keep what it compiles, and the rules and policies as data, so that it needs neither
pySigma nor PyYAML. It depends only on the files of this folder: two builds are equal and `sam deploy` uploads
one package for all functions.
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
OURS = ("eks_log_forwarder", "detections", "policies")
DEPLOYED = HERE / "requirements-package.txt"
WITH_PARSERS = HERE / "requirements.txt"
PROCESSORS = ("x86_64", "aarch64")
# Powertools' router for REST APIs with the pages of its documentation: a tenth of the package, and unused.
UNUSED = ("aws_lambda_powertools/event_handler",)
TASK_ROOT = "/var/task"  # where Lambda unpacks a function
STABLE_ABI = ".abi3.so"  # a suffix without a processor


def install(requirements: Path, folder: Path, *platform: str) -> None:
    """Installs pinned packages, by default for this machine; only wheels, each with its hash checked."""
    subprocess.run(  # noqa: S603  # our own arguments
        [
            os.environ.get("UV", "uv"),
            *("pip", "install", "--quiet", "--no-deps", "--link-mode", "copy"),
            *("--require-hashes", "--only-binary", ":all:", "--requirement", requirements),
            *("--python-version", f"{sys.version_info.major}.{sys.version_info.minor}", *platform),
            *("--target", folder),
        ],
        check=True,
    )


def install_for(processor: str, folder: Path) -> None:
    """Installs what the functions import, for one of Lambda's processors."""
    install(DEPLOYED, folder, "--python-platform", f"{processor}-manylinux_2_28")
    suffix = f".cpython-{sys.version_info.major}{sys.version_info.minor}-{processor}-linux-gnu.so"
    for module in folder.rglob(f"*{STABLE_ABI}"):
        module.rename(module.with_name(module.name.removesuffix(STABLE_ABI) + suffix))


def compile_rules(package: Path) -> None:
    """Compiles the package's rules and policies to data files, with parsers that stay outside of it."""
    with tempfile.TemporaryDirectory() as folder:
        install(WITH_PARSERS, Path(folder))
        # The package comes second: its compiled modules are those of Lambda's processors.
        path = os.pathsep.join((folder, str(package)))
        compiled = subprocess.run(  # noqa: S603  # our own module
            [sys.executable, "-B", "-m", "eks_log_forwarder.compiling", package],
            env=os.environ | {"PYTHONPATH": path},
            check=False,
        )
    if compiled.returncode:
        sys.exit("the rules and policies could not be compiled; the lines above say why")


def build(package: Path) -> None:
    """Fills an empty folder with the package.

    Raises:
        CalledProcessError: uv could not install the packages; it has said why.
        SystemExit: a rule or policy has faults, which are on standard error.
    """
    first, *others = PROCESSORS
    install_for(first, package)
    for processor in others:
        with tempfile.TemporaryDirectory() as folder:
            install_for(processor, Path(folder))
            for module in Path(folder).rglob("*.so"):
                shutil.copy(module, package / module.relative_to(folder))
    # These name the environment that installed the packages. A function needs neither.
    shutil.rmtree(package / "bin", ignore_errors=True)
    for name in UNUSED:
        shutil.rmtree(package / name)
    for record in package.glob("*.dist-info/RECORD"):
        record.unlink()
    for name in OURS:
        shutil.copytree(HERE / name, package / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(DEPLOYED, package / "requirements.txt")
    compile_rules(package)
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
