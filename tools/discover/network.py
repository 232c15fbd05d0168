"""Whether private subnets lead to SQS and Secrets Manager, or the deploy must see to it."""

from collections.abc import Iterator, Mapping, Sequence

from tools.aws_reading import Reader
from tools.discover.cluster import Cluster
from tools.discover.findings import Finding, advice, by_deploy, missing, ok, refused, unknown
from tools.discover.subnets import Subnet, Way

# By the service's name in its endpoint's: what it is for, and the template's switch that makes an endpoint.
_SERVICES = {
    "sqs": ("SQS, for what was not delivered", "SqsEndpoint"),
    "secretsmanager": ("Secrets Manager, for the token", "SecretsManagerEndpoint"),
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


def service_findings(
    reader: Reader, cluster: Cluster, chosen: Sequence[Subnet]
) -> tuple[list[Finding], Mapping[str, str]]:
    """How the chosen subnets reach SQS and Secrets Manager, and the template's switches where they do not."""
    if not chosen:
        return [], {}
    endpoints = reader.pages(
        "ec2",
        "describe_vpc_endpoints",
        "VpcEndpoints",
        Filters=[{"Name": "vpc-id", "Values": [cluster.vpc_id]}],
    )
    findings: list[Finding] = []
    switches: dict[str, str] = {}
    for service, (what, switch) in _SERVICES.items():
        name = f"com.amazonaws.{cluster.region}.{service}"
        # Without private DNS the service's public name leads past the endpoint.
        usable = [
            endpoint["VpcEndpointId"]
            for endpoint in endpoints or []
            if endpoint["ServiceName"] == name
            and endpoint["State"].lower() == "available"
            and endpoint.get("PrivateDnsEnabled", True)
        ]
        if usable:
            found = f"by the endpoint {usable[0]}, whose group must let the functions in at port 443"
            findings.append(ok(what, found))
        elif all(subnet.way is Way.NAT for subnet in chosen):
            findings.append(ok(what, f"by {', '.join(sorted({subnet.target for subnet in chosen}))}"))
        elif endpoints is None:
            findings.append(refused(what, "ec2:DescribeVpcEndpoints"))
        elif any(subnet.way is Way.ELSEWHERE for subnet in chosen):
            target = next(subnet.target for subnet in chosen if subnet.way is Way.ELSEWHERE)
            found = f"by {target}, if that leads to AWS; else set {switch}=on"
            findings.append(unknown(what, found))
        else:
            switches[switch] = "on"
            findings.append(
                by_deploy(what, f"no NAT gateway and no endpoint that is used: {switch}=on makes one")
            )
    return findings, switches
