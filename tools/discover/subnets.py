"""The subnets of a VPC, and where the default route of each leads."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from tools.aws_reading import Reader

_EVERYWHERE = "0.0.0.0/0"
# A function takes few addresses, but each availability zone's interface needs one, also while it is replaced.
MIN_FREE_ADDRESSES = 8


class Way(Enum):
    """Where a subnet's default route leads."""

    PUBLIC = "internet gateway"
    NAT = "NAT gateway"
    ELSEWHERE = "another network"
    NONE = "no default route"
    BROKEN = "a target that is gone"


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet; `target` is the id that its default route names, or empty."""

    id: str
    zone: str
    cidr: str
    free_addresses: int
    way: Way
    target: str

    @property
    def is_private(self) -> bool:
        """Whether a function in it has a use for its routes: it has no public address."""
        return self.way is not Way.PUBLIC


def read_subnets(reader: Reader, vpc_id: str) -> list[Subnet] | None:
    """The VPC's subnets with their routes, the public ones first; None if a right was refused."""
    of_vpc = [{"Name": "vpc-id", "Values": [vpc_id]}]
    subnets = reader.pages("ec2", "describe_subnets", "Subnets", Filters=of_vpc)
    tables = reader.pages("ec2", "describe_route_tables", "RouteTables", Filters=of_vpc)
    gateways = reader.pages("ec2", "describe_nat_gateways", "NatGateways", Filters=of_vpc)
    if subnets is None or tables is None or gateways is None:
        return None
    # A private NAT gateway leads to other networks, not to AWS's public endpoints.
    nat_ids = frozenset(
        gateway["NatGatewayId"]
        for gateway in gateways
        if gateway["State"] == "available" and gateway.get("ConnectivityType", "public") == "public"
    )
    found = []
    for body in subnets:
        way, target = _way_out(body["SubnetId"], tables, nat_ids)
        found.append(
            Subnet(
                body["SubnetId"],
                body["AvailabilityZone"],
                body["CidrBlock"],
                body["AvailableIpAddressCount"],
                way,
                target,
            )
        )
    return sorted(found, key=lambda subnet: (subnet.is_private, subnet.zone, subnet.id))


def _way_out(subnet_id: str, tables: Sequence[Mapping[str, Any]], nat_ids: frozenset[str]) -> tuple[Way, str]:
    route = next(
        (
            route
            for route in _table_of(subnet_id, tables).get("Routes", [])
            if route.get("DestinationCidrBlock") == _EVERYWHERE
        ),
        None,
    )
    if route is None:
        return Way.NONE, ""
    target = next(
        (
            route[key]
            for key in (
                "NatGatewayId",
                "GatewayId",
                "TransitGatewayId",
                "NetworkInterfaceId",
                "VpcPeeringConnectionId",
            )
            if route.get(key)
        ),
        "",
    )
    if route.get("State") == "blackhole":
        return Way.BROKEN, target
    if target.startswith("igw-"):
        return Way.PUBLIC, target
    if target.startswith("nat-"):
        return (Way.NAT if target in nat_ids else Way.ELSEWHERE), target
    return Way.ELSEWHERE, target


def _table_of(subnet_id: str, tables: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The route table that names the subnet, else the VPC's main one (Amazon VPC User Guide)."""
    main: Mapping[str, Any] = {}
    for table in tables:
        for association in table["Associations"]:
            if association.get("SubnetId") == subnet_id:
                return table
            if association.get("Main"):
                main = table
    return main


def choose(subnets: Iterable[Subnet], of_cluster: frozenset[str]) -> tuple[Subnet, ...]:
    """One private subnet a zone, best first: a NAT gateway, the cluster's own, free addresses."""
    best: dict[str, Subnet] = {}
    for subnet in sorted(
        (subnet for subnet in subnets if subnet.is_private and subnet.free_addresses >= MIN_FREE_ADDRESSES),
        key=lambda subnet: (
            subnet.way is not Way.NAT,
            subnet.id not in of_cluster,
            -subnet.free_addresses,
            subnet.id,
        ),
    ):
        best.setdefault(subnet.zone, subnet)
    # Zones without a way out beside zones with one would make one invocation in two fail.
    with_nat = [subnet for subnet in best.values() if subnet.way is Way.NAT]
    return tuple(sorted(with_nat or best.values(), key=lambda subnet: subnet.zone))
