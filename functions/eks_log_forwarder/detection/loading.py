"""Reads the rules and Sigma filters of some folders with pySigma; reports all their faults together."""

from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from pathlib import Path

from eks_log_forwarder.detection.rule_data import FilterData, RuleData, RulesData
from eks_log_forwarder.detection.rule_files import (
    Document,
    RuleFaultsError,
    is_filter,
    read_document,
    read_filter,
    read_rule,
)
from eks_log_forwarder.errors import DetectionError
from eks_log_forwarder.intake.log_type import LogType

_SUFFIXES = {".yml", ".yaml"}


def read_rules(folders: Sequence[Path], disabled: Collection[str] = ()) -> RulesData:
    """The rules and filters of the folders, each in the order of its file names.

    Files that are disabled by file name (without its ending) are left out, even if they have faults. The
    files of the second and later folders are called by folder and file, such as `own/shell.yml`.

    Raises:
        DetectionError: a file is not a usable rule or filter, a filter names a rule that does not exist, two
            files have the same name or two rules the same id, a folder is missing, or `disabled` names a rule
            that does not exist.
    """
    loading = _Loading(folders, disabled)
    rules, filters = loading.rules(), loading.filters()
    loading.check_disabled()
    if loading.faults:
        raise DetectionError(loading.faults)
    return RulesData(tuple(rules), tuple(filters))


class _Loading:
    """The documents of all folders, and the faults found so far."""

    def __init__(self, folders: Sequence[Path], disabled: Collection[str]) -> None:
        self._disabled = disabled
        files = dict(file for folder in folders for file in _files(folder, is_first=folder == folders[0]))
        self._faults: dict[str, list[str]] = {file: [] for file in files}
        self._general = list(_same("file name", [(path.stem, file) for file, path in files.items()]))
        # What filters and switches may refer to: the file name or id of any rule, disabled or not.
        self._known: dict[str, LogType | None] = {}
        self._rules: list[tuple[str, str, Document]] = []
        self._filters: list[tuple[str, Document]] = []
        for file, path in files.items():
            self._read(file, path)

    def _read(self, file: str, path: Path) -> None:
        try:
            document = read_document(path)
        except RuleFaultsError as error:
            if path.stem in self._disabled:
                self._known[path.stem] = None
            else:
                self._add(file, error)
            return
        if path.stem in self._disabled:
            self._known |= dict.fromkeys((path.stem, str(document.get("id", path.stem))))
        elif is_filter(document):
            self._filters.append((file, document))
        else:
            self._rules.append((file, path.stem, document))

    def rules(self) -> list[RuleData]:
        """The rules, of which the faulty ones are missing."""
        found = []
        for file, stem, document in self._rules:
            self._known[stem] = None
            try:
                rule = read_rule(document, stem, file)
            except RuleFaultsError as error:
                self._add(file, error)
            else:
                found.append(rule)
                self._known |= {stem: rule.log_type, rule.id: rule.log_type}
        self._general += _same("id", [(rule.id, rule.file) for rule in found])
        return found

    def filters(self) -> list[FilterData]:
        """The filters, of which the faulty ones are missing."""
        found = []
        for file, document in self._filters:
            try:
                found.append(read_filter(document, Path(file).stem, self._known))
            except RuleFaultsError as error:
                self._add(file, error)
        return found

    def check_disabled(self) -> None:
        """Reports the disabled names that no rule has. The id of a faulty file is unknown, and may be one."""
        if not self.faults:
            missing = sorted(set(self._disabled) - self._known.keys())
            self._general += [
                f"{name}: is disabled, but no rule has this file name or id" for name in missing
            ]

    @property
    def faults(self) -> list[str]:
        """All faults, in the order of the files."""
        return [*self._general, *chain.from_iterable(self._faults.values())]

    def _add(self, file: str, error: RuleFaultsError) -> None:
        self._faults[file] += [
            f"{file}: {field}: {reason}" if field else f"{file}: {reason}" for field, reason in error.faults
        ]


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
