"""Reads one rule or one Sigma filter from one file: checks it, has pySigma parse it and translates it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from sigma.exceptions import SigmaError
from sigma.filters import SigmaFilter
from sigma.rule import SigmaDetectionItem, SigmaDetections, SigmaRule

from eks_log_forwarder.detection.item_refusals import Fault
from eks_log_forwarder.detection.log_sources import log_type_of_source
from eks_log_forwarder.detection.refusals import ANY_RULE, faults_in_filter, faults_in_rule, readable
from eks_log_forwarder.detection.rule_data import Condition, FilterData, RuleData, Some
from eks_log_forwarder.detection.sigma_values import UnsupportedValueError
from eks_log_forwarder.detection.translation import translate
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.yaml_files import YamlError, load_yaml

NEEDS_TRUSTED_NETWORKS = "needsTrustedNetworks"
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

type Document = dict[str, object]


class RuleFaultsError(ValueError):
    """The rule or filter of a file cannot be used; `faults` are pairs (field, reason)."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__(f"{len(faults)} faults")


def read_document(path: Path) -> Document:
    """The YAML mapping in a file.

    Raises:
        RuleFaultsError: it is not YAML, or not a mapping.
    """
    try:
        document = load_yaml(path)
    except YamlError as error:
        raise RuleFaultsError([("", str(error).removeprefix(f"{path}: "))]) from error
    if not isinstance(document, dict):
        raise RuleFaultsError([("", "is not a rule: a mapping with title, logsource and detection")])
    return document


def is_filter(document: Document) -> bool:
    """Whether the document is a Sigma filter (Sigma filters specification)."""
    return "filter" in document


def read_rule(document: Document, name: str, file: str) -> RuleData:
    """The rule of a document. Filters and switches call it `name`, messages call it `file`.

    Raises:
        RuleFaultsError: it is not a rule, or uses something unsupported; lists every fault.
    """
    document = document | {"name": name}
    faults = list(faults_in_rule(document)) or list(_pysigma_faults(SigmaRule, "detection", document))
    if faults:
        raise RuleFaultsError(faults)
    rule = SigmaRule.from_dict(document)
    return RuleData(
        name=name,
        file=file,
        id=str(rule.id) if rule.id is not None else name,
        title=rule.title,
        level=(str(rule.level) if rule.level is not None else "informational").lower(),
        log_type=_log_type(document),
        condition=_condition(rule.detection, "detection"),
        tags=tuple(str(tag) for tag in rule.tags),
        needs_trusted_networks=document.get(NEEDS_TRUSTED_NETWORKS) is True,
    )


def read_filter(document: Document, name: str, rules: Mapping[str, LogType | None]) -> FilterData:
    """The filter of a document. `rules` has each rule's log type, by file name and id; None if unknown.

    pySigma would put the filter into each rule under random names. Here its condition is translated once and
    joined with the conditions of the rules, which means the same.

    Raises:
        RuleFaultsError: it is not a filter, or names a rule that does not exist or has another log source.
    """
    faults = list(faults_in_filter(document, rules)) or list(_pysigma_faults(SigmaFilter, "filter", document))
    if faults:
        raise RuleFaultsError(faults)
    parsed = SigmaFilter.from_dict(document)
    log_type = _log_type(document)
    content = document["filter"]
    given = content.get("rules") if isinstance(content, dict) else None
    named = given if isinstance(given, list) else [given]
    referred = None if isinstance(given, str) and given.lower() == ANY_RULE else frozenset(map(str, named))
    others = sorted(other for other in referred or () if rules[other] not in {None, log_type})
    if others:
        raise RuleFaultsError([("filter.rules", f"{other}: has another log source") for other in others])
    return FilterData(name, log_type, _condition(parsed.filter, "filter"), referred)


def _log_type(document: Document) -> LogType:
    source = document["logsource"]
    return (log_type_of_source(source) if isinstance(source, Mapping) else None) or LogType.UNKNOWN


def _pysigma_faults(
    parser: type[SigmaRule | SigmaFilter], section: str, document: Document
) -> Iterator[Fault]:
    """The errors that pySigma finds, with the detection item if there is one."""
    try:
        errors = parser.from_dict(document, collect_errors=True).errors
    except _PARSE_ERRORS as error:
        errors = [SigmaError(f"{type(error).__name__}: {error}")]
    if errors:
        items = list(_faulty_items(section, document.get(section)))
        yield from items
        yield from (("", str(error)) for error in errors if str(error) not in {reason for _, reason in items})
    needs = document.get(NEEDS_TRUSTED_NETWORKS)
    if needs is not None and not isinstance(needs, bool):
        yield NEEDS_TRUSTED_NETWORKS, "must be true or false"


def _faulty_items(section: str, detection: object) -> Iterator[Fault]:
    pending = (
        [(f"{section}.{name}", part) for name, part in detection.items() if name != "rules"]
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


def _condition(detections: SigmaDetections, section: str) -> Condition:
    """The conditions of a rule or filter, of which one must hold. pySigma parses them at the first access."""
    try:
        conditions = [translate(condition.parsed) for condition in detections.parsed_condition]
    except _PARSE_ERRORS as error:
        raise RuleFaultsError([(f"{section}.condition", readable(str(error)))]) from error
    return conditions[0] if len(conditions) == 1 else Some(tuple(conditions))
