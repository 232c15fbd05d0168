"""Reads and checks audit policies, one YAML file each."""

from pathlib import Path

from eks_log_forwarder.audit_policy.faults import Faults
from eks_log_forwarder.audit_policy.policy import Policy
from eks_log_forwarder.audit_policy.policy_rules import read_rules, read_stages
from eks_log_forwarder.errors import PolicyError
from eks_log_forwarder.yaml_files import YamlError, load_yaml

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
    """Load the policy `<folder>/<name>.yaml`.

    Raises:
        PolicyError: there is no such policy (the message lists those that exist), or it is invalid.
    """
    existing = sorted(path.stem for path in folder.glob("*.yaml"))
    if name not in existing:
        message = f"no audit policy {name!r} in {folder}: choose one of {', '.join(existing)}"
        raise PolicyError(message)
    return read_policy(folder / f"{name}.yaml")


def read_policy(path: Path) -> Policy:
    """Read and compile one policy file (audit.k8s.io/v1, kind Policy).

    Raises:
        PolicyError: the API server refuses the policy (k8s.io/apiserver, pkg/audit/policy/reader.go and
            pkg/apis/audit/validation), or it has an unknown field or a value of the wrong type. The message
            has one line per fault: `<path>: <place, rules counted from 0>: <fault>`.
    """
    try:
        document = load_yaml(path)
    except YamlError as error:
        raise PolicyError(str(error)) from error
    faults = Faults()
    policy = _read_document(document, faults)
    if faults.found:
        raise PolicyError("\n".join(f"{path}: {fault}" for fault in faults.found))
    return policy


def _read_document(document: object, faults: Faults) -> Policy:
    fields = faults.mapping(document, "document", _FIELDS)
    if fields is None:
        return Policy(())
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
    return Policy(rules, omit_stages)
