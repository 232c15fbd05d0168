"""Reads one rule from one file: checks it, has pySigma parse it and translates it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from sigma.exceptions import SigmaError
from sigma.rule import SigmaDetectionItem, SigmaLevel, SigmaRule

from eks_log_forwarder.detection.log_sources import log_type_of_source
from eks_log_forwarder.detection.refusals import Fault, faults_in
from eks_log_forwarder.detection.rule_data import Condition, RuleData, Some
from eks_log_forwarder.detection.sigma_values import UnsupportedValueError
from eks_log_forwarder.detection.translation import translate
from eks_log_forwarder.intake.log_type import LogType
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


def read_rule(path: Path, file: str) -> RuleData:
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
    without = rule.custom_attributes.get(LEVEL_WITHOUT_TRUSTED_NETWORKS)
    return RuleData(
        file=file,
        id=str(rule.id) if rule.id is not None else path.stem,
        title=rule.title,
        level=str(rule.level).lower() if rule.level is not None else "informational",
        log_type=log_type_of_source(document["logsource"]) or LogType.UNKNOWN,
        condition=_condition(rule),
        tags=tuple(str(tag) for tag in rule.tags),
        level_without_trusted_networks=None if without is None else str(without).lower(),
    )


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


def _condition(rule: SigmaRule) -> Condition:
    """The conditions of a rule, of which one must hold. pySigma parses them at the first access."""
    try:
        conditions = [translate(condition.parsed) for condition in rule.detection.parsed_condition]
    except _PARSE_ERRORS as error:
        raise RuleFaultsError([("detection.condition", str(error))]) from error
    return conditions[0] if len(conditions) == 1 else Some(tuple(conditions))
