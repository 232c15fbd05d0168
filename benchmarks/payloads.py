"""The payloads of the benchmark: half real lines, half events of 3 to 10 kB with bodies, as EKS writes them.

The real lines come from the folder in `EKS_LOG_CORPUS` where there is one, else from `events/`.
"""

import base64
import gzip
import json
import os
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tools.make_event import EVENTS, read_lines

AUDIT_STREAM = "kube-apiserver-audit-0123456789abcdef0123456789abcdef"
# the most that an asynchronous invocation carries (Lambda quotas)
MAX_BASE64_BYTES = 1_000_000
_SEED = 8


@dataclass(frozen=True, slots=True)
class Payload:
    """One subscription event and its size; `expanded_bytes` is the JSON within."""

    event: dict[str, dict[str, str]]
    events: int
    expanded_bytes: int


def real_lines_source() -> str:
    """Where the real lines come from, in words."""
    return "real clusters" if os.environ.get("EKS_LOG_CORPUS") else "`events/lines`, which is made up"


@cache
def real_lines() -> list[str]:
    """Audit events as their clusters wrote them; without RequestReceived, which EKS leaves out."""
    corpus = os.environ.get("EKS_LOG_CORPUS")
    path = Path(corpus, "audit.ndjson") if corpus else EVENTS / "lines" / "audit.log"
    return [line for line in read_lines(path) if '"RequestReceived"' not in line]


def event_with_bodies(rng: random.Random) -> str:
    """An audit event at level RequestResponse: a deployment or a pod, asked for and answered with."""
    name = f"web-{rng.randrange(16**8):08x}"
    namespace = rng.choice(("prod", "staging", "data", "team-a"))
    containers = [_container(rng, number) for number in range(rng.randrange(1, 4))]
    spec = {"containers": containers, "serviceAccountName": "web", "nodeSelector": {"disk": "ssd"}}
    labels = {"app": "web", "pod-template-hash": f"{rng.randrange(16**8):08x}"}
    pod = {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": spec,
    }
    answer = {**pod, "status": {"phase": "Pending", "conditions": _conditions(rng)}}
    user = "system:serviceaccount:kube-system:replicaset-controller"
    return json.dumps(
        {
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": "RequestResponse",
            "auditID": f"{rng.randrange(16**32):032x}",
            "stage": "ResponseComplete",
            "requestURI": f"/api/v1/namespaces/{namespace}/pods",
            "verb": "create",
            "user": {"username": user, "groups": ["system:serviceaccounts", "system:authenticated"]},
            "sourceIPs": [f"10.0.{rng.randrange(256)}.{rng.randrange(256)}"],
            "userAgent": "kube-controller-manager/v1.31.2 (linux/amd64) kubernetes/1a2b3c4",
            "objectRef": {"resource": "pods", "namespace": namespace, "name": name, "apiVersion": "v1"},
            "responseStatus": {"metadata": {}, "code": 201},
            "requestObject": pod,
            "responseObject": answer,
            "requestReceivedTimestamp": "2026-01-14T09:30:00.123456Z",
            "stageTimestamp": "2026-01-14T09:30:00.129876Z",
            "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""},
        },
        separators=(",", ":"),
    )


def _container(rng: random.Random, number: int) -> dict[str, object]:
    return {
        "name": f"c{number}",
        "image": f"111122223333.dkr.ecr.eu-central-1.amazonaws.com/web@sha256:{rng.randrange(16**64):064x}",
        "env": [{"name": f"SETTING_{n}", "value": f"{rng.randrange(16**12):x}"} for n in range(8)],
        "resources": {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "512Mi"}},
        "volumeMounts": [{"name": f"v{n}", "mountPath": f"/var/lib/web/{n}"} for n in range(4)],
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10},
        "securityContext": {"runAsNonRoot": True, "allowPrivilegeEscalation": False},
    }


def _conditions(rng: random.Random) -> list[dict[str, str]]:
    return [
        {"type": kind, "status": "False", "message": f"waiting {rng.randrange(10**6)}"}
        for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled")
    ]


def lines_of(count: int) -> list[str]:
    """So many audit events, every second one with bodies; the same ones at every call."""
    rng = random.Random(_SEED)  # noqa: S311  # repeatable on purpose
    real = real_lines()
    return [event_with_bodies(rng) if n % 2 else real[n // 2 % len(real)] for n in range(count)]


def payload_of(count: int) -> Payload:
    """The subscription event that carries so many audit events."""
    now_ms = 1_768_383_000_000
    text = json.dumps(
        {
            "messageType": "DATA_MESSAGE",
            "owner": "111122223333",
            "logGroup": "/aws/eks/demo/cluster",
            "logStream": AUDIT_STREAM,
            "subscriptionFilters": ["eks-log-forwarder"],
            "logEvents": [
                {"id": f"{n:056d}", "timestamp": now_ms + n, "message": line}
                for n, line in enumerate(lines_of(count))
            ],
        },
        separators=(",", ":"),
    ).encode()
    data = base64.b64encode(gzip.compress(text, 6, mtime=0)).decode("ascii")
    return Payload({"awslogs": {"data": data}}, count, len(text))


def largest_payload() -> Payload:
    """As many events as fit into an asynchronous invocation."""
    low, high = 500, 20_000
    while low + 50 < high:
        middle = (low + high) // 2
        fits = len(payload_of(middle).event["awslogs"]["data"]) <= MAX_BASE64_BYTES
        low, high = (middle, high) if fits else (low, middle)
    return payload_of(low)
