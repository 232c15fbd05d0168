"""`make discover`, `make subscribe` and `make clusters` against an emulated AWS."""

import json
import re
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.emulated.deployment import run_tool, table_rows
from tools import ROOT
from tools.local_aws import REGION, LocalAws, local_aws
from tools.sam_config import parse_overrides

pytestmark = pytest.mark.emulated

STACK = "forwarder"
# A stand-in for the application's stack: a function, the outputs that the tools read, and no permission.
TEMPLATE = {
    "Resources": {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": {"Statement": []}},
        },
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": f"{STACK}-forward",
                "Runtime": "python3.13",
                "Handler": "index.handler",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Code": {
                    "ZipFile": "def handler(event, context):\n    print('called with', *event, flush=True)\n"
                },
            },
        },
    },
    "Outputs": {
        "ForwardFunctionArn": {"Value": {"Fn::GetAtt": ["Function", "Arn"]}},
        "ForwardLogGroupName": {"Value": f"/aws/lambda/{STACK}-forward"},
        "SubscribedLogGroupName": {"Value": "/aws/eks/first/cluster"},
        "AlarmTopicArn": {"Value": {"Ref": "Topic"}},
    },
}


@dataclass(frozen=True, slots=True)
class Network:
    """A VPC with a public subnet, two private ones behind a NAT gateway, and a listener."""

    vpc_id: str
    private: tuple[str, str]
    nat_id: str
    listener_group: str
    listener_address: str


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """An emulated AWS for all tests of this file."""
    with local_aws(tmp_path_factory.mktemp("aws")) as running:
        running.client("iam").create_role(RoleName="eks", AssumeRolePolicyDocument="{}")
        yield running


