"""The shipped rules on the labelled lines of rules that others published for the same things."""

import csv
import os
from functools import cache
from pathlib import Path

import pytest

from eks_log_forwarder.intake.log_type import LogType
from tests.unit.shipped_rules import found

BY_NAME = "the user is none of the known controllers; a name's beginning excepts nobody"
CHANGED = "a role that is changed grants as much as one that is made"
EVERY_SESSION = "every session counts, not only one that reads a token"
# Published rule -> ours that cover it, any of which has to find the line.
COVERED = {
    "k8s_clusterrolebinding_privileged": {"audit_cluster_admin_binding"},
    "k8s_exec_into_pod": {"audit_pod_exec_or_attach"},
    "k8s_pod_created_in_system_namespace": {"audit_pod_created_in_kube_system"},
    "k8s_pod_host_ipc": {"audit_pod_host_ipc"},
    "k8s_pod_host_network": {"audit_pod_host_network"},
    "k8s_pod_host_pid": {"audit_pod_host_pid"},
    "k8s_pod_hostpath_volume": {"audit_pod_host_path"},
    "k8s_role_node_proxy_permissions": {"audit_role_grants_exec_or_node_proxy", "audit_role_with_wildcards"},
    "k8s_role_pod_exec": {"audit_role_grants_exec_or_node_proxy"},
    "k8s_secrets_dump_all_namespaces": {
        "audit_secrets_listed_by_service_account",
        "audit_secrets_listed_cluster_wide",
    },
    "k8s_serviceaccount_token_created": {"audit_service_account_token_created"},
    "k8s_steal_serviceaccount_token": {"audit_pod_exec_or_attach"},
    "k8s_system_role_modified": {"audit_system_role_changed"},
}
NOT_COVERED = {
    "k8s_daemonset_created": "only those that people make are reported, besides what the pods may do",
    "k8s_ioc_activity": "needs a list of addresses, which a rule has not",
    "k8s_multiple_403_public_ip": "needs more than one event",
    "k8s_role_write_permissions": "roles that write are everyday; those with wildcards are found",
}
# Lines of audit.ndjson that ours judge otherwise, and why.
OTHERWISE = {
    1846: "cluster-admin within one namespace is all of it, and in kube-system the cluster",
    1847: BY_NAME,
    1867: BY_NAME,
    1873: BY_NAME,
    1885: BY_NAME,
    1890: BY_NAME,
    1892: CHANGED,
    1896: BY_NAME,
    1898: CHANGED,
    1910: BY_NAME,
    1922: EVERY_SESSION,
    1925: EVERY_SESSION + ", and " + BY_NAME,
    1926: "a session that was refused counts as well",
    1930: "the role is excepted for EKS's add-on manager, not for a person",
    1932: BY_NAME,
}


@cache
def labels() -> list[dict[str, str]]:
    """The rows of labels.tsv: file, line, rule, test, expected."""
    with (_corpus() / "labels.tsv").open(encoding="utf-8", newline="") as rows:
        return list(csv.DictReader(rows, delimiter="\t"))


def _corpus() -> Path:
    folder = os.environ.get("EKS_LOG_CORPUS")
    if not folder:
        pytest.skip("EKS_LOG_CORPUS names no folder of real control-plane log lines")
    return Path(folder)


@pytest.mark.parametrize("published", COVERED)
def test_agrees_with_the_published_rule(published: str) -> None:
    """The lines of a published rule give the labelled result, except those listed with a reason."""
    rows = [row for row in labels() if row["rule"] == published]
    text = (_corpus() / "audit.ndjson").read_text(encoding="utf-8").splitlines()
    assert rows
    assert {row["file"] for row in rows} == {"audit.ndjson"}
    numbers = {int(row["line"]): row["expected"] == "True" for row in rows}
    otherwise = {
        number
        for number, expected in numbers.items()
        if bool(COVERED[published] & found(LogType.AUDIT, text[number - 1]).keys()) is not expected
    }
    assert otherwise == OTHERWISE.keys() & numbers.keys()


def test_every_published_rule_is_accounted_for() -> None:
    """Our rules cover the 17 published rules, or a reason is given."""
    published = {row["rule"] for row in labels()}
    assert published == COVERED.keys() | NOT_COVERED.keys()
    assert len(published) == len(COVERED) + len(NOT_COVERED) == 17
    assert {int(row["line"]) for row in labels() if row["rule"] in COVERED} >= OTHERWISE.keys()
