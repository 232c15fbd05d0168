"""Rules as data, from the compiled file of a package or else from their sources; and their functions."""

from collections.abc import Collection, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from pathlib import Path

from eks_log_forwarder.compiled_files import NotCompiledError, no_parser, read_compiled
from eks_log_forwarder.detection.binding import bind
from eks_log_forwarder.detection.field_names import FieldNames
from eks_log_forwarder.detection.nodes import All
from eks_log_forwarder.detection.once_a_request import once_a_request
from eks_log_forwarder.detection.rule import Rule, build_rule
from eks_log_forwarder.detection.rule_data import RulesData
from eks_log_forwarder.detection.source_addresses import Networks
from eks_log_forwarder.errors import DetectionError
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.record.record import RuleRef


def rules_of(folders: Sequence[Path], disabled: Collection[str] = ()) -> RulesData:
    """The rules and filters of the folders. Without a compiled file, `disabled` sources are not read.

    Raises:
        DetectionError: the compiled file does not match the sources; or there is none, and the sources have
            faults or pySigma is not installed; or `disabled` names a rule that does not exist.
    """
    try:
        compiled = read_compiled(folders[0], RulesData)
    except NotCompiledError as error:
        raise DetectionError(error.faults) from error
    if compiled is None:
        try:
            from eks_log_forwarder.detection.loading import read_rules  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise DetectionError([no_parser(folders[0], "pySigma")]) from error
        return read_rules(folders, disabled)
    known = {name for rule in compiled.rules for name in (rule.name, rule.id)}
    known |= {each.name for each in compiled.filters}
    if unknown := sorted(set(disabled) - known):
        raise DetectionError(
            [f"{name}: is disabled, but no rule has this file name or id" for name in unknown]
        )
    return compiled


def build_rules(data: RulesData, disabled: AbstractSet[str], trusted_networks: Networks) -> Iterator[Rule]:
    """The rules with their functions and the filters that name them.

    Rules and filters whose name or id is in `disabled` are left out, and so are rules that need trusted
    networks while there are none.
    """
    names = FieldNames(trusted_networks)
    filters = [each for each in data.filters if each.name not in disabled]
    for rule in data.rules:
        if not disabled.isdisjoint((rule.name, rule.id)) or (
            rule.needs_trusted_networks and not trusted_networks
        ):
            continue
        fields = partial(names.field, rule.log_type)
        node = bind(rule.condition, fields)
        if rule.log_type is LogType.AUDIT:
            node = once_a_request(node, names)
        if more := tuple(bind(each.condition, fields) for each in filters if each.applies_to(rule)):
            node = All((node, *more))
        detection = RuleRef(id=rule.id, title=rule.title, level=rule.level, tags=list(rule.tags))
        yield build_rule(detection, rule.log_type, rule.file, node)
