"""The policies that ship, on events such as EKS writes."""

import json
from pathlib import Path
from typing import Any

import pytest

from eks_log_forwarder.audit_policy import Action, Policy, load_policy, trim
from tests.policy_samples import header_of, object_of

POLICIES = Path(__file__).parents[3] / "functions" / "policies"


def shipped(name: str) -> Policy:
    """Load a policy that ships."""
    policy = load_policy(POLICIES, name)
    assert policy is not None
    return policy


NODE = {
    "username": "system:node:ip-10-0-1-5.ec2.internal",
    "groups": ["system:bootstrappers", "system:nodes", "system:authenticated"],
}
CONTROLLER_MANAGER = {"username": "system:kube-controller-manager", "groups": ["system:authenticated"]}
SCHEDULER = {"username": "system:kube-scheduler", "groups": ["system:authenticated"]}
API_SERVER = {"username": "system:apiserver", "groups": ["system:masters", "system:authenticated"]}
EKS_METRICS = {"username": "eks:k8s-metrics", "groups": ["system:authenticated"]}
ANONYMOUS = {"username": "system:anonymous", "groups": ["system:unauthenticated"]}


def controller(name: str, namespace: str = "kube-system") -> dict[str, Any]:
    """Build the user of a service account."""
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"]
    return {"username": f"system:serviceaccount:{namespace}:{name}", "groups": groups}


def on(verb: str, resource: str, user: dict[str, Any] | None = None, **ref: str) -> dict[str, Any]:
    """Build the fields of an event about an object; by a person unless told otherwise."""
    fields: dict[str, Any] = {"verb": verb, "objectRef": object_of(resource, **ref)}
    return fields if user is None else fields | {"user": user}


def url(path: str, user: dict[str, Any] | None = None, verb: str = "get") -> dict[str, Any]:
    """Build the fields of an event about a non-resource URL; by a person unless told otherwise."""
    fields: dict[str, Any] = {"verb": verb, "objectRef": None, "requestURI": path}
    return fields if user is None else fields | {"user": user}


LEASES = "leases.coordination.k8s.io"
SLICES = "endpointslices.discovery.k8s.io"
ROLES = "clusterroles.rbac.authorization.k8s.io"


@pytest.mark.parametrize(
    "fields",
    [
        on("update", LEASES, NODE, namespace="kube-node-lease"),
        on("get", LEASES, NODE, namespace="kube-node-lease"),
        on("update", LEASES, CONTROLLER_MANAGER, namespace="kube-system"),
        on("get", LEASES, SCHEDULER, namespace="kube-system"),
        on("update", LEASES, API_SERVER, namespace="kube-system"),
        on("update", LEASES, controller("ebs-csi-controller-sa"), namespace="kube-system"),
        on("patch", LEASES, controller("karpenter", "karpenter"), namespace="karpenter"),
        on("update", "endpoints", controller("endpoint-controller"), namespace="shop"),
        on("update", SLICES, controller("endpointslice-controller"), namespace="shop"),
        on("delete", SLICES, controller("endpointslice-controller"), namespace="shop"),
        on("get", "endpoints", API_SERVER, namespace="default"),
        url("/healthz", ANONYMOUS),
        url("/livez?exclude=kms-provider-0", ANONYMOUS),
        url("/readyz/ping", API_SERVER),
        url("/api?timeout=32s"),
        url("/apis/apps/v1"),
        url("/openapi/v3", controller("argocd", "argocd")),
        url("/version"),
        on("watch", "pods", NODE),
        on("watch", "configmaps", NODE, namespace="shop"),
        on("watch", "nodes", SCHEDULER),
        on("watch", "services", CONTROLLER_MANAGER),
        on("watch", SLICES, controller("coredns")),
        on("watch", "nodes", EKS_METRICS),
    ],
)
def test_quiet_drops_what_machines_say_to_themselves(fields: dict[str, Any]) -> None:
    """Lease renewals, endpoint churn, health and discovery URLs, controllers' watches; not denials."""
    policy = shipped("quiet")
    assert policy.decide(header_of(**fields)).action is Action.DROP
    for code in (401, 403):
        assert policy.decide(header_of(**fields | {"responseStatus": {"code": code}})).action is Action.KEEP


@pytest.mark.parametrize(
    "fields",
    [
        on("update", LEASES, namespace="kube-system"),
        on("delete", LEASES, CONTROLLER_MANAGER, namespace="kube-system"),
        on("create", LEASES, NODE, namespace="kube-node-lease"),
        on("update", "endpoints", namespace="shop"),
        on("patch", SLICES, controller("cart", "shop"), namespace="shop"),
        url("/healthz", verb="post"),
        url("/version", ANONYMOUS),
        url("/apis", ANONYMOUS),
        url("/metrics", controller("prometheus", "monitoring")),
        url("/logs/kube-apiserver.log"),
        on("watch", "pods"),
        on("watch", "pods", controller("cart", "shop")),
        on("watch", "secrets", NODE, namespace="shop", name="till"),
        on("watch", "secrets", controller("coredns")),
        on("list", "secrets", CONTROLLER_MANAGER),
        on("create", "serviceaccounts/token", NODE, namespace="shop", name="cart"),
        on("create", "pods/exec", namespace="shop", name="cart"),
        on("list", "pods", NODE),
        on("patch", "nodes/status", NODE, name="ip-10-0-1-5.ec2.internal"),
        on("delete", "deployments.apps", namespace="shop", name="cart"),
        on("get", ROLES, name="admin"),
        on("patch", "configmaps", {"username": "eks:node-manager"}, namespace="kube-system", name="aws-auth"),
    ],
)
def test_quiet_keeps_the_rest_whole(fields: dict[str, Any]) -> None:
    """Events of people and workloads, Secrets and tokens are forwarded unchanged."""
    assert shipped("quiet").decide(header_of(**fields)).action is Action.KEEP


