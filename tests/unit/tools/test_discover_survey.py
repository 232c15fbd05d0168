"""A survey with few rights, and what follows from what is found."""

from ipaddress import IPv4Network
from typing import Any

import pytest

from tests.stubbed_aws import Answer, StubbedAws
from tests.template.resolve import source
from tools.aws_reading import Reader
from tools.discover.cluster import Cluster, log_group_findings
from tools.discover.findings import State
from tools.discover.listener import parse_listener
from tools.discover.network import service_findings
from tools.discover.security_groups import ingress
from tools.discover.subnets import Subnet, Way
from tools.discover.survey import survey, without_route

CLUSTER = Cluster("prod", "eu-central-1", "https://api", "vpc-1", frozenset(), "sg-c", (), frozenset())
DESCRIBED = {
    "cluster": {
        "name": "prod",
        "arn": "arn:aws:eks:eu-central-1:111122223333:cluster/prod",
        "resourcesVpcConfig": {"vpcId": "vpc-1", "subnetIds": [], "clusterSecurityGroupId": "sg-c"},
        "logging": {
            "clusterLogging": [{"types": ["audit"], "enabled": True}, {"types": ["api"], "enabled": False}]
        },
    }
}
EC2_CALLS = (
    "describe_subnets",
    "describe_route_tables",
    "describe_nat_gateways",
    "describe_security_groups",
    "describe_instances",
    "describe_network_interfaces",
)


def test_goes_on_with_one_right_and_names_the_eight_that_were_refused() -> None:
    """A finding that needs a refused right is unknown and names it; all others are reported."""
    refusals: list[Answer] = [(call, "UnauthorizedOperation") for call in EC2_CALLS]
    with StubbedAws(
        eks=[("describe_cluster", DESCRIBED)],
        logs=[
            ("describe_log_groups", "AccessDeniedException"),
            ("describe_subscription_filters", "AccessDeniedException"),
        ],
        ec2=refusals,
    ) as aws:
        reader = Reader(aws.client)
        found = survey(reader, "prod", parse_listener("10.0.3.20:30443"), "", "net")
        aws.assert_all_was_asked()
    assert reader.refused == [
        "logs:DescribeLogGroups",
        "logs:DescribeSubscriptionFilters",
        "ec2:DescribeSubnets",
        "ec2:DescribeRouteTables",
        "ec2:DescribeNatGateways",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeInstances",
        "ec2:DescribeNetworkInterfaces",
    ]
    known = {finding.what: finding.state for finding in found.findings}
    assert (known["cluster prod"], known["control-plane logs"]) == (State.OK, State.ADVICE)
    assert {known[what] for what in ("log group", "subnets", "security groups", "nodes' groups")} == {
        State.UNKNOWN
    }
    assert found.answers == {
        "ClusterName": "prod",
        "DestinationUrl": "https://10.0.3.20:30443/logeye/api/logger.jsp",
    }


NO_RULES: dict[str, Any] = {"SecurityGroups": [{"GroupId": "sg-l", "GroupName": "l", "IpPermissions": []}]}
OPEN: dict[str, Any] = {
    "SecurityGroups": [
        {
            "GroupId": "sg-l",
            "GroupName": "l",
            "IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}],
        }
    ]
}
COMMAND = (
    "aws cloudformation deploy --template-file network.yaml --stack-name net --no-fail-on-empty-changeset"
    " --parameter-overrides"
)
GROUP = "the functions' security group"
BOTH_ENDPOINTS = "SubnetIds=subnet-1 SqsEndpoint=on SecretsManagerEndpoint=on"
ENDPOINTS_OF_BOTH = "SQS, for parked events, Secrets Manager, for the token"