@pytest.fixture(scope="module")
def network(aws: LocalAws) -> Network:
    """As the Network describes it."""
    ec2 = aws.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    public, *private = (
        ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")[
            "Subnet"
        ]["SubnetId"]
        for n, zone in enumerate("aab")
    )
    internet = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=internet, VpcId=vpc_id)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat_id = ec2.create_nat_gateway(SubnetId=public, AllocationId=address)["NatGateway"]["NatGatewayId"]
    for target, subnets in (({"GatewayId": internet}, [public]), ({"NatGatewayId": nat_id}, private)):
        table = ec2.create_route_table(VpcId=vpc_id)["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)
        for subnet in subnets:
            ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    group = ec2.create_security_group(GroupName="listener", Description="the listener", VpcId=vpc_id)[
        "GroupId"
    ]
    interface = ec2.create_network_interface(SubnetId=private[0], Groups=[group])["NetworkInterface"]
    return Network(vpc_id, (private[0], private[1]), nat_id, group, interface["PrivateIpAddress"])


@pytest.fixture(scope="module")
def stack(aws: LocalAws) -> str:
    """The forward function's ARN, in a stack with the outputs of the real one."""
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(
        StackName=STACK, TemplateBody=json.dumps(TEMPLATE), Capabilities=["CAPABILITY_IAM"]
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
    (description,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in description["Outputs"]}
    return str(outputs["ForwardFunctionArn"])


def create_cluster(aws: LocalAws, name: str, vpc_id: str, subnets: tuple[str, ...], *log_types: str) -> None:
    """A cluster in this VPC; MiniStack takes the VPC from the request, and EKS from the subnets."""
    eks = aws.client("eks")

    def name_the_vpc(params: dict[str, Any], **_: object) -> None:
        body = json.loads(params["body"])
        body["resourcesVpcConfig"]["vpcId"] = vpc_id
        params["body"] = json.dumps(body).encode()

    eks.meta.events.register("before-call.eks.CreateCluster", name_the_vpc)
    eks.create_cluster(
        name=name,
        roleArn="arn:aws:iam::000000000000:role/eks",
        resourcesVpcConfig={"subnetIds": list(subnets)},
        logging={"clusterLogging": [{"types": list(log_types), "enabled": True}]},
    )


def states(output: str) -> list[tuple[str, str]]:
    """The first two columns of the table: what, and its state."""
    return re.findall(
        r"^│ (.+?) +│ (ok|by network.yaml|advice|missing|unknown) +│", output, flags=re.MULTILINE
    )


def test_writes_the_section_for_a_cluster_that_is_ready(
    aws: LocalAws, network: Network, tmp_path: Path
) -> None:
    """All is found; network.yaml creates the missing rule and the functions' group."""
    types = ("api", "audit", "authenticator", "controllerManager", "scheduler")
    create_cluster(aws, "ready", network.vpc_id, network.private, *types)
    logs, ec2 = aws.client("logs"), aws.client("ec2")
    logs.create_log_group(logGroupName="/aws/eks/ready/cluster")
    logs.put_retention_policy(logGroupName="/aws/eks/ready/cluster", retentionInDays=30)
    config = tmp_path / "samconfig.toml"
    config.write_text((ROOT / "samconfig.toml").read_text(encoding="utf-8"), encoding="utf-8")
    arguments = [
        *("tools.discover", "ready", "--listener", f"{network.listener_address}:30443"),
        *("--config-file", str(config), "--config-env", "prod", "--yes"),
    ]

    before = run_tool(aws, *arguments)

    assert before.returncode == 0, before.stderr
    assert states(before.stdout) == [
        ("cluster ready", "ok"),
        ("control-plane logs", "ok"),
        ("log group", "ok"),
        ("subscription filters", "ok"),
        ("public subnet", "ok"),
        ("private subnet", "ok"),
        ("private subnet", "ok"),
        ("subnets to use", "ok"),
        ("SQS, for parked events", "ok"),
        ("Secrets Manager, for the token", "ok"),
        ("cluster's group", "unknown"),  # MiniStack names a group that it does not have
        ("listener", "ok"),
        ("listener's group", "by network.yaml"),
        ("network stack", "by network.yaml"),
    ]
    assert f"by {network.nat_id}" in before.stdout
    written = config.read_text(encoding="utf-8")
    section = tomllib.loads(written)["prod"]
    overrides = parse_overrides(section["deploy"]["parameters"]["parameter_overrides"])
    assert (
        overrides
        | {
            "ClusterName": "ready",
            "DestinationUrl": f"https://{network.listener_address}:30443/logeye/api/logger.jsp",
            "SubnetIds": ",".join(network.private),
            "NetworkStack": "eks-log-forwarder-prod-network",
        }
        == overrides
    )
    command = (
        "aws cloudformation deploy --template-file network.yaml --stack-name eks-log-forwarder-prod-network"
        f" --no-fail-on-empty-changeset --parameter-overrides VpcId={network.vpc_id} ListenerPort=30443"
        f" ListenerSecurityGroupId={network.listener_group} ListenerIngress=group --region {REGION}"
    )
    assert command in before.stdout
    template = (ROOT / "template.yaml").read_text(encoding="utf-8").partition("\nRules:")[0]
    assert [name for name in overrides if f"\n  {name}:\n" not in template] == []
    assert section["deploy"]["parameters"]["region"] == REGION
    assert "confirm_changeset = true  # review each change set before it is deployed to prod" in written

    ec2.authorize_security_group_ingress(
        GroupId=network.listener_group,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 30443, "ToPort": 30443, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
        ],
    )
    after = run_tool(aws, *arguments)

    assert after.returncode == 0
    assert states(after.stdout)[-2:] == [("listener's group", "ok"), ("network stack", "by network.yaml")]
    assert "creates: the functions' security group\n" in after.stdout


def test_says_that_an_isolated_vpc_reaches_sqs_by_its_endpoint_alone(aws: LocalAws) -> None:
    """Without a NAT gateway, network.yaml creates the one endpoint that is missing."""
    ec2 = aws.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.1.0.0/24", AvailabilityZone=f"{REGION}a")["Subnet"]
    ec2.create_vpc_endpoint(
        VpcId=vpc_id,
        VpcEndpointType="Interface",
        ServiceName=f"com.amazonaws.{REGION}.sqs",
        SubnetIds=[subnet["SubnetId"]],
        PrivateDnsEnabled=True,
    )
    create_cluster(aws, "isolated", vpc_id, (subnet["SubnetId"],))

    done = run_tool(aws, "tools.discover", "isolated", "--no-write")

    assert done.returncode == 0, done.stderr
    found = dict(states(done.stdout))
    assert (found["SQS, for parked events"], found["Secrets Manager, for the token"]) == (
        "ok",
        "by network.yaml",
    )
    assert (found["control-plane logs"], found["log group"], found["listener"]) == (
        "missing",
        "missing",
        "unknown",
    )
    overrides = f"VpcId={vpc_id} SubnetIds={subnet['SubnetId']} SecretsManagerEndpoint=on"
    assert f"--parameter-overrides {overrides} ListenerCidr=NETWORK_OF_THE_LISTENER" in done.stdout
    assert f"SubnetIds={subnet['SubnetId']} NetworkStack=eks-log-forwarder-network" in done.stdout


def test_names_each_right_that_was_refused_and_goes_on(aws: LocalAws, network: Network) -> None:
    """A user who may describe clusters alone still gets a table, and the list of what was refused."""
    create_cluster(aws, "guarded", network.vpc_id, network.private, "audit")
    iam = aws.client("iam")
    iam.create_user(UserName="reader")
    iam.put_user_policy(
        UserName="reader",
        PolicyName="clusters",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "eks:DescribeCluster", "Resource": "*"}],
            }
        ),
    )
    key = iam.create_access_key(UserName="reader")["AccessKey"]

    done = run_tool(
        aws,
        *("tools.discover", "guarded", "--listener", "10.0.1.9:30443", "--no-write"),
        AWS_ACCESS_KEY_ID=key["AccessKeyId"],
        AWS_SECRET_ACCESS_KEY=key["SecretAccessKey"],
    )

    assert done.returncode == 0, done.stderr
    assert (
        "Refused rights: logs:DescribeLogGroups, logs:DescribeSubscriptionFilters,"
        " ec2:DescribeSubnets, ec2:DescribeRouteTables, ec2:DescribeNatGateways, ec2:DescribeSecurityGroups,"
        " ec2:DescribeInstances, ec2:DescribeNetworkInterfaces" in done.stdout
    )


