"""Made-up lines for the tests of `make report`."""

import json

AUDIT = {
    "kind": "Event",
    "apiVersion": "audit.k8s.io/v1",
    "level": "Request",
    "auditID": "a",
    "stage": "ResponseComplete",
    "requestURI": "/api/v1/namespaces/shop/pods/cart",
    "verb": "get",
    "user": {"username": "ana", "groups": ["system:authenticated"]},
    "sourceIPs": ["10.0.0.7"],
    "userAgent": "kubectl/v1.33",
    "objectRef": {"resource": "pods", "namespace": "shop", "name": "cart", "apiVersion": "v1"},
    "responseStatus": {"code": 200},
    "requestReceivedTimestamp": "2026-01-14T10:00:00.000000Z",
    "stageTimestamp": "2026-01-14T10:00:00.010000Z",
}
DENIED = (
    'time="2026-01-14T11:00:00Z" level=warning msg="access denied" arn="arn:aws:iam::111122223333:role/ci"'
    ' client="127.0.0.1:1" error="ARN is not mapped"'
)
PENDING = (
    'I0114 10:00:02.733418      11 schedule_one.go:1055] "Unable to schedule pod; no fit; waiting"'
    ' pod="shop/cart"'
    ' err="0/6 nodes are available: 4 Insufficient cpu, 2 node(s) had untolerated taint {a: b}."'
)
FAILING = (
    'I0114 10:00:02.609377      12 deployment_controller.go:512] "Error syncing deployment"'
    ' logger="deployment-controller" deployment="shop/cart" err="conflict"'
)


def audit_line(**fields: object) -> str:
    """An audit event as one line; None removes a field."""
    return json.dumps({name: value for name, value in (AUDIT | fields).items() if value is not None})
