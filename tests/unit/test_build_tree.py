"""What `sam build` built, made the same everywhere."""

from pathlib import Path

import pytest

from tools.build_tree import digest, main, settle


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A built package as uv leaves it, with a script and its record."""
    files = {
        "handler.py": "def handler(): ...\n",
        "idna/__init__.py": "",
        "idna/__pycache__/__init__.cpython-313.pyc": "compiled",
        "idna-3.20.dist-info/METADATA": "Name: idna\n",
        "idna-3.20.dist-info/RECORD": "bin/idna,sha256=abc,300\n",
        "bin/idna": "#!/home/alice/.venv/bin/python\n",
        "requirements.txt": "idna==3.20\n",
    }
    for name, text in files.items():
        path = tmp_path / "build" / "ForwardFunction" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "build" / "ForwardFunction"


def test_removes_scripts_records_and_compiled_files_and_nothing_else(package: Path) -> None:
    """Four of the seven files stay; METADATA, which names what is installed, is one of them."""
    assert settle(package) == ["bin", "idna-3.20.dist-info/RECORD", "idna/__pycache__"]
    assert sorted(str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()) == [
        "handler.py",
        "idna-3.20.dist-info/METADATA",
        "idna/__init__.py",
        "requirements.txt",
    ]
    assert settle(package) == []


def test_the_digest_is_that_of_paths_and_bytes(package: Path) -> None:
    """Times and permissions do not count; a byte, a name and an empty file do."""
    before = digest(package)
    (package / "handler.py").chmod(0o600)
    (package / "handler.py").touch()
    assert digest(package) == before

    (package / "handler.py").write_text("def handler(): ..\n.", encoding="utf-8")
    changed = digest(package)
    (package / "handler.py").rename(package / "handlers.py")
    renamed = digest(package)
    (package / "empty.py").touch()
    assert len({before, changed, renamed, digest(package)}) == 4


def test_the_digest_does_not_take_one_file_s_end_for_the_next_one_s_name(tmp_path: Path) -> None:
    """Two trees whose paths and bytes are the same when written one after another differ."""
    for name, files in (("one", {"a": "b", "c": ""}), ("two", {"a": "", "c": "b"})):
        for path, text in files.items():
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / path).write_text(text, encoding="utf-8")
    assert digest(tmp_path / "one") != digest(tmp_path / "two")


def test_settles_every_package_of_a_build_and_prints_its_digest(
    package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line a package; a folder without a build ends with status 1."""
    assert main([str(package.parent)]) == 0
    assert capsys.readouterr().out == f"{package}: {digest(package)}\n"
    assert not (package / "bin").exists()
    assert main([str(package.parent / "nowhere")]) == 1