@pytest.mark.parametrize(
    ("nat", "listener_groups", "function_group", "creates", "overrides"),
    [
        (True, OPEN, "sg-f", "", ""),
        (True, OPEN, "", GROUP, "ListenerPort=30443 ListenerSecurityGroupId=sg-l"),
        (
            True,
            NO_RULES,
            "sg-f",
            "listener's group",
            "ListenerPort=30443 ListenerSecurityGroupId=sg-l ListenerIngress=group",
        ),
        (
            False,
            OPEN,
            "",
            f"{GROUP}, {ENDPOINTS_OF_BOTH}",
            f"{BOTH_ENDPOINTS} ListenerPort=30443 ListenerSecurityGroupId=sg-l",
        ),
    ],
    ids=["nothing", "a group", "a rule", "a group and endpoints"],
)
def test_a_network_stack_is_proposed_if_something_of_it_is_needed(
    *, nat: bool, listener_groups: dict[str, Any], function_group: str, creates: str, overrides: str
) -> None:
    """With the command that deploys it, and its name as NetworkStack for template.yaml."""
    routes = [{"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1"}] if nat else []
    subnet = {
        "SubnetId": "subnet-1",
        "AvailabilityZone": "a",
        "CidrBlock": "10.0.1.0/24",
        "AvailableIpAddressCount": 100,
    }
    interface = {"PrivateIpAddresses": [{"PrivateIpAddress": "10.0.3.20"}], "Groups": [{"GroupId": "sg-l"}]}
    with StubbedAws(
        eks=[("describe_cluster", DESCRIBED)],
        logs=[
            ("describe_log_groups", {"logGroups": [{"logGroupName": "/aws/eks/prod/cluster"}]}),
            ("describe_subscription_filters", {"subscriptionFilters": []}),
        ],
        ec2=[
            ("describe_subnets", {"Subnets": [subnet]}),
            (
                "describe_route_tables",
                {"RouteTables": [{"Associations": [{"Main": True}], "Routes": routes}]},
            ),
            ("describe_nat_gateways", {"NatGateways": [{"NatGatewayId": "nat-1", "State": "available"}]}),
            ("describe_vpc_endpoints", {"VpcEndpoints": []}),
            ("describe_security_groups", {"SecurityGroups": []}),
            ("describe_instances", {"Reservations": []}),
            ("describe_network_interfaces", {"NetworkInterfaces": [interface]}),
            ("describe_security_groups", listener_groups),
        ],
    ) as aws:
        found = survey(Reader(aws.client), "prod", parse_listener("10.0.3.20:30443"), function_group, "net")
        aws.assert_all_was_asked()
    stacks = [finding for finding in found.findings if finding.what == "network stack"]
    assert [finding.found for finding in stacks] == ([f"net creates: {creates}"] if creates else [])
    assert [finding.command for finding in stacks] == (
        [f"{COMMAND} VpcId=vpc-1 {overrides}"] if creates else []
    )
    assert found.answers == (
        {
            "ClusterName": "prod",
            "SubnetIds": "subnet-1",
            "DestinationUrl": "https://10.0.3.20:30443/logeye/api/logger.jsp",
        }
        | ({"SecurityGroupIds": function_group} if function_group else {})
        | ({"NetworkStack": "net"} if creates else {})
    )
    assert found.answers.keys() <= source()["Parameters"].keys()
    assert found.network.keys() <= source("network.yaml")["Parameters"].keys()


def test_a_cluster_that_may_not_be_described_still_has_its_log_group() -> None:
    """Without the cluster there is no network to read, and no section to write."""
    with StubbedAws(
        eks=[("describe_cluster", "AccessDeniedException")],
        logs=[
            (
                "describe_log_groups",
                {"logGroups": [{"logGroupName": "/aws/eks/prod/cluster", "retentionInDays": 7}]},
            ),
            ("describe_subscription_filters", {"subscriptionFilters": []}),
        ],
    ) as aws:
        reader = Reader(aws.client)
        found = survey(reader, "prod", None, "", "net")
    assert [finding.state for finding in found.findings] == [State.UNKNOWN, State.OK, State.OK]
    assert (found.region, reader.refused) == ("", ["eks:DescribeCluster"])


@pytest.mark.parametrize(
    ("group", "filters", "states"),
    [
        ({"logGroupName": "/aws/eks/prod/cluster"}, 0, [State.ADVICE, State.OK]),
        ({"logGroupName": "/aws/eks/prod/cluster", "retentionInDays": 30}, 1, [State.OK, State.OK]),
        ({"logGroupName": "/aws/eks/prod/cluster", "retentionInDays": 30}, 2, [State.OK, State.MISSING]),
    ],
)
def test_tells_how_many_of_the_two_filters_are_taken(
    group: dict[str, Any], filters: int, states: list[State]
) -> None:
    """Two are all that a log group takes; keeping lines for ever costs money."""
    taken = [
        {"filterName": f"f{n}", "destinationArn": "arn:aws:lambda:x:1:function:f"} for n in range(filters)
    ]
    with StubbedAws(
        logs=[
            ("describe_log_groups", {"logGroups": [{"logGroupName": "/aws/eks/prod/cluster-2"}, group]}),
            ("describe_subscription_filters", {"subscriptionFilters": taken}),
        ]
    ) as aws:
        findings = list(log_group_findings(Reader(aws.client), "prod"))
    assert [finding.state for finding in findings] == states
    assert f"{filters} of 2 taken" in findings[1].found


def endpoint(service: str, **changes: object) -> dict[str, Any]:
    """An interface endpoint that is in use."""
    name = f"com.amazonaws.eu-central-1.{service}"
    return {
        "VpcEndpointId": "vpce-1",
        "ServiceName": name,
        "State": "available",
        "PrivateDnsEnabled": True,
        **changes,
    }


