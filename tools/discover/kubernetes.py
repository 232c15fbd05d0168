"""Services in the cluster that may be the listener, as kubectl shows them."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_XPLG_PORTS = frozenset({30303, 30443})
_XPLG_NAMES = ("xplg", "xpolog", "logeye")
_TIMEOUT_SECONDS = 15


class KubectlError(Exception):
    """kubectl could not say; the message says why."""


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
    """The services of the cluster with this API endpoint that look like XPLG's listener, usable ones first.

    Raises:
        KubectlError: kubectl's context is another cluster's, or kubectl fails.
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


def _looks_like_listener(service: Mapping[str, Any]) -> bool:
    name = service["metadata"]["name"].lower()
    ports = {
        port.get(key)
        for port in service["spec"].get("ports", [])
        for key in ("port", "nodePort", "targetPort")
    }
    return bool(ports & _XPLG_PORTS) or any(known in name for known in _XPLG_NAMES)


def _described(service: Mapping[str, Any], nodes: Sequence[str]) -> Service:
    name = f"{service['metadata']['namespace']}/{service['metadata']['name']}"
    kind = service["spec"].get("type", "ClusterIP")
    host = port = None
    match kind:
        case "LoadBalancer":
            host = next(_load_balancers(service), None)
            port = _port(service, "port")
        case "NodePort":
            host = next(iter(nodes), None)
            port = _port(service, "nodePort")
    return Service(name, kind, f"{host}:{port}" if host and port else "")


def _load_balancers(service: Mapping[str, Any]) -> Iterator[str]:
    for ingress in service.get("status", {}).get("loadBalancer", {}).get("ingress") or []:
        yield ingress.get("hostname") or ingress["ip"]


def _port(service: Mapping[str, Any], key: str) -> int | None:
    """The port that is one of XPLG's in any of its three places, else the first."""
    ports = service["spec"].get("ports", [])
    known = (
        port
        for port in ports
        if {port.get("port"), port.get("nodePort"), port.get("targetPort")} & _XPLG_PORTS
    )
    chosen = next(known, ports[0] if ports else {})
    return chosen.get(key)


def _node_addresses() -> list[str]:
    nodes = _kubectl("get", "nodes", "--output", "json")["items"]
    return [
        address["address"]
        for node in nodes
        for address in node["status"]["addresses"]
        if address["type"] == "InternalIP"
    ]


def _kubectl(*arguments: str) -> dict[str, Any]:
    try:
        done = subprocess.run(  # noqa: S603  # our own arguments
            ["kubectl", *arguments],  # noqa: S607  # the user's own kubectl is meant
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
