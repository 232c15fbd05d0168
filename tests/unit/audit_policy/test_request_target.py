"""The namespace and the name of a request, from its URI."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eks_log_forwarder.audit_policy import Action, Policy
from eks_log_forwarder.audit_policy.request_target import target_of
from eks_log_forwarder.control_plane.audit import AuditHeader, ObjectRef
from tests.policy_samples import header_of, object_of, policy_of


def target(uri: str, resource: str, verb: str = "get", **fields: str) -> tuple[str, str]:
    """Return the target of a request; its objectRef has other values than its URI."""
    stray = {"namespace": "stray", "name": "stray"} | fields
    header = header_of(requestURI=uri, verb=verb, objectRef=object_of(resource, **stray))
    assert header.object_ref is not None
    return target_of(header, header.object_ref)


@pytest.mark.parametrize(
    ("uri", "resource", "namespace", "name"),
    [
        ("/api/v1/namespaces/till/pods", "pods", "till", ""),
        ("/api/v1/namespaces/till/pods/web", "pods", "till", "web"),
        ("/api/v1/namespaces/till/pods/web/", "pods", "till", "web"),
        ("/api/v1/namespaces/till/pods/web/log?follow=true", "pods/log", "till", "web"),
        ("/api/v1/namespaces/till/services/web:80/proxy/a/b/c/d/e/f/g", "services/proxy", "till", "web:80"),
        ("/api/v1/pods", "pods", "", ""),
        ("/api/v1/nodes/n1", "nodes", "", "n1"),
        ("/api/v1/nodes/n1/status", "nodes/status", "", "n1"),
        ("/api/v1/namespaces", "namespaces", "", ""),
        ("/api/v1/namespaces/till", "namespaces", "till", "till"),
        ("/api/v1/namespaces/till/status", "namespaces/status", "till", "till"),
        ("/api/v1/namespaces/till/finalize", "namespaces/finalize", "till", "till"),
        ("/apis/apps/v1/namespaces/till/deployments/web/scale", "deployments/scale.apps", "till", "web"),
        ("/apis/rbac.authorization.k8s.io/v1/clusterroles", "clusterroles.rbac.authorization.k8s.io", "", ""),
        ("/api/v1/watch/namespaces/till/pods", "pods", "till", ""),
        ("/api/v1/watch/pods", "pods", "", ""),
        ("/apis/apps/v1/watch/namespaces/till/deployments/web", "deployments.apps", "till", "web"),
        ("/api/v1/proxy/namespaces/till/pods/web/x", "pods", "till", "web"),
        ("/api/v1/namespaces/t%69ll/pods/w%65b", "pods", "till", "web"),
        ("/api/v1/namespaces/till/pods/web?namespace=other", "pods", "till", "web"),
    ],
)
def test_the_uri_decides(uri: str, resource: str, namespace: str, name: str) -> None:
    """It does for every form of URL that the server knows, whatever the objectRef says."""
    assert target(uri, resource) == (namespace, name)


@pytest.mark.parametrize(
    "uri",
    [
        *("", "/", "/api", "/api/v1", "/apis/apps/v1", "/healthz", "/api/v1/watch", "pods"),
        *("/api/v1/namespaces/till/services/web", "?fieldSelector=metadata.name=web", "/x/v1/pods/web"),
    ],
)
def test_without_a_uri_of_its_resource_the_object_ref_decides(uri: str) -> None:
    """The name of a new object is unknown to the server when it decides."""
    assert target(uri, "pods") == ("stray", "stray")
    assert target(uri, "pods", "create") == ("stray", "")
    assert target(uri, "pods/binding", "create") == ("stray", "stray")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("fieldSelector=metadata.name=web", "web"),
        ("fieldSelector=metadata.name%3Dweb", "web"),
        ("fieldSelector=metadata.name==web", "web"),
        ("limit=500&fieldSelector=spec.nodeName%3Dn1%2Cmetadata.name%3Dweb&watch=1", "web"),
        ("field%53elector=metadata.name%3Dweb", "web"),
        ("fieldSelector=metadata.name%3Da%5C%2Cb", "a,b"),
        ("fieldSelector=metadata.name!=web", ""),
        ("fieldSelector=metadata.name.x=web", ""),
        ("fieldSelector=xmetadata.name=web", ""),
        ("fieldSelector=metadata.name%3D..", ""),
        ("fieldSelector=metadata.name%3Da%2Fb", ""),
        ("fieldSelector=&fieldSelector=metadata.name=web", ""),
        ("labelSelector=metadata.name=web", ""),
        ("", ""),
    ],
)
def test_a_field_selector_of_one_name_is_a_name(query: str, name: str) -> None:
    """That is so for list and watch, but not for deletecollection or the deprecated watch prefix."""
    assert target(f"/api/v1/namespaces/till/pods?{query}", "pods", "list") == ("till", name)
    assert target(f"/api/v1/pods?{query}", "pods", "watch") == ("", name)
    assert target(f"/api/v1/pods/one?{query}", "pods", "list") == ("", "one")
    assert target(f"/api/v1/pods?{query}", "pods", "deletecollection") == ("", "")
    assert target(f"/api/v1/watch/pods?{query}", "pods", "watch") == ("", "")


def decided(policy: Policy, **fields: object) -> Action:
    """Return what a policy does with an event."""
    return policy.decide(header_of(**fields)).action


def test_a_stray_namespace_in_a_body_does_not_hide_a_cluster_scoped_request() -> None:
    """The logged objectRef has the namespace of the body, but the server decided without one."""
    policy = policy_of(
        '- {level: None, namespaces: [""], resources: [{group: storage.k8s.io}]}\n- {level: RequestResponse}'
    )
    stray = object_of("storageclasses.storage.k8s.io", namespace="logging", name="fast")
    uri = "/apis/storage.k8s.io/v1/storageclasses"
    assert decided(policy, verb="create", requestURI=uri, objectRef=stray) is Action.DROP
    assert decided(policy, verb="create", requestURI="", objectRef=stray) is Action.KEEP


def test_a_list_of_one_name_matches_resource_names() -> None:
    """A watch of a single object is such a request."""
    policy = policy_of(
        '- {level: None, resources: [{group: "", resources: [pods], resourceNames: [web]}]}\n'
        "- {level: RequestResponse}"
    )
    uri = "/api/v1/namespaces/till/pods?fieldSelector=metadata.name%3Dweb&watch=true"
    assert decided(policy, verb="watch", requestURI=uri, objectRef=object_of("pods")) is Action.DROP
    assert decided(policy, verb="watch", requestURI=uri[:-5], objectRef=object_of("pods")) is Action.DROP
    assert decided(policy, verb="delete", requestURI=uri, objectRef=object_of("pods")) is Action.KEEP


@given(
    uri=st.lists(
        st.sampled_from(
            [*"/?&=%\\,.", "api", "apis", "v1", "namespaces", "watch", "pods", "fieldSelector=metadata.name="]
        )
    ).map("".join),
    verb=st.sampled_from(["list", "watch", "get", "create"]),
)
def test_any_uri_has_a_target(uri: str, verb: str) -> None:
    """Nothing raises."""
    ref = ObjectRef(resource="pods", namespace="a", name="b")
    assert len(target_of(AuditHeader(verb=verb, request_uri=uri), ref)) == 2
