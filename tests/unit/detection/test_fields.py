"""Field names: dotted paths, the short names of published rules, derived fields, log sources."""

from collections.abc import Mapping

import pytest

from eks_log_forwarder.intake.log_type import LogType
from tests.unit.detection_rules import detections_of, rule_text, selects

BODY = {
    "kind": "Pod",
    "metadata": {
        "labels": {"app.kubernetes.io/name": "web", "app": {"tier": "nested"}},
        "annotations": {
            "a": {"b": {"c": "nested"}},
            "a.b": {"x": "dotted"},
            "d.e": "short",
            "d.e.f": "long",
            "g.h": "one",
            "g": {"h": "two"},
        },
    },
    "spec": {"containers": [{"image": "one", "ports": [{"port": 80}, {"port": 443}]}, {"image": "two"}]},
}
PATHS = [
    ("requestObject.kind: Pod", True),
    ("requestObject.metadata.labels.app.kubernetes.io/name: web", True),
    ("requestObject.metadata.labels.app.tier: nested", True),
    ("requestObject.metadata.annotations.a.b.c: nested", True),
    ("requestObject.metadata.annotations.a.b.x: dotted", True),
    ("requestObject.metadata.annotations.d.e.f: long", True),
    ("requestObject.metadata.annotations.d.e: short", True),
    ("requestObject.metadata.annotations.g.h: one", True),
    ("requestObject.metadata.annotations.g.h: two", False),
    ("requestObject.spec.containers.image: two", True),
    ("requestObject.spec.containers.image: three", False),
    ("requestObject.spec.containers.ports.port: 443", True),
    ("requestObject.spec.containers.ports: '*'", True),
    ("requestObject.spec.containers.ports.name: null", True),
    ("requestObject.spec.containers.0.image: one", False),
    ("requestobject.kind: Pod", False),
    ("requestObject.kind.x: '*'", False),
]


@pytest.mark.parametrize(("item", "expected"), PATHS)
def test_follows_dotted_paths(item: str, expected: bool) -> None:  # noqa: FBT001  # a table's column
    """A path goes through lists; in a map such as labels, a key with dots comes before its prefixes."""
    assert selects(f"{{{item}}}", {"requestObject": BODY}) is expected


def _pod(spec: Mapping[str, object]) -> dict[str, object]:
    return {
        "verb": "create",
        "objectRef": {"resource": "pods", "apiGroup": "apps"},
        "requestObject": {"spec": spec},
    }


def _patch(spec: Mapping[str, object]) -> dict[str, object]:
    return {
        "verb": "patch",
        "requestObject": [{"op": "add"}],
        "responseObject": {"spec": {"template": {"spec": spec}}},
    }


def _request(body: dict[str, object], verb: str = "create") -> dict[str, object]:
    return {"verb": verb, "requestObject": body}