def test_a_cluster_that_is_not_there_is_said_in_one_line(aws: LocalAws) -> None:
    """A wrong name ends with status 2 and the command that prints the right ones."""
    done = run_tool(aws, "tools.discover", "nowhere")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "aws eks list-clusters" in done.stderr


def test_subscribes_a_second_cluster_and_lists_both(aws: LocalAws, network: Network, stack: str) -> None:
    """Filter, permission and alarm are made once; lines of the cluster then reach the function."""
    for name in ("second", "third"):
        create_cluster(aws, name, network.vpc_id, network.private, "audit")
        aws.client("logs").create_log_group(logGroupName=f"/aws/eks/{name}/cluster")

    first = run_tool(aws, "tools.subscribe", "second", "--stack", STACK)
    again = run_tool(aws, "tools.subscribe", "second", "--stack", STACK)
    listed = run_tool(aws, "tools.clusters", "--stack", STACK)

    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert "nothing to do" in again.stdout
    (found,) = aws.client("logs").describe_subscription_filters(logGroupName="/aws/eks/second/cluster")[
        "subscriptionFilters"
    ]
    assert (found["filterName"], found["destinationArn"], found["filterPattern"]) == (STACK, stack, "")
    (statement,) = json.loads(aws.client("lambda").get_policy(FunctionName=stack)["Policy"])["Statement"]
    assert statement["Condition"]["ArnLike"] == {
        "AWS:SourceArn": f"arn:aws:logs:{REGION}:000000000000:log-group:/aws/eks/*/cluster:*"
    }
    (alarm,) = aws.client("cloudwatch").describe_alarms(AlarmNames=[f"{STACK}-silence-second"])[
        "MetricAlarms"
    ]
    assert (alarm["TreatMissingData"], alarm["Period"], alarm["EvaluationPeriods"]) == ("breaching", 60, 15)
    assert listed.returncode == 0, listed.stderr
    rows = {cells[0]: cells[1:] for cells in table_rows(listed.stdout)}
    assert rows["second"] == ["audit", "there", "1 of 2", "yes", "yes"]
    assert rows["third"] == ["audit", "there", "0 of 2", "no", "no"]
    assert "make subscribe CLUSTER=third" in listed.stdout
    put_line(aws, "/aws/eks/second/cluster")
    assert wait_until(lambda: called(aws, f"/aws/lambda/{STACK}-forward") == 1)


