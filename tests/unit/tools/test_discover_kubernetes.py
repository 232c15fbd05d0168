"""Services in the cluster, by a kubectl that is a script on PATH."""

import json
from pathlib import Path
from typing import Any

import pytest

from tools.discover.kubernetes import KubectlError, Service, find_services, has_kubectl

ENDPOINT = "https://ABC.gr7.eu-central-1.eks.amazonaws.com"


def service(name: str, kind: str, ports: list[dict[str, Any]], **status: object) -> dict[str, Any]:
    """A service as `kubectl get services --output json` shows it."""
    return {
        "metadata": {"namespace": "logs", "name": name},
        "spec": {"type": kind, "ports": ports},
        "status": status,
    }


SERVICES = [
    service("kubernetes", "ClusterIP", [{"port": 443, "targetPort": 6443}]),
    service("collector", "ClusterIP", [{"port": 30443, "targetPort": "https"}]),
    service("xplg-nodes", "NodePort", [{"port": 80, "nodePort": 31000}, {"port": 443, "nodePort": 30443}]),
    service(
        "xplg",
        "LoadBalancer",
        [{"port": 30443, "targetPort": 30443, "nodePort": 32000}],
        loadBalancer={"ingress": [{"hostname": "internal-xplg.elb.amazonaws.com"}]},
    ),
    service("xplg-pending", "LoadBalancer", [{"port": 30443}], loadBalancer={}),
]
NODES = [
    {
        "status": {
            "addresses": [{"type": "Hostname", "address": "n"}, {"type": "InternalIP", "address": "10.0.1.7"}]
        }
    }
]


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kubectl that prints the files of a folder, by its first two words."""
    answers = {
        "config-view": {"clusters": [{"cluster": {"server": ENDPOINT}}]},
        "get-services": {"items": SERVICES},
        "get-nodes": {"items": NODES},
    }
    for name, answer in answers.items():
        (tmp_path / name).write_text(json.dumps(answer), encoding="utf-8")
    program = tmp_path / "kubectl"
    program.write_text(f'#!/bin/sh\nexec cat "{tmp_path}/$1-$2"\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return program


@pytest.mark.usefixtures("kubectl")
def test_finds_what_looks_like_the_listener_usable_ones_first() -> None:
    """Four of five services; a load balancer and a node port have an address outside the cluster."""
    assert has_kubectl()
    assert find_services(ENDPOINT.lower() + "/") == [
        Service("logs/xplg", "LoadBalancer", "internal-xplg.elb.amazonaws.com:30443"),
        Service("logs/xplg-nodes", "NodePort", "10.0.1.7:30443"),
        Service("logs/collector", "ClusterIP", ""),
        Service("logs/xplg-pending", "LoadBalancer", ""),
    ]


@pytest.mark.usefixtures("kubectl")
def test_does_not_look_into_another_cluster() -> None:
    """The context may be any cluster's; a listener found there would be the wrong one."""
    with pytest.raises(KubectlError, match="another cluster's"):
        find_services("https://DEF.gr7.eu-central-1.eks.amazonaws.com")


def test_says_why_kubectl_failed(kubectl: Path) -> None:
    """The last line that kubectl printed is repeated."""
    kubectl.write_text("#!/bin/sh\necho first >&2\necho 'Unauthorized' >&2\nexit 1\n", encoding="utf-8")
    with pytest.raises(KubectlError, match=r"`kubectl config view` failed: Unauthorized"):
        find_services(ENDPOINT)


def test_there_may_be_no_kubectl(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Then nothing is asked."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not has_kubectl()
