"""The policies that Kubernetes' documentation gives as examples (Auditing, "Audit policy"), in own words."""

from typing import Any

import pytest

from eks_log_forwarder.audit_policy import Action, Level
from tests.policy_samples import header_of, object_of, policy_of

EXAMPLE = policy_of(
    """
- {level: RequestResponse, resources: [{group: "", resources: [pods]}]}
- {level: Metadata, resources: [{group: "", resources: [pods/log, pods/status]}]}
- {level: None, resources: [{group: "", resources: [configmaps], resourceNames: [controller-leader]}]}
- {level: None, users: ["system:kube-proxy"], verbs: [watch], resources: [{resources: [endpoints, services]}]}
- {level: None, userGroups: ["system:authenticated"], nonResourceURLs: ["/api*", /version]}
- {level: Request, resources: [{group: "", resources: [configmaps]}], namespaces: [kube-system]}
- {level: Metadata, resources: [{group: "", resources: [secrets, configmaps]}]}
- {level: Request, resources: [{group: ""}, {group: extensions}]}
- {level: Metadata, omitStages: [RequestReceived]}
""",
    head="omitStages: [RequestReceived]",
)
KUBE_PROXY = {"username": "system:kube-proxy", "groups": ["system:node-proxier", "system:authenticated"]}
ANONYMOUS = {"username": "system:anonymous", "groups": ["system:unauthenticated"]}


@pytest.mark.parametrize(
    ("rule", "level", "fields"),
    [
        (0, None, {"objectRef": object_of("pods", namespace="shop")}),
        (0, None, {"objectRef": object_of("pods", namespace="shop"), "verb": "create"}),
        (1, Level.METADATA, {"objectRef": object_of("pods/log", namespace="shop")}),
        (1, Level.METADATA, {"objectRef": object_of("pods/status", namespace="shop"), "verb": "patch"}),
        (7, Level.REQUEST, {"objectRef": object_of("pods/exec", namespace="shop"), "verb": "create"}),
        (2, None, {"objectRef": object_of("configmaps", namespace="kube-system", name="controller-leader")}),
        (2, None, {"objectRef": object_of("configmaps", namespace="shop", name="controller-leader")}),
        (
            5,
            Level.REQUEST,
            {
                "objectRef": object_of("configmaps", namespace="kube-system", name="controller-leader"),
                "verb": "create",
            },
        ),
        (3, None, {"user": KUBE_PROXY, "verb": "watch", "objectRef": object_of("endpoints")}),
        (3, None, {"user": KUBE_PROXY, "verb": "watch", "objectRef": object_of("services")}),
        (7, Level.REQUEST, {"user": KUBE_PROXY, "verb": "list", "objectRef": object_of("services")}),
        (7, Level.REQUEST, {"user": KUBE_PROXY, "verb": "watch", "objectRef": object_of("nodes")}),
        (7, Level.REQUEST, {"verb": "watch", "objectRef": object_of("endpoints")}),
        (4, None, {"requestURI": "/api", "objectRef": None}),
        (4, None, {"requestURI": "/apis/apps/v1?timeout=32s", "objectRef": None}),
        (4, None, {"requestURI": "/version", "objectRef": None}),
        (8, Level.METADATA, {"requestURI": "/version/", "objectRef": None}),
        (8, Level.METADATA, {"requestURI": "/healthz", "objectRef": None}),
        (8, Level.METADATA, {"requestURI": "/api", "objectRef": None, "user": ANONYMOUS}),
        (5, Level.REQUEST, {"objectRef": object_of("configmaps", namespace="kube-system", name="coredns")}),
        (6, Level.METADATA, {"objectRef": object_of("configmaps", namespace="shop", name="coredns")}),
        (6, Level.METADATA, {"objectRef": object_of("secrets", namespace="kube-system")}),
        (7, Level.REQUEST, {"objectRef": object_of("services/proxy", namespace="shop")}),
        (7, Level.REQUEST, {"objectRef": object_of("ingresses.extensions", namespace="shop")}),
        (8, Level.METADATA, {"objectRef": object_of("deployments.apps", namespace="shop")}),
        (None, None, {"stage": "RequestReceived"}),
        (None, None, {"stage": "RequestReceived", "objectRef": object_of("deployments.apps")}),
    ],
)
def test_the_example_policy_decides_as_its_comments_say(
    rule: int | None, level: Level | None, fields: dict[str, Any]
) -> None:
    """Every rule of the example, what it takes and what passes it by; rules 2, 3, 4 and the stage drop."""
    decision = EXAMPLE.decide(header_of(**fields))
    assert (decision.rule, decision.level) == (rule, level)
    assert (decision.action is Action.DROP) is (rule in (2, 3, 4, None))


@pytest.mark.parametrize(
    "fields", [{}, {"objectRef": None}, {"stage": "RequestReceived"}, {"user": ANONYMOUS, "verb": "delete"}]
)
def test_the_minimal_policy_records_every_request_at_metadata(fields: dict[str, Any]) -> None:
    """One rule with only a level."""
    decision = policy_of("- level: Metadata").decide(header_of(**fields))
    assert (decision.action, decision.level, decision.rule) == (Action.TRIM, Level.METADATA, 0)