@pytest.mark.parametrize(
    ("way", "endpoints", "states", "switches"),
    [
        (Way.NAT, [], [State.OK, State.OK], {}),
        (Way.NONE, [endpoint("sqs"), endpoint("secretsmanager")], [State.OK, State.OK], {}),
        (Way.NONE, [endpoint("sqs")], [State.OK, State.BY_NETWORK], {"SecretsManagerEndpoint": "on"}),
        (
            Way.NONE,
            [endpoint("sqs", PrivateDnsEnabled=False), endpoint("secretsmanager", State="pending")],
            [State.BY_NETWORK, State.BY_NETWORK],
            {"SqsEndpoint": "on", "SecretsManagerEndpoint": "on"},
        ),
        (Way.BROKEN, [], [State.BY_NETWORK] * 2, {"SqsEndpoint": "on", "SecretsManagerEndpoint": "on"}),
        (Way.ELSEWHERE, [], [State.UNKNOWN, State.UNKNOWN], {}),
    ],
)
def test_tells_whether_sqs_and_secrets_manager_are_reachable(
    way: Way, endpoints: list[dict[str, Any]], states: list[State], switches: dict[str, str]
) -> None:
    """By NAT, or by an endpoint with private DNS; else network.yaml creates one."""
    chosen = [Subnet("subnet-1", "a", "10.0.1.0/24", 100, way, "target")]
    with StubbedAws(ec2=[("describe_vpc_endpoints", {"VpcEndpoints": endpoints})]) as aws:
        findings, answers = service_findings(Reader(aws.client), CLUSTER, chosen)
    assert ([finding.state for finding in findings], answers) == (states, switches)


def rule(protocol: str, first: int, last: int, **peers: object) -> dict[str, Any]:
    """An ingress rule."""
    return {"IpProtocol": protocol, "FromPort": first, "ToPort": last, **peers}


@pytest.mark.parametrize(
    ("rules", "state"),
    [
        ([], State.BY_NETWORK),
        ([rule("tcp", 30443, 30443, UserIdGroupPairs=[{"GroupId": "sg-f"}])], State.OK),
        ([rule("tcp", 30443, 30443, UserIdGroupPairs=[{"GroupId": "sg-x"}])], State.BY_NETWORK),
        ([rule("tcp", 30000, 32767, IpRanges=[{"CidrIp": "10.0.0.0/16"}])], State.OK),
        ([rule("tcp", 30443, 30443, IpRanges=[{"CidrIp": "10.0.1.0/24"}])], State.BY_NETWORK),
        ([rule("tcp", 443, 443, IpRanges=[{"CidrIp": "0.0.0.0/0"}])], State.BY_NETWORK),
        ([rule("udp", 30443, 30443, IpRanges=[{"CidrIp": "0.0.0.0/0"}])], State.BY_NETWORK),
        ([{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}], State.OK),
    ],
    ids=["none", "group", "other group", "range", "one subnet of two", "other port", "udp", "everything"],
)
def test_tells_whether_the_listener_s_group_lets_the_functions_in(
    rules: list[dict[str, Any]], state: State
) -> None:
    """By the functions' group, or by networks that cover their subnets; else network.yaml adds the rule."""
    answer = {"SecurityGroups": [{"GroupId": "sg-l", "IpPermissions": rules}]}
    with StubbedAws(ec2=[("describe_security_groups", answer)]) as aws:
        finding, answers = ingress(
            Reader(aws.client), ["sg-l"], 30443, ["10.0.1.0/24", "10.0.2.0/24"], "sg-f"
        )
    by_network = {"ListenerIngress": "group"} if state is State.BY_NETWORK else {}
    assert (finding.state, answers) == (state, {"ListenerSecurityGroupId": "sg-l"} | by_network)


def routed(*networks: str | None) -> Subnet:
    """A private subnet with routes to these networks; None stands for a prefix list."""
    known = None if None in networks else tuple(IPv4Network(network) for network in networks if network)
    return Subnet("subnet-1", "a", "10.0.1.0/24", 99, Way.NONE, "", known)


@pytest.mark.parametrize(
    ("address", "subnet", "expected"),
    [
        ("192.168.7.20", routed("10.0.0.0/16"), ["subnet-1"]),
        ("192.168.7.20", routed("10.0.0.0/16", "192.168.0.0/16"), []),
        ("192.168.7.20", routed("0.0.0.0/0"), []),
        ("192.168.7.20", routed(None), []),
        ("127.0.0.1", routed("10.0.0.0/16"), []),
    ],
    ids=["no route", "a route", "the default route", "a prefix list", "loopback"],
)
def test_a_listener_without_a_route_is_noticed(address: str, subnet: Subnet, expected: list[str]) -> None:
    """Only where all routes are known; no VPC has one to a loopback address, which an emulator can use."""
    assert without_route(address, [subnet]) == expected
