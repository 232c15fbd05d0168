"""Whether the private subnets reach SQS and Secrets Manager, or network.yaml has to create endpoints."""

from collections.abc import Iterator, Sequence

from tools.aws_reading import Reader
from tools.discover.cluster import Cluster
from tools.discover.findings import Finding, advice, by_network, missing, ok, refused, unknown
from tools.discover.subnets import Subnet, Way

# The service's name in its endpoint's name: its use, and network.yaml's parameter that creates one.
_SERVICES = {
    "sqs": ("SQS, for parked events", "SqsEndpoint"),
    "secretsmanager": ("Secrets Manager, for the token", "SecretsManagerEndpoint"),
}


def subnet_findings(subnets: Sequence[Subnet] | None, chosen: Sequence[Subnet]) -> Iterator[Finding]:
    """Each subnet with its default route, and the subnets for the functions."""
    if subnets is None:
        yield refused("subnets", "ec2:DescribeSubnets, ec2:DescribeRouteTables or ec2:DescribeNatGateways")
        return
    for subnet in subnets:
        kind = "private" if subnet.is_private else "public"
        way = f"{subnet.way.value} {subnet.target}".rstrip()
        free = f"{subnet.free_addresses} free addresses"
        yield ok(f"{kind} subnet", f"{subnet.id} {subnet.zone} {subnet.cidr}, {free}, {way}")
    what = "subnets to use"
    if not chosen:
        yield missing(what, "no private subnet has enough free addresses: the VPC needs one")
    elif len(chosen) == 1:
        yield advice(what, f"only {chosen[0].id}: an outage of its availability zone stops the functions")
    else:
        yield ok(what, ", ".join(subnet.id for subnet in chosen))


def service_findings(
    reader: Reader, cluster: Cluster, chosen: Sequence[Subnet]
) -> tuple[list[Finding], dict[str, str]]:
    """How the chosen subnets reach SQS and Secrets Manager, and network.yaml's parameters if they do not."""
    if not chosen:
        return [], {}
    endpoints = reader.ec2("describe_vpc_endpoints", "VpcEndpoints", {"vpc-id": cluster.vpc_id})
    findings: list[Finding] = []
    answers: dict[str, str] = {}
    for service, (what, parameter) in _SERVICES.items():
        # Without private DNS the service's public name does not resolve to the endpoint.
        usable = [
            endpoint["VpcEndpointId"]
            for endpoint in endpoints or []
            if endpoint["ServiceName"] == f"com.amazonaws.{cluster.region}.{service}"
            and endpoint["State"].lower() == "available"
            and endpoint.get("PrivateDnsEnabled", True)
        ]
        elsewhere = next((subnet.target for subnet in chosen if subnet.way is Way.ELSEWHERE), None)
        if usable:
            found = f"by the endpoint {usable[0]}; its group must let the functions in at port 443"
            findings.append(ok(what, found))
        elif all(subnet.way is Way.NAT for subnet in chosen):
            findings.append(ok(what, f"by {', '.join(sorted({subnet.target for subnet in chosen}))}"))
        elif endpoints is None:
            findings.append(refused(what, "ec2:DescribeVpcEndpoints"))
        elif elsewhere is not None:
            findings.append(unknown(what, f"by {elsewhere} if it leads to AWS; else set {parameter}=on"))
        else:
            answers[parameter] = "on"
            found = f"no NAT gateway and no usable endpoint: {parameter}=on creates one"
            findings.append(by_network(what, found))
    return findings, answers
