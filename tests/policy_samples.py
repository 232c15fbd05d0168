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
    """Build a header from an event's field names; by default, a person gets a pod.

    Without a requestURI in `fields`, the URI is that of the objectRef.
    """
    event: dict[str, Any] = {
        "level": "RequestResponse",
        "stage": "ResponseComplete",
        "verb": "get",
        "user": {"username": "ana", "groups": ["developers", "system:authenticated"]},
        "objectRef": {"resource": "pods", "namespace": "shop", "name": "cart", "apiVersion": "v1"},
        "responseStatus": {"code": 200},
    } | fields
    event.setdefault("requestURI", uri_of(event["verb"], event["objectRef"]))
    return msgspec.convert({key: value for key, value in event.items() if value is not None}, AuditHeader)


def uri_of(verb: str, object_ref: dict[str, str] | None) -> str:
    """Return the URI of a request for an object; that of a create has no name."""
    ref = object_ref or {}
    group, namespace = ref.get("apiGroup"), ref.get("namespace")
    subresource = ref.get("subresource", "")
    return "/".join(
        part
        for part in (
            f"/apis/{group}/v1" if group else "/api/v1",
            f"namespaces/{namespace}" if namespace else "",
            ref.get("resource"),
            ref.get("name") if verb != "create" or subresource else "",
            subresource,
        )
        if part
    )


def object_of(resource: str, **fields: str) -> dict[str, str]:
    """Build an objectRef from `resource`, `resource/subresource` or either with `.group` at its end."""
    whole, _, group = resource.partition(".")
    name, _, subresource = whole.partition("/")
    parts = {"resource": name, "subresource": subresource, "apiGroup": group} | fields
    return {key: value for key, value in parts.items() if value}
