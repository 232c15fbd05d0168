"""What the user names on the command line, and what an earlier deployment has."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tools.aws_reading import NotFoundError, Reader
from tools.deploy.questions import Questions
from tools.discover.cluster import Cluster, read_cluster
from tools.discover.kubernetes import KubectlError, find_services, has_kubectl
from tools.discover.listener import Listener, parse_listener
from tools.errors import ToolError
from tools.listener.protocols import DEMO_DESTINATIONS

_PATHS = {name: one.path for name, one in DEMO_DESTINATIONS.items()} | {"http": "/"}


@dataclass(frozen=True, slots=True)
class Given:
    """The command line, without what was not given; `before` are the parameters of the last deployment."""

    environment: str
    stack: str
    cluster: str = ""
    listener: str = ""
    destination: str = ""
    email: str = ""
    secret_arn: str = ""
    subnets: tuple[str, ...] = ()
    security_group: str = ""
    before: Mapping[str, str] = field(default_factory=dict)

    @property
    def collector(self) -> str:
        """The type of collector."""
        return self.destination or self.before.get("Destination", "xplg")

    @property
    def url(self) -> str:
        """The collector's URL or `HOST:PORT`; empty if it is not known."""
        same = self.collector == self.before.get("Destination", "xplg")
        return self.listener or (self.before.get("DestinationUrl", "") if same else "")

    @property
    def column(self) -> str:
        """The column of the table Environment: dev, staging or prod."""
        if self.environment in {"dev", "staging", "prod"}:
            return self.environment
        return self.before.get("Environment", "dev" if self.environment == "default" else "prod")


def find_cluster(reader: Reader, given: Given, questions: Questions) -> Cluster:
    """The cluster; asks which one, unless it is named or the only one.

    Raises:
        ToolError: there is no such cluster, or it cannot be read.
    """
    name = given.cluster or given.before.get("ClusterName", "")
    if not name:
        names = reader.pages("eks", "list_clusters", "clusters") or []
        name = names[0] if len(names) == 1 else questions.ask("CLUSTER", "Which cluster?", names)
    if not name and not given.url:
        questions.ask("LISTENER", "Where does the collector listen (HOST:PORT or URL)?")
    questions.require()
    try:
        cluster = read_cluster(reader, name)
    except NotFoundError as error:
        known = ", ".join(reader.pages("eks", "list_clusters", "clusters") or [])
        msg = f"{error} The clusters of this account and region: {known or 'none'}."
        raise ToolError(msg) from error
    if cluster is None:
        msg = "eks:DescribeCluster was refused: the cluster's network is needed (docs/rights.md)"
        raise ToolError(msg)
    return cluster


def find_listener(cluster: Cluster, given: Given, questions: Questions) -> Listener:
    """The collector's listener: given, deployed before, or asked for, with the services that kubectl shows.

    Raises:
        ToolError: nobody answers.
        ListenerError: the text is not an address.
    """
    text = given.url or questions.ask(
        "LISTENER", "Where does the collector listen (HOST:PORT or URL)?", _services(cluster)
    )
    questions.require()
    return parse_listener(text, _PATHS[given.collector])


def _services(cluster: Cluster) -> list[str]:
    try:
        services = find_services(cluster.endpoint) if has_kubectl() else []
    except KubectlError:
        return []
    return [service.address for service in services if service.address]
