"""Builds policies and event headers for the tests of the audit policy."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from eks_log_forwarder.audit_policy import Policy, read_policy
from eks_log_forwarder.control_plane.audit import AuditHeader

HEAD = "apiVersion: audit.k8s.io/v1\nkind: Policy\n"


def policy_of(rules: str, *, head: str = "") -> Policy:
    """Read a policy from the YAML of its rules and, before them, of its other fields."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sample.yaml"
        path.write_text(f"{HEAD}{head}\nrules:\n{rules}\n", encoding="utf-8")
        return read_policy(path)


def header_of(**fields: Any) -> AuditHeader:  # noqa: ANN401  # JSON values
    """Build a header from an event's own field names; a get of a pod by a person unless told otherwise."""
    event = {
        "level": "RequestResponse",
        "stage": "ResponseComplete",
        "verb": "get",
        "requestURI": "/api/v1/namespaces/shop/pods/cart",
        "user": {"username": "ana", "groups": ["developers", "system:authenticated"]},
        "objectRef": {"resource": "pods", "namespace": "shop", "name": "cart", "apiVersion": "v1"},
        "responseStatus": {"code": 200},
    } | fields
    return msgspec.convert({key: value for key, value in event.items() if value is not None}, AuditHeader)


def object_of(resource: str, **fields: str) -> dict[str, str]:
    """Build an objectRef from `resource`, `resource/subresource` or either with `.group` at its end."""
    whole, _, group = resource.partition(".")
    name, _, subresource = whole.partition("/")
    parts = {"resource": name, "subresource": subresource, "apiGroup": group} | fields
    return {key: value for key, value in parts.items() if value}
