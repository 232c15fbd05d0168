"""Rules of the shapes that SigmaHQ publishes for Kubernetes audit logs, each with events for and against."""

import pytest

from tests.unit.detection_rules import selects


def _event(verb: str, resource: str, group: str = "", **more: object) -> dict[str, object]:
    reference = {"resource": resource, "namespace": "default", "name": "x", "apiGroup": group}
    return {"kind": "Event", "stage": "ResponseComplete", "verb": verb, "objectRef": reference} | more


WRITES = "[create, delete, patch, replace, update]"
WEBHOOKS = "[mutatingwebhookconfigurations, validatingwebhookconfigurations]"
HOOK_GROUP = "admissionregistration.k8s.io"
RBAC = "rbac.authorization.k8s.io"
POD_WITH_PATH = {"spec": {"volumes": [{"hostPath": {"path": "/"}}]}}
POD_WITH_CAPABILITIES = {
    "spec": {"containers": [{"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}]}
}
SYSTEM_POD = {"verb": "create", "objectRef": {"resource": "pods", "namespace": "kube-system"}}
EXEC = {
    "stage": "ResponseStarted",
    "verb": "create",
    "objectRef": {"resource": "pods", "subresource": "exec"},
}
SHELL = {
    "requestURI": "/api/v1/namespaces/a/pods/b/exec?command=%2Fbin%2Fbash",
    "responseStatus": {"code": "ALLOW"},
}
SHELL_ITEM = "requestURI|contains: ['%2fbin%2fbash', '/bin/bash'], responseStatus.code: ALLOW"
HOOKS = f"objectRef.apiGroup: {HOOK_GROUP}, objectRef.resource: {WEBHOOKS}, verb: {WRITES}"
JOBS = f"objectRef.apiGroup: batch, objectRef.resource: [cronjobs, jobs], verb: {WRITES}"
BINDINGS = (
    f"objectRef.apiGroup: {RBAC}, objectRef.resource: [clusterrolebindings, rolebindings], verb: {WRITES}"
)
REVIEWS = "verb: create, apiGroup: authorization.k8s.io, objectRef.resource: selfsubjectrulesreviews"
SHAPES = [
    (HOOKS, _event("patch", "mutatingwebhookconfigurations", HOOK_GROUP), _event("get", "pods", HOOK_GROUP)),
    (JOBS, _event("create", "cronjobs", "batch"), _event("create", "cronjobs", "example.com")),
    (
        "verb: delete, objectRef.resource: deployments",
        _event("delete", "deployments"),
        _event("delete", "pods"),
    ),
    ("verb: delete, objectRef.resource: events", _event("delete", "events"), _event("create", "events")),
    ("verb: create, objectRef.resource: pods, objectRef.subresource: exec", EXEC, _event("create", "pods")),
    (
        "verb: 'create', objectRef.resource: 'pods', hostPath: '*'",
        _event("create", "pods", requestObject=POD_WITH_PATH),
        _event("create", "pods", requestObject={"spec": {"volumes": [{"emptyDir": {}}]}}),
    ),
    (
        "verb: 'create', objectRef.resource: 'pods', capabilities: '*'",
        _event("create", "pods", requestObject=POD_WITH_CAPABILITIES),
        _event("create", "pods", requestObject=POD_WITH_PATH),
    ),
    (
        "verb: create, objectRef.resource: pods, objectRef.namespace: kube-system",
        SYSTEM_POD,
        _event("create", "pods"),
    ),
    (SHELL_ITEM, SHELL, SHELL | {"responseStatus": {"code": 101}}),
    (
        REVIEWS,
        _event("create", "selfsubjectrulesreviews", "authorization.k8s.io"),
        _event("create", "selfsubjectaccessreviews", "authorization.k8s.io"),
    ),
    (BINDINGS, _event("update", "rolebindings", RBAC), _event("list", "rolebindings", RBAC)),
    ("verb: list, objectRef.resource: secrets", _event("list", "secrets"), _event("get", "secrets")),
    (
        f"objectRef.resource: secrets, verb: {WRITES}",
        _event("replace", "secrets"),
        _event("watch", "secrets"),
    ),
    (
        "verb: create, objectRef.resource: serviceaccounts",
        _event("create", "serviceaccounts"),
        _event("create", "secrets"),
    ),
    (
        "verb: patch, apiGroup: apps, objectRef.resource: deployments",
        _event("patch", "deployments", "apps"),
        _event("patch", "deployments", "extensions"),
    ),
    (
        "responseStatus.code: [401, 403]",
        _event("get", "pods", responseStatus={"code": 403}),
        _event("get", "pods", responseStatus={"code": 404}),
    ),
]


@pytest.mark.parametrize(("items", "matching", "other"), SHAPES)
def test_means_what_a_published_rule_says(
    items: str, matching: dict[str, object], other: dict[str, object]
) -> None:
    """Each of the sixteen shapes matches the event it is about, and not its neighbour."""
    assert selects(f"{{{items}}}", matching)
    assert not selects(f"{{{items}}}", other)


def test_there_are_sixteen_shapes() -> None:
    """There is one shape per published rule."""
    assert len(SHAPES) == 16
