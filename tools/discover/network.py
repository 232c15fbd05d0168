"""Whether a function in the VPC's private subnets reaches SQS and Secrets Manager, and what is to be done."""

from collections.abc import Iterator, Sequence

from tools.aws_reading import Reader
from tools.discover.cluster import Cluster
from tools.discover.findings import Finding, advice, missing, ok, refused, unknown
from tools.discover.subnets import Subnet, Way

SERVICES = {
    "sqs": "SQS, for what was not delivered",
    "secretsmanager": "Secrets Manager, for the token",
}


def subnet_findings(subnets: Sequence[Subnet] | None, chosen: Sequence[Subnet]) -> Iterator[Finding]:
    """Each subnet with where it leads, and those that the functions should be in."""
    if subnets is None:
        yield refused("subnets", "ec2:DescribeSubnets, ec2:DescribeRouteTables or ec2:DescribeNatGateways")
        return
    for subnet in subnets:
        kind = "private" if subnet.is_private else "public"
        target = f" {subnet.target}" if subnet.target else ""
        yield ok(
            f"{kind} subnet",
            f"{subnet.id} {subnet.zone} {subnet.cidr}, {subnet.free_addresses} addresses free,"
            f" {subnet.way.value}{target}",
        )
    if not chosen:
        yield missing("subnets to use", "no private subnet has free addresses: the VPC needs one")
    elif len(chosen) == 1:
        yield advice(
            "subnets to use",
            f"{chosen[0].id} alone: one availability zone, so its outage stops the functions",
        )
    else:
        yield ok("subnets to use", ", ".join(subnet.id for subnet in chosen))


def endpoint_findings(reader: Reader, cluster: Cluster, chosen: Sequence[Subnet]) -> Iterator[Finding]:
    """Whether the chosen subnets lead to SQS and Secrets Manager: by NAT, or by interface endpoints."""
    if not chosen:
        return
    endpoints = reader.pages(
        "ec2",
        "describe_vpc_endpoints",
        "VpcEndpoints",
        Filters=[{"Name": "vpc-id", "Values": [cluster.vpc_id]}],
    )
    for service, what in SERVICES.items():
        name = f"com.amazonaws.{cluster.region}.{service}"
        here = [
            endpoint
            for endpoint in endpoints or []
            if endpoint["ServiceName"] == name and endpoint["State"].lower() == "available"
        ]
        # Without private DNS the service's public name leads past the endpoint.
        if any(endpoint.get("PrivateDnsEnabled", True) for endpoint in here):
            yield ok(what, f"by the endpoint {here[0]['VpcEndpointId']}")
        elif all(subnet.way is Way.NAT for subnet in chosen):
            yield ok(what, f"by {', '.join(sorted({subnet.target for subnet in chosen}))}")
        elif endpoints is None:
            yield refused(what, "ec2:DescribeVpcEndpoints")
        elif any(subnet.way is Way.ELSEWHERE for subnet in chosen):
            yield unknown(
                what, f"by {chosen[0].target or 'another network'}, if that network leads to the internet"
            )
        else:
            private_dns = " with private DNS" if here else ""
            yield missing(
                what, f"no NAT gateway and no endpoint{private_dns}", _endpoint(name, cluster, chosen)
            )


def _endpoint(service_name: str, cluster: Cluster, chosen: Sequence[Subnet]) -> str:
    subnet_ids = " ".join(subnet.id for subnet in chosen)
    return (
        f"aws ec2 create-vpc-endpoint --vpc-id {cluster.vpc_id} --vpc-endpoint-type Interface"
        f" --service-name {service_name} --subnet-ids {subnet_ids} --private-dns-enabled"
        f" --security-group-ids {cluster.security_group}"
    )