@pytest.mark.parametrize(
    "fields",
    [
        on("get", "secrets", namespace="shop", name="till"),
        on("list", "secrets"),
        on("watch", "secrets", NODE, namespace="shop"),
        on("create", "serviceaccounts/token", NODE, namespace="shop", name="cart"),
        on("create", "tokenreviews.authentication.k8s.io", NODE),
        on("update", "certificatesigningrequests/approval.certificates.k8s.io", name="csr-1"),
        on("create", "pods/exec", namespace="shop", name="cart"),
        on("get", "pods/exec", namespace="shop", name="cart"),
        on("get", "pods/attach", namespace="shop", name="cart"),
        on("create", "pods/portforward", namespace="shop", name="cart"),
        on("patch", "pods/ephemeralcontainers", namespace="shop", name="cart"),
        on("get", "nodes/proxy", name="ip-10-0-1-5.ec2.internal"),
        on("get", "services/proxy", namespace="shop", name="cart"),
        on("get", ROLES, name="admin"),
        on("create", "clusterrolebindings.rbac.authorization.k8s.io", name="owners"),
        on("get", "configmaps", namespace="kube-system", name="aws-auth"),
        on("create", "pods", controller("replicaset-controller"), namespace="shop", name="cart-1"),
        on("update", "deployments.apps", namespace="shop", name="cart"),
        on("patch", "deployments/scale.apps", namespace="shop", name="cart"),
        on("delete", "namespaces", namespace="shop", name="shop"),
        on("deletecollection", "pods", namespace="shop"),
        on("patch", "pods/status", namespace="shop", name="cart"),
        on("update", LEASES, namespace="kube-system"),
        url("/something", verb="post"),
    ],
)
def test_security_keeps_writes_and_credentials_whole(fields: dict[str, Any]) -> None:
    """Writes, Secrets, exec, RBAC and tokens."""
    assert shipped("security").decide(header_of(**fields)).action is Action.KEEP


@pytest.mark.parametrize(
    "fields",
    [
        on("get", "pods", namespace="shop", name="cart"),
        on("list", "pods"),
        on("list", "pods", controller("cart", "shop")),
        on("watch", "configmaps", NODE, namespace="shop"),
        on("get", "pods/log", namespace="shop", name="cart"),
        on("get", "configmaps", namespace="shop", name="aws-auth"),
        on("patch", "nodes/status", NODE, name="ip-10-0-1-5.ec2.internal"),
        on("patch", "pods/status", NODE, namespace="shop", name="cart"),
        on("update", "deployments/status.apps", controller("deployment-controller"), namespace="shop"),
        on("update", LEASES, NODE, namespace="kube-node-lease"),
        on("update", LEASES, SCHEDULER, namespace="kube-system"),
        on("update", SLICES, controller("endpointslice-controller"), namespace="shop"),
        on("create", "subjectaccessreviews.authorization.k8s.io", controller("metrics-server")),
        url("/healthz", ANONYMOUS),
    ],
)
def test_security_keeps_the_metadata_of_the_rest(fields: dict[str, Any]) -> None:
    """Reads and bookkeeping lose their bodies, and no event is dropped."""
    decision = shipped("security").decide(header_of(**fields))
    assert (decision.action, decision.level) == (Action.TRIM, "Metadata")
    assert decision.strip == ("requestObject", "responseObject")


def test_security_trims_a_kubelets_status_to_its_metadata() -> None:
    """Only level and bodies change; all other bytes stay."""
    start = '{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"'
    middle = (
        '","auditID":"7f0b","stage":"ResponseComplete","requestURI":"/api/v1/nodes/n1/status?timeout=10s",'
        '"verb":"patch","user":{"username":"system:node:n1","groups":["system:nodes","system:authenticated"]},'
        '"impersonatedUser":{"username":"system:node:n2"},"sourceIPs":["10.0.1.5"],'
        '"objectRef":{"resource":"nodes","name":"n1","apiVersion":"v1","subresource":"status"},'
        '"responseStatus":{"metadata":{},"code":200}'
    )
    bodies = (
        ',"requestObject":{"status":{"images":[]}},"responseObject":{"kind":"Node","metadata":{"name":"n1"}}'
    )
    end = ',"stageTimestamp":"2026-01-02T03:04:05.678901Z","annotations":{"a.k8s.io/decision":"allow"}}'
    message = f"{start}RequestResponse{middle}{bodies}{end}"
    decision = shipped("security").decide(header_of(**json.loads(message)))
    assert trim(message, decision) == f"{start}Metadata{middle}{end}"


@pytest.mark.parametrize(("name", "last_rule"), [("quiet", 9), ("security", 8)])
def test_each_policy_ends_in_a_catch_all(name: str, last_rule: int) -> None:
    """A request that nothing else matches is decided by the last rule and not dropped."""
    odd = header_of(verb="odd", user={"username": "odd"}, objectRef=object_of("odd.example.com"))
    decision = shipped(name).decide(odd)
    assert (decision.rule, decision.action is Action.DROP) == (last_rule, False)


@pytest.mark.parametrize("name", ["quiet", "security"])
def test_each_rule_says_what_it_drops(name: str) -> None:
    """The comment before every rule says what it drops or strips."""
    lines = (POLICIES / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if line.startswith("  - level:"):
            start = number
            while lines[start - 1].startswith("  #"):
                start -= 1
            comment = " ".join(lines[start:number])
            assert "Drops" in comment, f"{name}.yaml line {number + 1}"
