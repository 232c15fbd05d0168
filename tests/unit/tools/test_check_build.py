"""The check of a build: what is said of a package that would not run."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tools.check_build import ENTRIES, BuildError, built_packages, check_build

ROOT = Path(__file__).resolve().parents[3]
HERE = {"arm64": "aarch64", "AMD64": "x86_64"}.get(platform.machine(), platform.machine())
ELSEWHERE = "x86_64" if HERE == "aarch64" else "aarch64"


def package_in(folder: Path, *processors: str) -> Path:
    """A built function with one dependency, compiled for these processors."""
    package = folder / "ForwardFunction"
    (package / "msg_spec-0.1.dist-info").mkdir(parents=True)
    (package / "requirements.txt").write_text("# pinned\nmsg-spec==0.1 \\\n    --hash=sha256:00\n")
    for processor in processors:
        (package / f"msg_spec.cpython-313-{processor}-linux-gnu.so").touch()
    for entry in ENTRIES:
        module = package.joinpath(*entry.split(".")).with_suffix(".py")
        module.parent.mkdir(exist_ok=True)
        module.touch()
    return package


def fault_of(package: Path) -> str:
    """What is said of a package that would not run."""
    with pytest.raises(BuildError) as caught:
        check_build(package)
    return str(caught.value)


def test_a_package_for_this_processor_is_imported(tmp_path: Path) -> None:
    """Every entry of it."""
    package = package_in(tmp_path, HERE)
    assert check_build(package) == (
        f"{package}: all dependencies are there and "
        "eks_log_forwarder.forward_handler, eks_log_forwarder.redrive_handler import"
    )


def test_a_package_for_another_processor_is_not_imported(tmp_path: Path) -> None:
    """Its dependencies are checked all the same."""
    package = package_in(tmp_path, ELSEWHERE)
    (package / "eks_log_forwarder" / "forward_handler.py").write_text("import nowhere\n")
    assert check_build(package) == (
        f"{package}: all dependencies are there, for {ELSEWHERE} (not imported on this {HERE})"
    )


@pytest.mark.parametrize(
    ("processors", "names"), [((), "no processor"), (("aarch64", "x86_64"), "aarch64, x86_64")]
)
def test_a_package_is_for_exactly_one_processor(
    tmp_path: Path, processors: tuple[str, ...], names: str
) -> None:
    """Neither for none nor for two."""
    package = package_in(tmp_path, *processors)
    assert fault_of(package) == (
        f"{package} holds modules compiled for {names}: it should be for exactly one"
    )


def test_a_missing_dependency_is_named(tmp_path: Path) -> None:
    """`sam build` says nothing of it."""
    package = package_in(tmp_path, HERE)
    with (package / "requirements.txt").open("a") as file:
        file.write("requests==2.0\n")
    assert fault_of(package) == (
        f"{package} lacks requests: does functions/requirements.txt still list them?"
    )


def test_a_package_without_requirements_is_a_fault(tmp_path: Path) -> None:
    """There is nothing that the function could do without any."""
    package = package_in(tmp_path, HERE)
    (package / "requirements.txt").write_text("# none\n")
    assert fault_of(package) == f"{package}/requirements.txt lists nothing: the package has no dependencies"


def test_an_import_that_fails_is_told_with_its_reason(tmp_path: Path) -> None:
    """Nothing of the environment that the check runs in helps the package."""
    package = package_in(tmp_path, HERE)
    (package / "eks_log_forwarder" / "redrive_handler.py").write_text("import pytest\n")
    assert fault_of(package) == (
        f"eks_log_forwarder.redrive_handler does not import from {package}: "
        "ModuleNotFoundError: No module named 'pytest'"
    )


def test_a_build_that_is_not_there_is_told() -> None:
    """With what to do."""
    with pytest.raises(BuildError, match="holds no built function: run `sam build` first"):
        built_packages(Path("/nowhere"))


@pytest.mark.parametrize(("good", "status"), [(True, 0), (False, 1)])
def test_the_command_ends_with_what_it_found(tmp_path: Path, *, good: bool, status: int) -> None:
    """As the make target sees it."""
    package = package_in(tmp_path, HERE)
    if not good:
        (package / "requirements.txt").unlink()
    done = subprocess.run(  # noqa: S603  # our own module
        [sys.executable, "-m", "tools.check_build", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert done.returncode == status
    assert done.stderr.startswith("" if good else "check_build: ")
