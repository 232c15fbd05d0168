"""Loads a folder of rules and reports all its faults together."""

from collections.abc import Collection, Iterator
from pathlib import Path

from eks_log_forwarder.detection.field_names import FieldNames
from eks_log_forwarder.detection.rule import Rule
from eks_log_forwarder.detection.rule_files import RuleFaultsError, read_rule
from eks_log_forwarder.detection.source_addresses import Networks
from eks_log_forwarder.errors import DetectionError

_SUFFIXES = {".yml", ".yaml"}


def load_rules(folder: Path, disabled: Collection[str], trusted_networks: Networks) -> list[Rule]:
    """The rules of a folder in the order of their file names, without the rules disabled by stem or id.

    Raises:
        DetectionError: a file is not a usable rule, two rules have the same id, the folder is missing, or
            `disabled` names a rule that does not exist.
    """
    if not folder.is_dir():
        raise DetectionError([f"{folder}: is not a folder"])
    names = FieldNames(trusted_networks)
    files = sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES)
    rules: list[Rule] = []
    faults: list[str] = []
    for path in files:
        if path.stem in disabled:
            continue
        try:
            rules.append(read_rule(path, names, networks_are_trusted=bool(trusted_networks)))
        except RuleFaultsError as error:
            faults += [
                f"{path.name}: {field}: {reason}" if field else f"{path.name}: {reason}"
                for field, reason in error.faults
            ]
    faults += _same_ids(rules)
    known = {path.stem for path in files} | {rule.detection.id for rule in rules}
    # The id of a faulty file is unknown, so a missing name may belong to it.
    missing = [] if faults else sorted(set(disabled) - known)
    faults += [f"{name}: is disabled, but no rule has this file name or id" for name in missing]
    if faults:
        raise DetectionError(faults)
    return [rule for rule in rules if rule.detection.id not in disabled]


def _same_ids(rules: list[Rule]) -> Iterator[str]:
    files: dict[str, str] = {}
    for rule in rules:
        first = files.setdefault(rule.detection.id, rule.file)
        if first != rule.file:
            yield f"{rule.file}: id: is the same as in {first}"
