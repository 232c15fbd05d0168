"""Rules as data, from the compiled file of a package or else from their sources; and their functions."""

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path, PurePath

from eks_log_forwarder.compiled_files import NotCompiledError, no_parser, read_compiled
from eks_log_forwarder.detection.binding import bind
from eks_log_forwarder.detection.field_names import FieldNames
from eks_log_forwarder.detection.once_a_request import once_a_request
from eks_log_forwarder.detection.rule import Rule, build_rule
from eks_log_forwarder.detection.rule_data import RuleData
from eks_log_forwarder.detection.source_addresses import Networks
from eks_log_forwarder.errors import DetectionError
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.record.record import RuleRef


def rules_of(folders: Sequence[Path], disabled: Collection[str] = ()) -> list[RuleData]:
    """The rules of the folders. Without a compiled file, a source whose stem is `disabled` is not read.

    Raises:
        DetectionError: the compiled file does not match the sources; or there is none, and the sources have
            faults or pySigma is not installed; or `disabled` names a rule that does not exist.
    """
    try:
        compiled = read_compiled(folders[0], list[RuleData])
    except NotCompiledError as error:
        raise DetectionError(error.faults) from error
    if compiled is None:
        rules, stems = _from_sources(folders, disabled)
    else:
        rules, stems = compiled, {PurePath(rule.file).stem for rule in compiled}
    unknown = sorted(set(disabled) - stems - {rule.id for rule in rules})
    if unknown:
        raise DetectionError(
            [f"{name}: is disabled, but no rule has this file name or id" for name in unknown]
        )
    return rules


def _from_sources(folders: Sequence[Path], disabled: Collection[str]) -> tuple[list[RuleData], set[str]]:
    """The rules, and the stems of all files."""
    try:
        from eks_log_forwarder.detection.loading import read_rules, rule_paths  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise DetectionError([no_parser(folders[0], "pySigma")]) from error
    return read_rules(folders, disabled), {path.stem for path in rule_paths(folders).values()}


def build_rules(
    rules: Sequence[RuleData], disabled: Collection[str], trusted_networks: Networks
) -> Iterator[Rule]:
    """The rules with their functions, without those whose stem or id is in `disabled`."""
    names = FieldNames(trusted_networks)
    for rule in rules:
        if rule.id in disabled or PurePath(rule.file).stem in disabled:
            continue
        node = bind(rule.condition, partial(names.field, rule.log_type))
        if rule.log_type is LogType.AUDIT:
            node = once_a_request(node, names)
        level = rule.level
        if rule.level_without_trusted_networks is not None and not trusted_networks:
            level = rule.level_without_trusted_networks
        detection = RuleRef(id=rule.id, title=rule.title, level=level, tags=list(rule.tags))
        yield build_rule(detection, rule.log_type, rule.file, node)
