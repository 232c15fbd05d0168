"""Reads and checks audit policies, one YAML file each, or takes what `sam build` compiled them to."""

from pathlib import Path

from eks_log_forwarder.audit_policy.faults import Faults
from eks_log_forwarder.audit_policy.policy import Policy, PolicyData
from eks_log_forwarder.audit_policy.policy_rules import read_rules, read_stages
from eks_log_forwarder.compiled_files import NotCompiledError, no_parser, read_compiled
from eks_log_forwarder.errors import PolicyError

_API_VERSION = "audit.k8s.io/v1"
_FIELDS = frozenset(("apiVersion", "kind", "metadata", "rules", "omitStages", "omitManagedFields"))
_METADATA_FIELDS = frozenset(  # meta.k8s.io/v1 ObjectMeta
    (
        "name",
        "generateName",
        "namespace",
        "selfLink",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "labels",
        "annotations",
        "ownerReferences",
        "finalizers",
        "managedFields",
    )
)


def load_policy(folder: Path, name: str) -> Policy:
    """The policy `<folder>/<name>.yaml`, from the folder's compiled file if there is one.

    Raises:
        PolicyError: there is no such policy (the message lists those that exist), it is invalid, or the
            compiled file does not match the folder.
    """
    try:
        compiled = read_compiled(folder, dict[str, PolicyData])
    except NotCompiledError as error:
        raise PolicyError("\n".join(error.faults)) from error
    existing = _names_in(folder) if compiled is None else sorted(compiled)
    if name not in existing:
        message = f"no audit policy {name!r} in {folder}: choose one of {', '.join(existing)}"
        raise PolicyError(message)
    return read_policy(folder / f"{name}.yaml") if compiled is None else Policy(compiled[name])


def compile_policies(folder: Path) -> dict[str, PolicyData]:
    """All policies of a folder, by name. Raises as `read_policy`."""
    return {name: _read_file(folder / f"{name}.yaml") for name in _names_in(folder)}


def read_policy(path: Path) -> Policy:
    """Read and compile one policy file (audit.k8s.io/v1, kind Policy).

    Raises:
        PolicyError: the API server refuses the policy (k8s.io/apiserver, pkg/audit/policy/reader.go and
            pkg/apis/audit/validation), or it has an unknown field or a value of the wrong type. The message
            has one line per fault: `<path>: <place, rules counted from 0>: <fault>`.
    """
    return Policy(_read_file(path))


def _names_in(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.yaml"))


def _read_file(path: Path) -> PolicyData:
    try:
        # A package has compiled policies and no PyYAML.
        from eks_log_forwarder.yaml_files import YamlError, load_yaml  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise PolicyError(no_parser(path.parent, "PyYAML")) from error
    try:
        document = load_yaml(path)
    except YamlError as error:
        raise PolicyError(str(error)) from error
    faults = Faults()
    policy = _read_document(document, faults)
    if faults.found:
        raise PolicyError("\n".join(f"{path}: {fault}" for fault in faults.found))
    return policy


def _read_document(document: object, faults: Faults) -> PolicyData:
    fields = faults.mapping(document, "document", _FIELDS)
    if fields is None:
        return PolicyData()
    for name, expected in (("apiVersion", _API_VERSION), ("kind", "Policy")):
        if fields.get(name) != expected:
            faults.add(name, f"must be {expected}")
    if fields.get("metadata") is not None:
        faults.mapping(fields["metadata"], "metadata", _METADATA_FIELDS)
    omit_stages = read_stages(fields.get("omitStages"), "omitStages", faults)
    omit_managed_fields = faults.boolean(fields.get("omitManagedFields"), "omitManagedFields")
    rules = read_rules(
        fields.get("rules"), faults, omit_stages=omit_stages, omit_managed_fields=bool(omit_managed_fields)
    )
    return PolicyData(rules, omit_stages)
