"""The package is the same wherever it is built."""

from pathlib import Path

from tools.check_reproducible import build_twice


def test_builds_the_same_package_in_two_folders_with_two_environments(tmp_path: Path) -> None:
    """As they come from `sam build` the two differ, by their environments' paths; settled they do not."""
    first, second = build_twice(tmp_path, empty_cache=False)
    assert len(set(first.settled.values())) == 1  # every function is built from the same sources
    assert first.raw != second.raw
    assert first.settled == second.settled
