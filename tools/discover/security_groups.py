"""Security groups of the cluster and its nodes, and whether the listener's lets the functions in."""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any

from tools.aws_reading import Reader
from tools.discover.cluster import Cluster
from tools.discover.findings import Finding, by_network, ok, refused, unknown


def cluster_group_findings(reader: Reader, cluster: Cluster) -> Iterator[Finding]:
    """The group that EKS made, further groups of the control plane, and those of self-managed nodes."""
    wanted = [group for group in (cluster.security_group, *cluster.further_groups) if group]
    groups = reader.ec2("describe_security_groups", "SecurityGroups", {"vpc-id": cluster.vpc_id})
    names = {group["GroupId"]: group["GroupName"] for group in groups or []}
    if groups is None:
        yield refused("security groups", "ec2:DescribeSecurityGroups")
    for group_id in wanted:
        what = "cluster's group" if group_id == cluster.security_group else "control plane's group"
        if group_id in names or groups is None:
            yield ok(what, f"{group_id} {names.get(group_id, '')}".strip())
        else:
            yield unknown(what, f"{group_id}, which is not in {cluster.vpc_id}")
    running = {f"tag:kubernetes.io/cluster/{cluster.name}": "owned", "instance-state-name": "running"}
    reservations = reader.ec2("describe_instances", "Reservations", running)
    if reservations is None:
        yield refused("nodes' groups", "ec2:DescribeInstances")
        return
    instances = (instance for reservation in reservations for instance in reservation["Instances"])
    of_nodes = {
        group["GroupId"]: group.get("GroupName", "")
        for instance in instances
        for group in instance["SecurityGroups"]
        if group["GroupId"] not in wanted
    }
    for group_id, name in sorted(of_nodes.items()):
        yield ok("nodes' group", f"{group_id} {name}".strip())


def groups_of_address(reader: Reader, vpc_id: str, address: str) -> tuple[str, ...] | None:
    """The groups of the network interface with this private address; None if the right was refused."""
    filters = {"vpc-id": vpc_id, "addresses.private-ip-address": address}
    interfaces = reader.ec2("describe_network_interfaces", "NetworkInterfaces", filters)
    if interfaces is None:
        return None
    return tuple(
        group["GroupId"]
        for interface in interfaces
        if address in {held["PrivateIpAddress"] for held in interface["PrivateIpAddresses"]}
        for group in interface["Groups"]
    )


def ingress(
    reader: Reader, group_ids: Sequence[str], port: int, callers: Sequence[str], function_group: str
) -> tuple[Finding, Mapping[str, str]]:
    """Whether the listener's groups let the functions in, and the parameters of network.yaml that open them.

    Args:
        reader: calls AWS.
        group_ids: the groups of the listener's network interface, at least one.
        port: the listener's TCP port.
        callers: the CIDR blocks of the functions' subnets.
        function_group: the functions' security group; empty if network.yaml creates one.
    """
    what, first = "listener's group", group_ids[0]
    answers = {"ListenerSecurityGroupId": first}
    groups = reader.pages("ec2", "describe_security_groups", "SecurityGroups", GroupIds=list(group_ids))
    if groups is None:
        return refused(what, "ec2:DescribeSecurityGroups"), answers
    rules = [rule for group in groups for rule in group["IpPermissions"] if _covers(rule, port)]
    admitted = {pair["GroupId"] for rule in rules for pair in rule.get("UserIdGroupPairs", [])}
    ranges = [IPv4Network(cidr["CidrIp"]) for rule in rules for cidr in rule.get("IpRanges", [])]
    if function_group in admitted:
        return ok(what, f"{first} lets {function_group} in at port {port}"), answers
    if callers and all(any(IPv4Network(caller).subnet_of(known) for known in ranges) for caller in callers):
        return ok(what, f"{first} lets the functions' subnets in at port {port}"), answers
    found = f"{first} does not let the functions in at port {port}: ListenerIngress=group adds the rule"
    return by_network(what, found), answers | {"ListenerIngress": "group"}


def _covers(rule: Mapping[str, Any], port: int) -> bool:
    if rule["IpProtocol"] == "-1":
        return True
    return rule["IpProtocol"] == "tcp" and port in range(rule["FromPort"], rule["ToPort"] + 1)
