"""What `sam build` built, made the same everywhere."""

from pathlib import Path

import pytest

from tools.build_tree import compile_sources, digest, main, settle


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


def test_compiles_every_source_without_time_stamps(tmp_path: Path) -> None:
    """Twice the same sources in two folders give the same bytecode, named as Lambda has the files."""
    digests = set()
    for name in ("here", "there"):
        package = tmp_path / name
        (package / "part").mkdir(parents=True)
        (package / "a.py").write_text("VALUE = 1\n", encoding="utf-8")
        (package / "part" / "b.py").write_text("def f():\n    return 2\n", encoding="utf-8")
        assert compile_sources(package) == 2
        digests.add(digest(package))
    assert len(digests) == 1
    (compiled,) = (tmp_path / "here" / "__pycache__").glob("a.*.pyc")
    assert b"/var/task/a.py" in compiled.read_bytes()
    assert str(tmp_path).encode() not in compiled.read_bytes()
    assert int.from_bytes(compiled.read_bytes()[4:8], "little") == 1  # PEP 552: a hash that is not checked
