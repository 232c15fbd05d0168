"""Reads one rule from one file: checks it, has pySigma parse it and compiles it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from sigma.exceptions import SigmaError
from sigma.rule import SigmaDetectionItem, SigmaLevel, SigmaRule

from eks_log_forwarder.detection.field_names import FieldNames
from eks_log_forwarder.detection.log_sources import log_type_of_source
from eks_log_forwarder.detection.nodes import AnyOf, Node
from eks_log_forwarder.detection.once_a_request import once_a_request
from eks_log_forwarder.detection.refusals import Fault, faults_in
from eks_log_forwarder.detection.rule import Rule, build_rule
from eks_log_forwarder.detection.sigma_values import UnsupportedValueError
from eks_log_forwarder.detection.translation import translate
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.record.record import RuleRef
from eks_log_forwarder.yaml_files import YamlError, load_yaml

LEVEL_WITHOUT_TRUSTED_NETWORKS = "levelWithoutTrustedNetworks"
# pySigma raises these on documents of unexpected types, besides its own errors.
_PARSE_ERRORS = (
    SigmaError,
    UnsupportedValueError,
    TypeError,
    AttributeError,
    ValueError,
    KeyError,
    RecursionError,
)


class RuleFaultsError(ValueError):
    """The rule of a file cannot be used; `faults` are pairs (field, reason)."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__(f"{len(faults)} faults")


def read_rule(path: Path, file: str, names: FieldNames, *, networks_are_trusted: bool) -> Rule:
    """The rule at a path; `file` is what messages call it.

    Raises:
        RuleFaultsError: it is not a rule, or uses something unsupported; lists every fault.
    """
    try:
        document = load_yaml(path)
    except YamlError as error:
        raise RuleFaultsError([("", str(error).removeprefix(f"{path}: "))]) from error
    if not isinstance(document, dict):
        raise RuleFaultsError([("", "is not a rule: a mapping with title, logsource and detection")])
    faults = list(faults_in(document)) or list(_pysigma_faults(document))
    if faults:
        raise RuleFaultsError(faults)
    rule = SigmaRule.from_dict(document)
    log_type = log_type_of_source(document["logsource"]) or LogType.UNKNOWN
    node = _node(rule, names, log_type)
    if log_type is LogType.AUDIT:
        node = once_a_request(node, names)
    return build_rule(_detection(rule, path, networks_are_trusted=networks_are_trusted), log_type, file, node)


def _pysigma_faults(document: dict[str, object]) -> Iterator[Fault]:
    """The errors that pySigma finds, with the detection item if there is one."""
    try:
        errors = SigmaRule.from_dict(document, collect_errors=True).errors
    except _PARSE_ERRORS as error:
        errors = [SigmaError(f"{type(error).__name__}: {error}")]
    if errors:
        items = list(_faulty_items(document.get("detection")))
        yield from items
        yield from (("", str(error)) for error in errors if str(error) not in {reason for _, reason in items})
    level = document.get(LEVEL_WITHOUT_TRUSTED_NETWORKS)
    if level is not None and (not isinstance(level, str) or level.upper() not in SigmaLevel.__members__):
        yield LEVEL_WITHOUT_TRUSTED_NETWORKS, "is not a level: informational, low, medium, high or critical"


def _faulty_items(detection: object) -> Iterator[Fault]:
    pending = (
        [(f"detection.{name}", part) for name, part in detection.items()]
        if isinstance(detection, Mapping)
        else []
    )
    for place, definition in pending:
        if isinstance(definition, list):
            pending.extend((place, part) for part in definition)
        elif isinstance(definition, Mapping):
            for key, value in definition.items():
                try:
                    SigmaDetectionItem.from_mapping(key, value)
                except _PARSE_ERRORS as error:
                    yield f"{place}.{key}", str(error)


def _node(rule: SigmaRule, names: FieldNames, log_type: LogType) -> Node:
    """The conditions of a rule, of which one must hold. pySigma parses them at the first access."""
    try:
        conditions = [
            translate(condition.parsed, lambda name: names.field(log_type, name))
            for condition in rule.detection.parsed_condition
        ]
    except _PARSE_ERRORS as error:
        raise RuleFaultsError([("detection.condition", str(error))]) from error
    return conditions[0] if len(conditions) == 1 else AnyOf(tuple(conditions))


def _detection(rule: SigmaRule, path: Path, *, networks_are_trusted: bool) -> RuleRef:
    level = str(rule.level) if rule.level is not None else "informational"
    if not networks_are_trusted:
        level = str(rule.custom_attributes.get(LEVEL_WITHOUT_TRUSTED_NETWORKS, level))
    return RuleRef(
        id=str(rule.id) if rule.id is not None else path.stem,
        title=rule.title,
        level=level.lower(),
        tags=[str(tag) for tag in rule.tags],
    )
