"""YAML files are read into plain values, or refused with file and line."""

from pathlib import Path

import pytest

from eks_log_forwarder.yaml_files import YamlError, load_yaml


def test_reads_plain_values(tmp_path: Path) -> None:
    """Mappings, lists, scalars, anchors and merges."""
    path = tmp_path / "a.yaml"
    path.write_text("a: &x {b: [1, 1.5, true, null, é]}\nc: {<<: *x, d: None}\n", encoding="utf-8")
    inner = {"b": [1, 1.5, True, None, "é"]}
    assert load_yaml(path) == {"a": inner, "c": inner | {"d": "None"}}


def test_reads_an_empty_file_as_none(tmp_path: Path) -> None:
    """No document is no value."""
    path = tmp_path / "a.yaml"
    path.write_text("# nothing\n", encoding="utf-8")
    assert load_yaml(path) is None


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"a: 1\nb: {c: 1, c: 2}\n", "line 2: the key 'c' stands here and in line 2"),
        (b"a: 1\nb: 2\na: 3\n", "line 3: the key 'a' stands here and in line 1"),
        (b"a: [1\n", "line 2: expected ',' or ']', but got '<stream end>'"),
        (b"a: 1\n---\nb: 2\n", "line 2: but found another document"),
        (
            b"a: !!python/name:os {}\n",
            "line 1: could not determine a constructor for the tag 'tag:yaml.org,2002:python/name:os'",
        ),
        (b"a: 2024-13-01\n", "cannot be read as YAML: month must be in 1..12"),
        (b"? [a]\n: 1\n", "line 1: found unhashable key"),
        (b"a: \xff\n", "is not UTF-8 text"),
    ],
)
def test_refuses_what_is_not_plain_yaml(content: bytes, fault: str, tmp_path: Path) -> None:
    """The message names the file, the line and the fault."""
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    with pytest.raises(YamlError) as refusal:
        load_yaml(path)
    assert str(refusal.value).startswith(f"{path}: {fault}")


def test_refuses_a_missing_file(tmp_path: Path) -> None:
    """The message names the file."""
    path = tmp_path / "missing.yaml"
    with pytest.raises(YamlError) as refusal:
        load_yaml(path)
    assert str(refusal.value) == f"{path}: No such file or directory"


def test_refuses_nesting_that_no_stack_holds(tmp_path: Path) -> None:
    """Deep nesting is a fault of the file, not a crash."""
    path = tmp_path / "deep.yaml"
    path.write_text("[" * 5000 + "]" * 5000, encoding="utf-8")
    with pytest.raises(YamlError, match=r"deep\.yaml: cannot be read as YAML"):
        load_yaml(path)
