"""The payloads of the benchmark: half are log lines, half are made audit events of 3 to 10 kB with bodies.

The lines come from the folder in `EKS_LOG_CORPUS` if it is set, else from `events/`.
"""

import json
import os
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tools.make_event import EVENTS, Source, data_message, encode_event, read_lines

AUDIT_STREAM = "kube-apiserver-audit-0123456789abcdef0123456789abcdef"
# limit of an asynchronous invocation (Lambda quotas)
MAX_BASE64_BYTES = 1_000_000
_SEED = 8


@dataclass(frozen=True, slots=True)
class Payload:
    """One subscription event; `expanded_bytes` is the size of its JSON, unpacked."""

    event: dict[str, dict[str, str]]
    events: int
    expanded_bytes: int


def real_lines_source() -> str:
    """The source of the lines, in words."""
    return "real clusters" if os.environ.get("EKS_LOG_CORPUS") else "`events/lines`, which are made up"


@cache
def real_lines() -> list[str]:
    """Audit lines, without stage RequestReceived, which EKS does not log."""
    corpus = os.environ.get("EKS_LOG_CORPUS")
    path = Path(corpus, "audit.ndjson") if corpus else EVENTS / "lines" / "audit.log"
    return [line for line in read_lines(path) if '"RequestReceived"' not in line]


def event_with_bodies(rng: random.Random) -> str:
    """An audit event of level RequestResponse: a pod is created."""
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
    """So many audit events, every second one with bodies; the same at every call."""
    rng = random.Random(_SEED)  # noqa: S311  # repeatable on purpose
    real = real_lines()
    return [event_with_bodies(rng) if n % 2 else real[n // 2 % len(real)] for n in range(count)]


def payload_of(count: int) -> Payload:
    """The subscription event with so many audit events."""
    payload = data_message(lines_of(count), Source(AUDIT_STREAM, step_ms=1))
    size = len(json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode())
    return Payload(json.loads(encode_event(payload)), count, size)


def largest_payload() -> Payload:
    """The payload with as many events as fit into an asynchronous invocation."""
    low, high = 500, 20_000
    while low + 50 < high:
        middle = (low + high) // 2
        fits = len(payload_of(middle).event["awslogs"]["data"]) <= MAX_BASE64_BYTES
        low, high = (middle, high) if fits else (low, middle)
    return payload_of(low)
