"""Loads the rules of some folders and reports all their faults together."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from eks_log_forwarder.detection.field_names import FieldNames
from eks_log_forwarder.detection.rule import Rule
from eks_log_forwarder.detection.rule_files import RuleFaultsError, read_rule
from eks_log_forwarder.detection.source_addresses import Networks
from eks_log_forwarder.errors import DetectionError

_SUFFIXES = {".yml", ".yaml"}


def load_rules(folders: Sequence[Path], disabled: Collection[str], trusted_networks: Networks) -> list[Rule]:
    """The rules of the folders, each in the order of its file names, without those disabled by stem or id.

    The rules of the second and later folders are called by folder and file, such as `own/shell.yml`.

    Raises:
        DetectionError: a file is not a usable rule, two files have the same stem or two rules the same id, a
            folder is missing, or `disabled` names a rule that does not exist.
    """
    files = {name: path for folder in folders for name, path in _files(folder, is_first=folder == folders[0])}
    names = FieldNames(trusted_networks)
    rules: list[Rule] = []
    faults = list(_same("file name", [(path.stem, name) for name, path in files.items()]))
    for name, path in files.items():
        if path.stem in disabled:
            continue
        try:
            rules.append(read_rule(path, name, names, networks_are_trusted=bool(trusted_networks)))
        except RuleFaultsError as error:
            faults += [
                f"{name}: {field}: {reason}" if field else f"{name}: {reason}"
                for field, reason in error.faults
            ]
    faults += _same("id", [(rule.detection.id, rule.file) for rule in rules])
    known = {path.stem for path in files.values()} | {rule.detection.id for rule in rules}
    # The id of a faulty file is unknown, so a missing name may be its id.
    missing = [] if faults else sorted(set(disabled) - known)
    faults += [f"{name}: is disabled, but no rule has this file name or id" for name in missing]
    if faults:
        raise DetectionError(faults)
    return [rule for rule in rules if rule.detection.id not in disabled]


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
