"""The whole survey of a cluster: every finding, and the template's parameters that follow from them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tools.aws_reading import Reader
from tools.discover.cluster import Cluster, cluster_findings, log_group_findings, read_cluster
from tools.discover.findings import Finding, missing, ok, refused, unknown
from tools.discover.kubernetes import KubectlError, find_services, has_kubectl
from tools.discover.listener import Listener, address_of, parse_listener
from tools.discover.network import endpoint_findings, subnet_findings
from tools.discover.security_groups import cluster_group_findings, groups_of_address, ingress_finding
from tools.discover.subnets import choose, read_subnets

FUNCTION_GROUP_NAME = "eks-log-forwarder"


@dataclass(slots=True)
class Survey:
    """What was found, and the answers for `parameter_overrides`, by the template's names."""

    findings: list[Finding] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    region: str = ""


def survey(reader: Reader, name: str, listener: Listener | None, function_group: str) -> Survey:
    """Reads everything about a cluster that its forwarder's deployment needs.

    Args:
        reader: asks AWS, and remembers which rights were refused.
        name: the cluster's.
        listener: where the functions are to post to; None looks for it with kubectl.
        function_group: the functions' security group, or empty to look for one named `eks-log-forwarder`.

    Raises:
        NotFoundError: there is no such cluster.
    """
    result = Survey(answers={"ClusterName": name})
    cluster = read_cluster(reader, name)
    result.findings += cluster_findings(name, cluster)
    result.findings += log_group_findings(reader, name)
    if cluster is not None:
        result.region = cluster.region
        _add_network(reader, cluster, result)
        function_group = function_group or _add_function_group(reader, cluster, result)
        if function_group:
            result.answers["SecurityGroupIds"] = function_group
        if listener is None:
            listener = _find_listener(cluster, result)
    if listener is None:
        return result
    result.answers["DestinationUrl"] = listener.url
    result.findings.append(ok("listener", listener.url))
    if cluster is not None:
        callers = [group for group in (function_group,) if group]
        result.findings += _way_to_listener(reader, cluster, listener, callers)
    return result


def _add_network(reader: Reader, cluster: Cluster, result: Survey) -> None:
    subnets = read_subnets(reader, cluster.vpc_id)
    chosen = choose(subnets or [], cluster.subnet_ids)
    result.findings += subnet_findings(subnets, chosen)
    result.findings += endpoint_findings(reader, cluster, chosen)
    result.findings += cluster_group_findings(reader, cluster)
    if chosen:
        result.answers["SubnetIds"] = ",".join(subnet.id for subnet in chosen)


def _add_function_group(reader: Reader, cluster: Cluster, result: Survey) -> str:
    groups = reader.pages(
        "ec2",
        "describe_security_groups",
        "SecurityGroups",
        Filters=[
            {"Name": "vpc-id", "Values": [cluster.vpc_id]},
            {"Name": "group-name", "Values": [FUNCTION_GROUP_NAME]},
        ],
    )
    what = "functions' group"
    if groups is None:
        result.findings.append(refused(what, "ec2:DescribeSecurityGroups"))
        return ""
    if groups:
        group_id: str = groups[0]["GroupId"]
        result.findings.append(ok(what, f"{group_id} {FUNCTION_GROUP_NAME}"))
        return group_id
    result.findings.append(
        missing(
            what,
            f"no security group is named {FUNCTION_GROUP_NAME}",
            f"aws ec2 create-security-group --group-name {FUNCTION_GROUP_NAME} --vpc-id {cluster.vpc_id}"
            ' --description "The EKS log forwarder"',
        )
    )
    return ""


def _find_listener(cluster: Cluster, result: Survey) -> Listener | None:
    give_it = f"make discover CLUSTER={cluster.name} LISTENER=HOST:PORT"
    if not has_kubectl():
        result.findings.append(
            unknown("listener", "not given, and kubectl is not here to look for it", give_it)
        )
        return None
    try:
        services = find_services(cluster.endpoint)
    except KubectlError as error:
        use_it = f"aws eks update-kubeconfig --name {cluster.name} --region {cluster.region}"
        result.findings.append(unknown("listener", f"not given; {error}", use_it))
        return None
    for service in services:
        address = service.address or "no address outside the cluster: it needs an internal load balancer"
        what = "service"
        found = f"{service.name} ({service.kind}), {address}"
        result.findings.append(ok(what, found) if service.address else unknown(what, found))
    if not services or not services[0].address:
        result.findings.append(
            unknown("listener", "no service in the cluster looks like one with an address outside", give_it)
        )
        return None
    return parse_listener(services[0].address)


def _way_to_listener(
    reader: Reader, cluster: Cluster, listener: Listener, callers: list[str]
) -> Iterator[Finding]:
    what = "listener's group"
    address = address_of(listener.host)
    if address is None:
        yield unknown(what, f"{listener.host} does not resolve here, so its group is not known")
        return
    group_ids = groups_of_address(reader, cluster.vpc_id, address)
    if group_ids is None:
        yield refused(what, "ec2:DescribeNetworkInterfaces")
    elif not group_ids:
        yield unknown(what, f"no interface in {cluster.vpc_id} has {address}: the subnets must route to it")
    else:
        yield ingress_finding(reader, group_ids, listener.port, callers)