PRIVILEGED = {"securityContext": {"privileged": True, "capabilities": {"add": ["NET_ADMIN", "SYS_ADMIN"]}}}
HOST_PATH = {"volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "hostPath": {"path": "/etc"}}]}
SHORT_NAMES = [
    ("apiGroup: apps", _pod({}), True),
    ("apiGroup: batch", _pod({}), False),
    ("resource: pods", _pod({}), True),
    ("subresource: null", _pod({}), True),
    ("namespace: a", {"objectRef": {"namespace": "a"}}, True),
    ("username: alice", {"user": {"username": "alice"}}, True),
    ("hostPath: '*'", _pod(HOST_PATH), True),
    ("hostPath: '*'", _pod({"volumes": [{"emptyDir": {}}]}), False),
    ("hostPath: '*'", _pod({}), False),
    ("hostPath.path|startswith: /etc", _pod(HOST_PATH), True),
    ("hostPath: null", _pod(HOST_PATH), False),
    ("hostPath: '*'", _request({"spec": {"template": {"spec": HOST_PATH}}}), True),
    ("hostPath: '*'", _request({"spec": {"jobTemplate": {"spec": {"template": {"spec": HOST_PATH}}}}}), True),
    ("hostPath: '*'", _request({"template": {"spec": HOST_PATH}}), True),
    ("hostPath: '*'", _request({"spec": HOST_PATH}, "update"), True),
    ("hostPath: '*'", _request({"spec": HOST_PATH}, "patch"), False),
    ("hostPath: '*'", _patch(HOST_PATH), True),
    ("hostPath: '*'", {"verb": "create", "responseObject": {"spec": HOST_PATH}}, False),
    ("capabilities: '*'", _pod({"containers": [{"name": "a"}, PRIVILEGED]}), True),
    ("capabilities: '*'", _pod({"initContainers": [PRIVILEGED]}), True),
    ("capabilities: '*'", _pod({"ephemeralContainers": [PRIVILEGED]}), True),
    ("capabilities: '*'", _pod({"containers": [{"securityContext": {"privileged": True}}]}), False),
    ("capabilities: '*'", _pod({"securityContext": {"capabilities": {}}}), False),
    ("capabilities.add: SYS_ADMIN", _pod({"containers": [PRIVILEGED]}), True),
    ("capabilities.add: SYS_PTRACE", _pod({"containers": [PRIVILEGED]}), False),
    ("privileged: true", _pod({"containers": [{}, PRIVILEGED]}), True),
    ("privileged: true", _pod({"containers": [{}]}), False),
    ("securityContext.privileged: true", _pod({"initContainers": [PRIVILEGED]}), True),
    ("hostNetwork: true", _pod({"hostNetwork": True}), True),
    ("hostPID: true", _pod({"hostPID": False}), False),
    ("hostIPC: true", _request({"spec": {"template": {"spec": {"hostIPC": True}}}}), True),
    ("podSpec.serviceAccountName: admin", _pod({"serviceAccountName": "admin"}), True),
    ("podContainers.image|contains: miner", _pod({"containers": [{"image": "x/miner:1"}]}), True),
    ("podContainers.image|contains: miner", _pod({"containers": "odd", "initContainers": None}), False),
]


@pytest.mark.parametrize(("item", "event", "expected"), SHORT_NAMES)
def test_maps_short_names(item: str, event: dict[str, object], expected: bool) -> None:  # noqa: FBT001  # a table's column
    """Short names stand for objectRef and for parts of a pod, in templates too, and in a patch's response."""
    assert selects(f"{{{item}}}", event) is expected


SOURCES = [
    ("sourceIP: 52.1.2.3", ["10.0.0.1", "52.1.2.3"], True),
    ("sourceIP: 10.0.0.1", ["10.0.0.1", "52.1.2.3"], False),
    ("sourceIP: null", [], True),
    ("sourceIP|cidr: 52.0.0.0/8", ["52.1.2.3"], True),
    ("sourceIPPublic: true", ["10.0.0.1", "52.1.2.3"], True),
    ("sourceIPPublic: true", ["52.1.2.3", "10.0.0.1"], False),
    ("sourceIPPublic: false", ["10.0.0.1"], True),
    ("sourceIPPublic: true", ["172.16.0.1"], False),
    ("sourceIPPublic: true", ["192.168.1.1"], False),
    ("sourceIPPublic: true", ["127.0.0.1"], False),
    ("sourceIPPublic: true", ["169.254.1.1"], False),
    ("sourceIPPublic: true", ["100.64.1.1"], False),
    ("sourceIPPublic: true", ["::1"], False),
    ("sourceIPPublic: true", ["fd00::1"], False),
    ("sourceIPPublic: true", ["2600:1f18::1"], True),
    ("sourceIPPublic: true", ["::ffff:10.0.0.1"], False),
    ("sourceIPPublic: true", ["::ffff:52.1.2.3"], True),
    ("sourceIPPublic: true", ["54.9.9.9"], False),
    ("sourceIPPublic: true", ["2600:9000::1"], False),
    ("sourceIPPublic: null", ["nonsense"], True),
    ("sourceIPPublic: null", [], True),
]


@pytest.mark.parametrize(("item", "addresses", "expected"), SOURCES)
def test_derives_the_source_address(item: str, addresses: list[str], expected: bool) -> None:  # noqa: FBT001  # a table's column
    """The last address counts; it is public if it is neither private nor in a trusted network."""
    trusted = ("54.0.0.0/8", "2600:9000::/28")
    assert selects(f"{{{item}}}", {"sourceIPs": addresses}, trusted) is expected


LOG_SOURCES = [
    ("{product: kubernetes, service: audit}", LogType.AUDIT),
    ("{product: kubernetes, service: audit, category: application}", LogType.AUDIT),
    ("{product: aws, service: eks, category: authenticator}", LogType.AUTHENTICATOR),
    ("{product: aws, service: eks, category: scheduler}", LogType.SCHEDULER),
    ("{product: aws, service: eks, category: api}", LogType.API),
    ("{product: aws, service: eks, category: controller-manager}", LogType.CONTROLLER_MANAGER),
    ("{product: aws, service: eks, category: auto-mode-block-storage}", LogType.AUTO_MODE_BLOCK_STORAGE),
    ("{product: aws, service: eks, category: auto-mode-compute}", LogType.AUTO_MODE_COMPUTE),
    ("{product: aws, service: eks, category: auto-mode-ipam}", LogType.AUTO_MODE_IPAM),
    ("{product: aws, service: eks, category: auto-mode-load-balancing}", LogType.AUTO_MODE_LOAD_BALANCING),
    ("{product: aws, service: eks, category: capability-ack}", LogType.CAPABILITY_ACK),
    ("{product: aws, service: eks, category: capability-argocd}", LogType.CAPABILITY_ARGOCD),
    ("{product: aws, service: eks, category: capability-kro}", LogType.CAPABILITY_KRO),
    ("{product: aws, service: eks, category: capabilityKro}", LogType.CAPABILITY_KRO),
    ("{product: kubernetes, service: audit, definition: Metadata is enough}", LogType.AUDIT),
]


@pytest.mark.parametrize(("log_source", "log_type"), LOG_SOURCES)
def test_runs_a_rule_on_its_log_source_alone(log_source: str, log_type: LogType) -> None:
    """A rule fires only on the log type that its log source names."""
    detections = detections_of(rule_text("selection: {a: b}\ncondition: selection", log_source=log_source))
    fired = [kind for kind in LogType if detections.match(kind, None, {"a": "b"}, '{"a":"b"}')]
    assert fired == [log_type]


DENIED = {
    "level": "warning",
    "msg": "access denied",
    "error": "ARN is not mapped",
    "arn": "arn:aws:iam::1:role/R",
}
PENDING = {
    "severity": "I",
    "message": "Unable to schedule pod; no fit; waiting",
    "pod": "ns/web",
    "fields": {"n": "1"},
}
OTHER_LINES = [
    ("authenticator", "{msg: access denied, arn|contains: ':role/'}", DENIED, True),
    ("authenticator", "{msg: access denied, arn: null}", DENIED, False),
    ("authenticator", "{msg: access granted}", DENIED, False),
    ("authenticator", "{error|contains: [not mapped, expired]}", DENIED, True),
    ("authenticator", "[raw text]", DENIED, True),
    ("scheduler", "{message|startswith: unable to schedule pod}", PENDING, True),
    ("scheduler", "{pod|startswith: ns/}", PENDING, True),
    ("scheduler", "{fields.n: 1}", PENDING, True),
    ("scheduler", "{namespace: ns}", PENDING, False),
    ("scheduler", "{severity: [W, E]}", PENDING, False),
    ("scheduler", "{namespace: ns}", {"namespace": "ns"}, True),
]


@pytest.mark.parametrize(("category", "selection", "fields", "expected"), OTHER_LINES)
def test_reads_the_parsed_fields_of_other_types(
    category: str,
    selection: str,
    fields: dict[str, object],
    expected: bool,  # noqa: FBT001  # a table's column
) -> None:
    """Rules read a parsed line by its own names, and its raw text for keywords."""
    log_source = f"{{product: aws, service: eks, category: {category}}}"
    detections = detections_of(
        rule_text(f"selection: {selection}\ncondition: selection", log_source=log_source)
    )
    found = detections.match(LogType(category), None, fields, "some raw text")
    assert bool(found) is expected


def test_gives_a_line_without_fields_to_keywords_alone() -> None:
    """A line that did not parse has its raw text and no fields."""
    log_source = "{product: aws, service: eks, category: api}"
    texts = [
        rule_text(f"selection: {selection}\ncondition: selection", log_source=log_source)
        for selection in ("[panic]", "{a: b}")
    ]
    assert [found.id for found in detections_of(*texts).match(LogType.API, None, None, "a PANIC here")] == [
        "0"
    ]
