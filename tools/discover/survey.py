"""The survey of a cluster: all findings, and the parameters of both templates that follow from them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from tools.aws_reading import Reader
from tools.discover.cluster import Cluster, cluster_findings, log_group_findings, read_cluster
from tools.discover.findings import Finding, State, by_network, missing, ok, refused, unknown
from tools.discover.kubernetes import KubectlError, find_services, has_kubectl
from tools.discover.listener import Listener, address_of, parse_listener
from tools.discover.network import service_findings, subnet_findings
from tools.discover.security_groups import cluster_group_findings, groups_of_address, ingress
from tools.discover.subnets import Subnet, choose, named, read_subnets, refuse_one_zone_twice
from tools.sam_config import format_overrides

UNKNOWN_NETWORK = "NETWORK_OF_THE_LISTENER"  # the user knows it


@dataclass(slots=True)
class Survey:
    """The findings, and the values for `parameter_overrides` by the templates' names.

    `answers` are for template.yaml, `network` for network.yaml. `region` is empty if the cluster could not be
    read; then there is no section to write.
    """

    findings: list[Finding] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    network: dict[str, str] = field(default_factory=dict)
    region: str = ""


def survey(  # noqa: PLR0913  # each is a fact that AWS does not know
    reader: Reader,
    name: str,
    listener: Listener | None,
    function_group: str,
    network_stack: str,
    *,
    subnets: Sequence[str] = (),
) -> Survey:
    """Reads everything about a cluster that a deployment needs.

    Args:
        reader: calls AWS, and remembers the refused rights.
        name: the cluster's.
        listener: where the functions post to; None looks for it with kubectl.
        function_group: a security group for the functions; empty if network.yaml creates one.
        network_stack: the name for a stack of network.yaml, if one is needed.
        subnets: the functions' subnets; empty if they are chosen.

    Raises:
        NotFoundError: there is no such cluster.
        SubnetsError: the named subnets cannot be used.
    """
    result = Survey(answers={"ClusterName": name})
    cluster = read_cluster(reader, name)
    result.findings += cluster_findings(name, cluster)
    result.findings += log_group_findings(reader, name)
    if cluster is None:
        return result
    result.region = cluster.region
    chosen = _add_network(reader, cluster, subnets, result)
    if function_group:
        result.answers["SecurityGroupIds"] = function_group
    listener = listener or _find_listener(cluster, result)
    if listener is not None:
        result.findings.append(ok("listener", listener.url))
        result.answers["DestinationUrl"] = listener.url
        result.network["ListenerPort"] = str(listener.port)
        _add_way_to_listener(reader, cluster, chosen, listener, result)
    if chosen:
        _add_network_stack(network_stack, function_group, result)
    return result


def _add_network(
    reader: Reader, cluster: Cluster, wanted: Sequence[str], result: Survey
) -> tuple[Subnet, ...]:
    subnets = read_subnets(reader, cluster.vpc_id)
    chosen = named(subnets or [], wanted) if wanted else choose(subnets or [], cluster.subnet_ids)
    result.findings += subnet_findings(subnets, chosen)
    findings, answers = service_findings(reader, cluster, chosen)
    if answers:
        refuse_one_zone_twice(chosen)
    result.findings += findings
    result.findings += cluster_group_findings(reader, cluster)
    if chosen:
        subnet_ids = {"SubnetIds": ",".join(subnet.id for subnet in chosen)}
        result.answers |= subnet_ids
        result.network |= {"VpcId": cluster.vpc_id, **(subnet_ids | answers if answers else {})}
    return chosen


def _add_network_stack(name: str, function_group: str, result: Survey) -> None:
    """The command that deploys network.yaml, if the functions need its group, its endpoints or its rule."""
    needed = [finding.what for finding in result.findings if finding.state is State.BY_NETWORK]
    if not function_group:
        needed.insert(0, "the functions' security group")
    if not needed:
        return
    result.answers["NetworkStack"] = name
    if not result.network.keys() & {"ListenerSecurityGroupId", "ListenerCidr"}:
        result.network["ListenerCidr"] = UNKNOWN_NETWORK
    command = (
        f"aws cloudformation deploy --template-file network.yaml --stack-name {name}"
        f" --no-fail-on-empty-changeset --parameter-overrides {format_overrides(result.network)}"
    )
    result.findings.append(by_network("network stack", f"{name} creates: {', '.join(needed)}", command))


def _find_listener(cluster: Cluster, result: Survey) -> Listener | None:
    by_option = f"make discover CLUSTER={cluster.name} LISTENER=HOST:PORT"
    if not has_kubectl():
        found = "not given, and kubectl is not installed to look for it"
        result.findings.append(unknown("listener", found, by_option))
        return None
    try:
        services = find_services(cluster.endpoint)
    except KubectlError as error:
        found = f"not given, and kubectl could not look for it ({error})"
        result.findings.append(unknown("listener", found, by_option))
        return None
    for service in services:
        address = service.address or "no address outside the cluster: it needs an internal load balancer"
        found = f"{service.name} ({service.kind}), {address}"
        result.findings.append(ok("service", found) if service.address else unknown("service", found))
    if not services or not services[0].address:
        found = "no service with an address outside the cluster looks like the listener"
        result.findings.append(unknown("listener", found, by_option))
        return None
    return parse_listener(services[0].address)


def _add_way_to_listener(
    reader: Reader, cluster: Cluster, chosen: Sequence[Subnet], listener: Listener, result: Survey
) -> None:
    """The listener's security group, or its network if this VPC has no interface with its address."""
    what = "listener's group"
    address = address_of(listener.host)
    if address is None:
        found = f"{listener.host} does not resolve here: set ListenerSecurityGroupId or ListenerCidr"
        result.findings.append(unknown(what, found))
        return
    group_ids = groups_of_address(reader, cluster.vpc_id, address)
    if group_ids:
        callers = [subnet.cidr for subnet in chosen]
        function_group = result.answers.get("SecurityGroupIds", "")
        finding, answers = ingress(reader, group_ids, listener.port, callers, function_group)
        result.network |= answers
    elif group_ids is None:
        finding = refused(what, "ec2:DescribeNetworkInterfaces")
    elif without := without_route(address, chosen):
        found = f"{address} is not in {cluster.vpc_id}, and no route of {', '.join(without)} leads to it"
        finding = missing("route to the listener", found)
    elif address == listener.host:
        found = f"no interface of {cluster.vpc_id} with a group has {address}: the subnets must route to it"
        finding = unknown(what, found)
        result.network["ListenerCidr"] = f"{address}/32"
    else:
        # The addresses of a load balancer without a group change, so only its network can be named.
        found = f"{listener.host} is at {address}, without a group: set ListenerCidr to its network"
        finding = unknown(what, found)
    result.findings.append(finding)


def without_route(address: str, chosen: Sequence[Subnet]) -> list[str]:
    """The subnets that have no route to the address; no VPC has one to a loopback address."""
    target = IPv4Address(address)
    if target.is_loopback:
        return []
    return [
        subnet.id
        for subnet in chosen
        if subnet.reaches is not None and not any(target in network for network in subnet.reaches)
    ]
