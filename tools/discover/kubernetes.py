"""Services in the cluster that may be the listener, as kubectl shows them."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_XPLG_PORTS = frozenset({30303, 30443})
_XPLG_NAMES = ("xplg", "xpolog", "logeye")
_PORT_KEYS = ("port", "nodePort", "targetPort")
_TIMEOUT_SECONDS = 15


class KubectlError(Exception):
    """kubectl gave no answer; the message has the reason."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service that may be the listener; `address` is `HOST:PORT` outside the cluster, or empty."""

    name: str
    kind: str
    address: str


def has_kubectl() -> bool:
    """Whether kubectl is on PATH."""
    return shutil.which("kubectl") is not None


def find_services(cluster_endpoint: str) -> list[Service]:
    """The services that look like XPLG's listener, those with an outside address first.

    Raises:
        KubectlError: kubectl fails, or its context is a cluster with another API endpoint.
    """
    config = _kubectl("config", "view", "--minify", "--output", "json")
    clusters = config.get("clusters") or [{}]
    server = clusters[0].get("cluster", {}).get("server", "")
    if server.rstrip("/").lower() != cluster_endpoint.rstrip("/").lower():
        msg = "kubectl's context is another cluster's"
        raise KubectlError(msg)
    services = _kubectl("get", "services", "--all-namespaces", "--output", "json")["items"]
    candidates = [service for service in services if _looks_like_listener(service)]
    nodes: Sequence[str] = ()
    if any(service["spec"].get("type") == "NodePort" for service in candidates):
        nodes = _node_addresses()
    found = [_described(service, nodes) for service in candidates]
    return sorted(found, key=lambda service: (not service.address, service.name))


def _is_xplg(port: Mapping[str, Any]) -> bool:
    return any(port.get(key) in _XPLG_PORTS for key in _PORT_KEYS)


def _looks_like_listener(service: Mapping[str, Any]) -> bool:
    name = service["metadata"]["name"].lower()
    return any(map(_is_xplg, service["spec"].get("ports", []))) or any(known in name for known in _XPLG_NAMES)


def _described(service: Mapping[str, Any], nodes: Sequence[str]) -> Service:
    name = f"{service['metadata']['namespace']}/{service['metadata']['name']}"
    kind = service["spec"].get("type", "ClusterIP")
    ports = service["spec"].get("ports", [])
    chosen = next(filter(_is_xplg, ports), ports[0] if ports else {})
    host = port = None
    match kind:
        case "LoadBalancer":
            ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress") or [{}]
            host, port = ingress[0].get("hostname") or ingress[0].get("ip"), chosen.get("port")
        case "NodePort":
            host, port = next(iter(nodes), None), chosen.get("nodePort")
    return Service(name, kind, f"{host}:{port}" if host and port else "")


def _node_addresses() -> list[str]:
    nodes = _kubectl("get", "nodes", "--output", "json")["items"]
    addresses = (address for node in nodes for address in node["status"]["addresses"])
    return [address["address"] for address in addresses if address["type"] == "InternalIP"]


def _kubectl(*arguments: str) -> dict[str, Any]:
    try:
        done = subprocess.run(  # noqa: S603  # our own arguments
            ["kubectl", *arguments],  # noqa: S607  # the user's own kubectl
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        msg = f"kubectl did not answer within {_TIMEOUT_SECONDS} s"
        raise KubectlError(msg) from error
    if done.returncode:
        last_line = (done.stderr.strip().splitlines() or ["no message"])[-1]
        msg = f"`kubectl {arguments[0]} {arguments[1]}` failed: {last_line}"
        raise KubectlError(msg)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
