"""The names that have a field of their own in an index without our templates.

An index takes 1,000 names, and what a line chooses freely has no bound: the names of volumes and hosts appear
among them. So the names of this module have a field, and all others share `OTHER`. No name here begins with
another one and a dot: one would be a value, and the other needs an object in its place.

Sources: Kubernetes, "Audit annotations", "Service account token claims", and the key-value pairs of its
components; Amazon EKS user guide, "Fields in authenticator logs".
"""

from typing import Final

OTHER: Final = "other"

FIELDS: Final = frozenset(
    {
        *("PV", "PVC", "URI", "UserAgent", "address", "apiVersion", "application", "arn", "auditID", "claim"),
        *(
            "controller",
            "controllerGroup",
            "controllerKind",
            "cronJob",
            "daemonSet",
            "deployment",
            "duration",
        ),
        *("endpointSlice", "err", "error", "evaluatedNodes", "feasibleNodes", "group", "ip", "item", "job"),
        *("key", "kind", "latency", "lease", "logger", "message", "method", "name", "namespace", "newState"),
        *("node", "nodeClaim", "object", "path", "plugin", "pod", "prefix", "pv", "pvc", "queue", "reason"),
        *("reconcileID", "region", "replicaSet", "resource", "resp", "service", "srcIP", "stacktrace"),
        *("statefulSet", "status", "subnet", "taint", "trace", "traceID", "type", "user", "verb", "version"),
        *("volume", "volumeName", "workers", "zone"),
        *("accesskeyid", "accountid", "client", "errorCode", "errorMessage", "session", "stsendpoint"),
        *("uid", "userid", "username"),  # this line and the one above: of the authenticator
    }
)
ANNOTATIONS: Final = frozenset(
    {
        *("apiserver.latency.k8s.io/etcd", "apiserver.latency.k8s.io/total"),
        *("audit.k8s.io/truncated", "authentication.k8s.io/legacy-token"),
        *("authentication.kubernetes.io/issued-credential-id", "authentication.k8s.io/stale-token"),
        *("authorization.k8s.io/decision", "authorization.k8s.io/reason"),
        *("k8s.io/deprecated", "k8s.io/removed-release"),
        *(f"pod-security.kubernetes.io/{name}" for name in ("audit-violations", "enforce-policy", "exempt")),
    }
)
EXTRA: Final = frozenset(
    {
        *("accessKeyId", "arn", "canonicalArn", "principalId", "sessionName"),
        *(
            f"authentication.kubernetes.io/{name}"
            for name in ("credential-id", "node-name", "node-uid", "pod-name", "pod-uid")
        ),
    }
)
