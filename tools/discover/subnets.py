"""The subnets of a VPC, and where their default routes lead."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Network
from typing import Any

from tools.aws_reading import Reader
from tools.errors import ToolError

_EVERYWHERE = "0.0.0.0/0"
_TARGETS = ("NatGatewayId", "GatewayId", "TransitGatewayId", "NetworkInterfaceId", "VpcPeeringConnectionId")
# Functions share one interface per subnet; a replacement needs a second one at the same time.
MIN_FREE_ADDRESSES = 8


class SubnetsError(ToolError):
    """The named subnets cannot be used; the message says why."""


class Way(Enum):
    """Where a subnet's default route leads."""

    PUBLIC = "internet gateway"
    NAT = "NAT gateway"
    ELSEWHERE = "another network"
    NONE = "no default route"
    BROKEN = "a target that is gone"


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet; `target` is the id in its default route, or empty.

    `reaches` are the networks of its routes; None if they are not all known.
    """

    id: str
    zone: str
    cidr: str
    free_addresses: int
    way: Way
    target: str
    reaches: tuple[IPv4Network, ...] | None = None

    @property
    def is_private(self) -> bool:
        """Whether a function in it, which has no public address, can use its routes."""
        return self.way is not Way.PUBLIC


def read_subnets(reader: Reader, vpc_id: str) -> list[Subnet] | None:
    """The VPC's subnets with their routes, the public ones first; None if a right was refused."""
    vpc = {"vpc-id": vpc_id}
    subnets = reader.ec2("describe_subnets", "Subnets", vpc)
    tables = reader.ec2("describe_route_tables", "RouteTables", vpc)
    gateways = reader.ec2("describe_nat_gateways", "NatGateways", vpc)
    if subnets is None or tables is None or gateways is None:
        return None
    # A private NAT gateway leads to other networks, not to AWS's public endpoints.
    nat_ids = frozenset(
        gateway["NatGatewayId"]
        for gateway in gateways
        if gateway["State"] == "available" and gateway.get("ConnectivityType", "public") == "public"
    )
    found = [
        Subnet(
            body["SubnetId"],
            body["AvailabilityZone"],
            body["CidrBlock"],
            body["AvailableIpAddressCount"],
            *_way_out(_table_of(body["SubnetId"], tables), nat_ids),
            _networks(_table_of(body["SubnetId"], tables)),
        )
        for body in subnets
    ]
    return sorted(found, key=lambda subnet: (subnet.is_private, subnet.zone, subnet.id))


def _way_out(table: Mapping[str, Any], nat_ids: frozenset[str]) -> tuple[Way, str]:
    routes = table.get("Routes", [])
    route = next((one for one in routes if one.get("DestinationCidrBlock") == _EVERYWHERE), None)
    if route is None:
        return Way.NONE, ""
    target = next((route[key] for key in _TARGETS if route.get(key)), "")
    if route.get("State") == "blackhole":
        return Way.BROKEN, target
    if target.startswith("igw-"):
        return Way.PUBLIC, target
    return (Way.NAT if target in nat_ids else Way.ELSEWHERE), target


def _networks(table: Mapping[str, Any]) -> tuple[IPv4Network, ...] | None:
    """The networks that the table has a route to; None if a route names a prefix list."""
    routes = [route for route in table.get("Routes", []) if route.get("State") != "blackhole"]
    if any("DestinationPrefixListId" in route for route in routes):
        return None
    cidrs = (route.get("DestinationCidrBlock") for route in routes)
    return tuple(IPv4Network(cidr) for cidr in cidrs if cidr)


def _table_of(subnet_id: str, tables: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The route table of the subnet, else the VPC's main one (Amazon VPC User Guide)."""
    main: Mapping[str, Any] = {}
    for table in tables:
        for association in table["Associations"]:
            if association.get("SubnetId") == subnet_id:
                return table
            if association.get("Main"):
                main = table
    return main


def named(subnets: Sequence[Subnet], ids: Sequence[str]) -> tuple[Subnet, ...]:
    """The subnets with these ids.

    Raises:
        SubnetsError: the VPC has no such subnet, or it is public.
    """
    by_id = {subnet.id: subnet for subnet in subnets}
    for one in ids:
        if one not in by_id:
            msg = (
                f"the cluster's VPC has no subnet {one}: it has {', '.join(by_id) or 'none that can be read'}"
            )
            raise SubnetsError(msg)
        if not by_id[one].is_private:
            msg = f"{one} is a public subnet, and functions have no public address: name private subnets"
            raise SubnetsError(msg)
    return tuple(by_id[one] for one in ids)


def refuse_one_zone_twice(subnets: Sequence[Subnet]) -> None:
    """An interface endpoint takes one subnet of each availability zone.

    Raises:
        SubnetsError: two subnets are of one zone.
    """
    seen: dict[str, str] = {}
    for subnet in subnets:
        if other := seen.get(subnet.zone):
            msg = (
                f"{other} and {subnet.id} are both in {subnet.zone}, and the endpoints for SQS and Secrets"
                " Manager take one subnet of each zone: name one of them"
            )
            raise SubnetsError(msg)
        seen[subnet.zone] = subnet.id


def choose(subnets: Iterable[Subnet], of_cluster: frozenset[str]) -> tuple[Subnet, ...]:
    """One private subnet per zone: with a NAT gateway, of the cluster, with free addresses, in that order."""
    usable = (one for one in subnets if one.is_private and one.free_addresses >= MIN_FREE_ADDRESSES)
    best: dict[str, Subnet] = {}
    for subnet in sorted(
        usable,
        key=lambda one: (one.way is not Way.NAT, one.id not in of_cluster, -one.free_addresses, one.id),
    ):
        best.setdefault(subnet.zone, subnet)
    # If only some zones had a way out, every second invocation would fail.
    with_nat = [subnet for subnet in best.values() if subnet.way is Way.NAT]
    return tuple(sorted(with_nat or best.values(), key=lambda subnet: subnet.zone))
