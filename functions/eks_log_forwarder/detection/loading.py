"""Reads the rules of some folders with pySigma and reports all their faults together."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from eks_log_forwarder.detection.rule_data import RuleData
from eks_log_forwarder.detection.rule_files import RuleFaultsError, read_rule
from eks_log_forwarder.errors import DetectionError

_SUFFIXES = {".yml", ".yaml"}


def read_rules(folders: Sequence[Path], skipped: Collection[str] = ()) -> list[RuleData]:
    """The rules of the folders, each in the order of its file names, without files of the `skipped` stems.

    The rules of the second and later folders are called by folder and file, such as `own/shell.yml`.

    Raises:
        DetectionError: a file is not a usable rule, two files have the same stem or two rules the same id, or
            a folder is missing.
    """
    files = rule_paths(folders)
    rules: list[RuleData] = []
    faults = list(_same("file name", [(path.stem, name) for name, path in files.items()]))
    for name, path in files.items():
        if path.stem in skipped:
            continue
        try:
            rules.append(read_rule(path, name))
        except RuleFaultsError as error:
            faults += [
                f"{name}: {field}: {reason}" if field else f"{name}: {reason}"
                for field, reason in error.faults
            ]
    faults += _same("id", [(rule.id, rule.file) for rule in rules])
    if faults:
        raise DetectionError(faults)
    return rules


def rule_paths(folders: Sequence[Path]) -> dict[str, Path]:
    """The files of rules, by what messages call them.

    Raises:
        DetectionError: a folder is missing.
    """
    return {name: path for folder in folders for name, path in _files(folder, is_first=folder == folders[0])}


def _files(folder: Path, *, is_first: bool) -> Iterator[tuple[str, Path]]:
    if not folder.is_dir():
        raise DetectionError([f"{folder}: is not a folder"])
    for path in sorted(folder.iterdir()):
        if path.suffix in _SUFFIXES:
            yield path.name if is_first else f"{folder.name}/{path.name}", path


def _same(what: str, given: list[tuple[str, str]]) -> Iterator[str]:
    """Of (value, file), the files whose value an earlier file has."""
    files: dict[str, str] = {}
    for value, file in given:
        first = files.setdefault(value, file)
        if first != file:
            yield f"{file}: {what}: is the same as in {first}"
