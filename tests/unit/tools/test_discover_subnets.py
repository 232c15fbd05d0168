"""Where the default routes of subnets lead, and which subnets are chosen."""

from typing import Any

import pytest

from tests.stubbed_aws import StubbedAws
from tools.aws_reading import Reader
from tools.discover.subnets import (
    Subnet,
    SubnetsError,
    Way,
    choose,
    named,
    read_subnets,
    refuse_one_zone_twice,
)

SUBNET = {
    "SubnetId": "subnet-1",
    "AvailabilityZone": "eu-central-1a",
    "CidrBlock": "10.0.1.0/24",
    "AvailableIpAddressCount": 100,
}
GATEWAYS = [
    {"NatGatewayId": "nat-public", "State": "available", "ConnectivityType": "public"},
    {"NatGatewayId": "nat-private", "State": "available", "ConnectivityType": "private"},
    {"NatGatewayId": "nat-failed", "State": "failed", "ConnectivityType": "public"},
]


def read_one(*tables: dict[str, Any]) -> Subnet:
    """The one subnet of a VPC with these route tables."""
    answers = [
        ("describe_subnets", {"Subnets": [SUBNET]}),
        ("describe_route_tables", {"RouteTables": list(tables)}),
        ("describe_nat_gateways", {"NatGateways": GATEWAYS}),
    ]
    with StubbedAws(ec2=answers) as aws:
        (subnet,) = read_subnets(Reader(aws.client), "vpc-1") or []
    return subnet


def table(target: dict[str, str], association: dict[str, Any]) -> dict[str, Any]:
    """A route table whose default route has this target."""
    local = {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"}
    default = {"DestinationCidrBlock": "0.0.0.0/0", "State": "active", **target}
    return {"Associations": [association], "Routes": [local, default] if target else [local]}


@pytest.mark.parametrize(
    ("target", "way", "name"),
    [
        ({"GatewayId": "igw-1"}, Way.PUBLIC, "igw-1"),
        ({"NatGatewayId": "nat-public"}, Way.NAT, "nat-public"),
        ({"NatGatewayId": "nat-private"}, Way.ELSEWHERE, "nat-private"),
        ({"NatGatewayId": "nat-failed"}, Way.ELSEWHERE, "nat-failed"),
        ({"NatGatewayId": "nat-public", "State": "blackhole"}, Way.BROKEN, "nat-public"),
        ({"TransitGatewayId": "tgw-1"}, Way.ELSEWHERE, "tgw-1"),
        ({"GatewayId": "vgw-1"}, Way.ELSEWHERE, "vgw-1"),
        ({"NetworkInterfaceId": "eni-1"}, Way.ELSEWHERE, "eni-1"),
        ({}, Way.NONE, ""),
    ],
)
def test_tells_where_the_default_route_leads(target: dict[str, str], way: Way, name: str) -> None:
    """Only a public NAT gateway that is available is a sure way to AWS's services."""
    subnet = read_one(table(target, {"SubnetId": "subnet-1"}))
    assert (subnet.way, subnet.target) == (way, name)


def test_a_subnet_that_no_table_names_uses_the_main_one() -> None:
    """Another subnet's table does not count for it; one that names it comes before the main one."""
    main = table({"NatGatewayId": "nat-public"}, {"Main": True})
    of_another = table({"GatewayId": "igw-1"}, {"SubnetId": "subnet-2", "Main": False})
    its_own = table({"TransitGatewayId": "tgw-1"}, {"SubnetId": "subnet-1", "Main": False})
    assert read_one(of_another, main).way is Way.NAT
    assert read_one(main, its_own).way is Way.ELSEWHERE


def subnet(name: str, zone: str, way: Way, free: int = 100) -> Subnet:
    """A subnet with what the choice looks at."""
    return Subnet(name, zone, "10.0.0.0/24", free, way, "")


@pytest.mark.parametrize(
    ("subnets", "chosen"),
    [
        ([subnet("p", "a", Way.PUBLIC), subnet("n", "a", Way.NAT)], ["n"]),
        (
            [subnet("n1", "a", Way.NAT), subnet("n2", "b", Way.NAT), subnet("n3", "b", Way.NAT, 200)],
            ["n1", "n3"],
        ),
        ([subnet("other", "a", Way.NAT, 200), subnet("own", "a", Way.NAT)], ["own"]),
        ([subnet("n", "a", Way.NAT), subnet("isolated", "b", Way.NONE)], ["n"]),
        ([subnet("i1", "a", Way.NONE), subnet("i2", "b", Way.NONE)], ["i1", "i2"]),
        ([subnet("full", "a", Way.NAT, 3)], []),
        ([subnet("p", "a", Way.PUBLIC)], []),
    ],
    ids=["private", "zones", "the cluster's", "all with NAT", "isolated", "full", "public alone"],
)
def test_chooses_one_private_subnet_a_zone(subnets: list[Subnet], chosen: list[str]) -> None:
    """A function has no public address, so a public subnet is never chosen."""
    assert [found.id for found in choose(subnets, frozenset({"own"}))] == chosen


def test_two_subnets_of_one_zone_are_refused_for_endpoints() -> None:
    """An interface endpoint takes one of each; both are named."""
    subnets = [Subnet(f"subnet-{n}", zone, "10.0.0.0/24", 99, Way.NONE, "") for n, zone in enumerate("aba")]
    refuse_one_zone_twice(subnets[:2])
    with pytest.raises(SubnetsError, match=r"^subnet-0 and subnet-2 are both in a, "):
        refuse_one_zone_twice(subnets)


def test_named_subnets_must_be_private_ones_of_the_vpc() -> None:
    """A function in a public subnet reaches nothing outside."""
    private = Subnet("subnet-1", "a", "10.0.1.0/24", 99, Way.NAT, "nat-1")
    public = Subnet("subnet-2", "a", "10.0.2.0/24", 99, Way.PUBLIC, "igw-1")
    assert named([public, private], ["subnet-1"]) == (private,)
    with pytest.raises(SubnetsError, match="subnet-2 is a public subnet"):
        named([public, private], ["subnet-2"])
    with pytest.raises(SubnetsError, match=r"has no subnet subnet-3: it has subnet-2, subnet-1$"):
        named([public, private], ["subnet-3"])