def test_leaves_filters_of_others_alone(aws: LocalAws, network: Network, stack: str) -> None:
    """Two filters of others fill the log group: nothing is changed, and both are named."""
    create_cluster(aws, "crowded", network.vpc_id, network.private, "audit")
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/aws/eks/crowded/cluster")
    other = stack.replace("-forward", "-other")
    for name in ("first", "second"):
        logs.put_subscription_filter(
            logGroupName="/aws/eks/crowded/cluster", filterName=name, filterPattern="", destinationArn=other
        )

    done = run_tool(aws, "tools.subscribe", "crowded", "--stack", STACK)

    assert done.returncode == 1
    assert "2 subscription filters (first, second)" in done.stderr
    filters = logs.describe_subscription_filters(logGroupName="/aws/eks/crowded/cluster")[
        "subscriptionFilters"
    ]
    assert [(found["filterName"], found["destinationArn"]) for found in filters] == [
        ("first", other),
        ("second", other),
    ]


def test_refuses_the_forwarder_s_own_log_group(aws: LocalAws, stack: str) -> None:
    """Subscribed to itself, the function would make a line of every line."""
    assert stack
    done = run_tool(aws, "tools.subscribe", "--log-group", f"/aws/lambda/{STACK}-forward", "--stack", STACK)
    assert done.returncode == 1
    assert "a log of the forwarder itself" in done.stderr


def test_sends_lines_that_cloudwatch_still_has_through_again(
    aws: LocalAws, network: Network, stack: str
) -> None:
    """A log group without a filter: the function gets its line by the replay alone."""
    assert stack
    create_cluster(aws, "replayed", network.vpc_id, network.private, "audit")
    aws.client("logs").create_log_group(logGroupName="/aws/eks/replayed/cluster")
    put_line(aws, "/aws/eks/replayed/cluster")
    now = datetime.now(UTC)
    times = [(now + timedelta(hours=hours)).isoformat() for hours in (-1, 1)]
    function_log = f"/aws/lambda/{STACK}-forward"
    before = called(aws, function_log)

    done = run_tool(aws, "tools.replay", "replayed", *times, "--stack", STACK)

    assert (done.returncode, done.stdout) == (
        0,
        "1 events of /aws/eks/replayed/cluster were handed to the forward function, in 1 payloads.\n",
    )
    assert wait_until(lambda: called(aws, function_log) == before + 1)


def put_line(aws: LocalAws, log_group: str) -> None:
    """One log event, as EKS would put it."""
    logs = aws.client("logs")
    logs.create_log_stream(logGroupName=log_group, logStreamName="kube-scheduler-0")
    logs.put_log_events(
        logGroupName=log_group,
        logStreamName="kube-scheduler-0",
        logEvents=[
            {"timestamp": int(time.time() * 1000), "message": "I0101 00:00:00.000000 1 a.go:1] hello"}
        ],
    )


def called(aws: LocalAws, log_group: str) -> int:
    """How often the function has run on a subscription payload."""
    try:
        return sum("called with awslogs" in line for line in aws.log_lines(log_group))
    except aws.client("logs").exceptions.ResourceNotFoundException:
        return 0


def wait_until(condition: Callable[[], bool]) -> bool:
    """Whether it holds within ten seconds."""
    give_up_at = time.monotonic() + 60
    while not condition() and time.monotonic() < give_up_at:
        time.sleep(0.2)
    return condition()
