"""The check of a build: what is said of a package that would not run."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools import check_build as module
from tools.check_build import ENTRIES, PROCESSORS, BuildError, built_packages, check_build, digest

ROOT = Path(__file__).resolve().parents[3]


def package_in(folder: Path, *processors: str) -> Path:
    """A built function with one dependency, compiled for these processors."""
    package = folder / "ForwardFunction"
    (package / "msg_spec-0.1.dist-info").mkdir(parents=True)
    (package / "requirements.txt").write_text("# pinned\nmsg-spec==0.1 \\\n    --hash=sha256:00\n")
    for processor in processors:
        (package / f"msg_spec.cpython-313-{processor}-linux-gnu.so").touch()
    (package / "msg_spec.cpython-313.pyc").touch()
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


def test_a_package_for_both_processors_passes(tmp_path: Path) -> None:
    """Its size and digest are printed."""
    package = package_in(tmp_path, *PROCESSORS)
    assert check_build(package) == f"{package}: 0.0 MB, {digest(package)}"


@pytest.mark.parametrize(("there", "missing"), [("x86_64", "aarch64"), ("aarch64", "x86_64")])
def test_a_module_that_one_processor_lacks_is_named(tmp_path: Path, there: str, missing: str) -> None:
    """The function would fail at its first import there."""
    package = package_in(tmp_path, there)
    assert fault_of(package) == f"{package} lacks msg_spec for {missing}"


@pytest.mark.parametrize("name", ["_upb.abi3.so", "libfoo.so.so", "x.cpython-313-i386-linux-gnu.so"])
def test_a_module_that_names_neither_processor_is_a_fault(tmp_path: Path, name: str) -> None:
    """It would be loaded on both, and work on one."""
    package = package_in(tmp_path, *PROCESSORS)
    (package / name).touch()
    assert fault_of(package) == f"{name} does not name one of the processors x86_64, aarch64"


def test_a_package_without_bytecode_is_a_fault(tmp_path: Path) -> None:
    """Every cold start would compile it."""
    package = package_in(tmp_path, *PROCESSORS)
    (package / "msg_spec.cpython-313.pyc").unlink()
    assert fault_of(package) == f"{package} holds no bytecode: a cold start would compile everything"


def test_a_package_that_has_grown_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is the size that the documentation states."""
    package = package_in(tmp_path, *PROCESSORS)
    (package / "data").write_bytes(bytes(1000))
    monkeypatch.setattr(module, "MAX_PACKAGE_BYTES", 999)
    assert fault_of(package).endswith("bytes: at most 999")


def test_a_missing_dependency_is_named(tmp_path: Path) -> None:
    """`sam build` says nothing of it."""
    package = package_in(tmp_path, *PROCESSORS)
    with (package / "requirements.txt").open("a") as file:
        file.write("requests==2.0\n")
    assert fault_of(package) == (
        f"{package} lacks requests: does functions/requirements-package.txt still list them?"
    )


def test_a_package_without_requirements_is_a_fault(tmp_path: Path) -> None:
    """There is nothing that the function could do without any."""
    package = package_in(tmp_path, *PROCESSORS)
    (package / "requirements.txt").write_text("# none\n")
    assert fault_of(package) == f"{package}/requirements.txt lists nothing: the package has no dependencies"


def test_an_import_that_fails_is_told_with_its_reason(tmp_path: Path) -> None:
    """Nothing of the environment that the check runs in helps the package."""
    package = package_in(tmp_path, *PROCESSORS)
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
    package = package_in(tmp_path, *PROCESSORS)
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


def test_the_digest_is_that_of_paths_and_bytes(tmp_path: Path) -> None:
    """Times and permissions do not count; a byte, a name and an empty file do."""
    handler = tmp_path / "handler.py"
    handler.write_text("def handler(): ...\n")
    before = digest(tmp_path)
    handler.chmod(0o600)
    handler.touch()
    assert digest(tmp_path) == before

    handler.write_text("def handler(): ..\n.")
    changed = digest(tmp_path)
    handler.rename(tmp_path / "handlers.py")
    renamed = digest(tmp_path)
    (tmp_path / "empty.py").touch()
    assert len({before, changed, renamed, digest(tmp_path)}) == 4


def test_the_digest_does_not_take_one_file_s_end_for_the_next_one_s_name(tmp_path: Path) -> None:
    """Two trees differ whose paths and bytes are equal when written one after another."""
    for name, files in (("one", {"a": "b", "c": ""}), ("two", {"a": "", "c": "b"})):
        for path, text in files.items():
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / path).write_text(text)
    assert digest(tmp_path / "one") != digest(tmp_path / "two")
