"""The template's combinations deploy, update in place and delete cleanly."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulated.deployment import Deployed
from tools.local_aws import LocalAws

pytestmark = pytest.mark.emulated

STACK = "combinations"
CLUSTER = "combinations"
LOG_GROUP = f"/aws/eks/{CLUSTER}/cluster"


@pytest.fixture(scope="module")
def parameters(deployed: Deployed) -> dict[str, str]:
    """What every combination has: a cluster of its own, and a collector."""
    deployed.aws.client("logs").create_log_group(logGroupName=LOG_GROUP)
    return {
        "Environment": "test",
        "ClusterName": CLUSTER,
        "DestinationUrl": deployed.listener.url,
        "AnomalyAlarms": "off",  # MiniStack has no anomaly detection
    }


@pytest.fixture(scope="module")
def network(deployed: Deployed) -> dict[str, str]:
    """A VPC with two subnets and a security group."""
    ec2 = deployed.aws.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.1.{n}.0/24")["Subnet"]["SubnetId"] for n in (1, 2)
    ]
    group_id = ec2.create_security_group(GroupName="given", Description="given", VpcId=vpc_id)["GroupId"]
    return {"VpcId": vpc_id, "SubnetIds": ",".join(subnets), "SecurityGroupIds": group_id}


@pytest.fixture(scope="module")
def combinations(
    deployed: Deployed, parameters: dict[str, str], network: dict[str, str]
) -> dict[str, dict[str, str]]:
    """One update after the other, each from what is before it."""
    key = deployed.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    # sam keeps a parameter's last value where none is given, so each says what it does without
    plain = parameters | dict.fromkeys(
        ("DestinationSecretArn", "VpcId", "SubnetIds", "SecurityGroupIds", "ListenerCidr", "KmsKeyArn"), '""'
    )
    plain |= dict.fromkeys(("SqsEndpoint", "SecretsManagerEndpoint", "AutomaticSubscription"), "off")
    plain |= {"NetworkPolicy": "custom"}
    secret = {"DestinationSecretArn": deployed.parameters["DestinationSecretArn"]}
    own_group = {name: network[name] for name in ("VpcId", "SubnetIds")} | {"ListenerCidr": "10.1.0.0/16"}
    given_group = {name: network[name] for name in ("SubnetIds", "SecurityGroupIds")}
    endpoints = {"SqsEndpoint": "on", "SecretsManagerEndpoint": "on"}
    more = {"AutomaticSubscription": "on", "NetworkPolicy": "managed", "AlarmEmail": "team@example.com"}
    return {
        "outside a VPC": parameters,
        "in a VPC, with a group of its own and endpoints": plain | secret | own_group | endpoints,
        "groups given, no endpoints, a key": plain | secret | given_group | {"KmsKeyArn": key} | more,
        "outside a VPC again": plain,
    }


def resources(aws: LocalAws) -> dict[str, str]:
    """The stack's resources: logical name and physical id."""
    listed = aws.client("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]
    return {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in listed}


def status(aws: LocalAws) -> str:
    """What CloudFormation says of the stack."""
    (stack,) = aws.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    text: str = stack["StackStatus"]
    return text


@pytest.fixture(scope="module")
def history(
    deployed: Deployed, combinations: dict[str, dict[str, str]]
) -> Iterator[dict[str, dict[str, Any]]]:
    """What the stack was made of after each deployment, and how its functions were set up."""
    aws, found = deployed.aws, {}
    for name, values in combinations.items():
        outputs = aws.deploy(deployed.build_dir, STACK, values)
        function = aws.client("lambda").get_function_configuration(FunctionName=f"{STACK}-forward")
        found[name] = {
            "status": status(aws),
            "resources": resources(aws),
            "outputs": outputs,
            "variables": function["Environment"]["Variables"],
        }
    yield found
    try:
        aws.client("cloudformation").delete_stack(StackName=STACK)
    except ClientError as error:
        assert "does not exist" in str(error)  # noqa: PT017  # the test before may have deleted it


def test_the_first_is_made_and_the_others_update_it_in_place(history: dict[str, dict[str, Any]]) -> None:
    """What holds events keeps its identity throughout: the queues, and the function that the filter names."""
    statuses = [after["status"] for after in history.values()]
    assert statuses == ["CREATE_COMPLETE"] + ["UPDATE_COMPLETE"] * 3
    for name in ("UndeliveredQueue", "DeadLetterQueue", "ForwardFunction", "ForwardRole", "AlarmTopic"):
        assert len({after["resources"][name] for after in history.values()}) == 1, name


def test_the_network_comes_and_goes_with_its_parameters(history: dict[str, dict[str, Any]]) -> None:
    """Security groups and endpoints, and what tells the functions of them."""
    network = {
        "FunctionSecurityGroup",
        "EndpointClientSecurityGroup",
        "EndpointSecurityGroup",
        "SqsVpcEndpoint",
        "SecretsManagerVpcEndpoint",
    }
    found = [network & after["resources"].keys() for after in history.values()]
    assert found == [set(), network, set(), set()]
    told = [
        {name for name in after["variables"] if name.startswith("AWS_ENDPOINT_URL_")}
        for after in history.values()
    ]
    both = {"AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL_SECRETS_MANAGER"}
    assert told == [set(), both, set(), set()]


def test_automatic_subscription_comes_and_goes_too(history: dict[str, dict[str, Any]]) -> None:
    """Function, role, log group, two rules with a permission each, and an alarm."""
    counts = [len([n for n in after["resources"] if n.startswith("Subscribe")]) for after in history.values()]
    assert counts == [0, 0, 8, 0]


def test_the_stack_is_deleted_and_leaves_its_queues_alone_behind(
    deployed: Deployed, history: dict[str, dict[str, Any]]
) -> None:
    """They may hold events; everything else is gone, the filter on the cluster's log group too."""
    last = list(history.values())[-1]
    aws = deployed.aws
    aws.sam("delete", "--stack-name", STACK, "--no-prompts", "--region", "us-east-1")
    with pytest.raises(ClientError, match="does not exist"):
        status(aws)
    logs = aws.client("logs")
    assert logs.describe_subscription_filters(logGroupName=LOG_GROUP)["subscriptionFilters"] == []
    assert logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{STACK}-")["logGroups"] == []
    functions = [item["FunctionName"] for item in aws.client("lambda").list_functions()["Functions"]]
    assert [name for name in functions if name.startswith(STACK)] == []
    assert aws.client("ec2").describe_vpc_endpoints()["VpcEndpoints"] == []
    left = [url.rsplit("/", 1)[1] for url in aws.client("sqs").list_queues().get("QueueUrls", [])]
    for name in ("UndeliveredQueue", "DeadLetterQueue"):
        assert last["resources"][name].rsplit("/", 1)[1] in left
