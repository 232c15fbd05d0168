"""The package is the same wherever it is built."""

from pathlib import Path

from tools.check_build import check_build
from tools.check_reproducible import build_twice


def test_every_function_has_the_same_package_wherever_it_is_built(tmp_path: Path) -> None:
    """In two folders with two environments; it passes the check that `make build` makes."""
    first, second = build_twice(tmp_path, empty_cache=False)
    assert len(first) == 3
    assert len(set(first.values())) == 1
    assert first == second
    package = tmp_path / "first" / ".aws-sam" / "build" / "ForwardFunction"
    assert check_build(package).endswith(first["ForwardFunction"])
