"""The templates deploy in their variants, update in place and delete cleanly."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulated.deployment import Deployed, create_stack, create_vpc, physical_ids
from tools import ROOT
from tools.local_aws import LocalAws

pytestmark = pytest.mark.emulated

STACK = "combinations"
NETWORK = "combinations-network"
CLUSTER = "combinations"
LOG_GROUP = f"/aws/eks/{CLUSTER}/cluster"


@pytest.fixture(scope="module")
def network(deployed: Deployed) -> dict[str, str]:
    """A VPC with two subnets and a security group, and a stack of network.yaml in it."""
    aws = deployed.aws
    vpc = create_vpc(aws, "10.1")
    group_id = aws.client("ec2").create_security_group(
        GroupName="given", Description="given", VpcId=vpc["VpcId"]
    )["GroupId"]
    exported = create_stack(
        aws, NETWORK, ROOT / "network.yaml", vpc | {"ListenerCidr": "10.1.0.0/16", "SqsEndpoint": "on"}
    )
    return exported | {"SubnetIds": vpc["SubnetIds"], "GivenGroup": group_id}


@pytest.fixture(scope="module")
def combinations(deployed: Deployed, network: dict[str, str]) -> dict[str, dict[str, str]]:
    """One update after the other."""
    aws = deployed.aws
    aws.client("logs").create_log_group(logGroupName=LOG_GROUP)
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    secret = {"DestinationSecretArn": deployed.parameters["DestinationSecretArn"]}
    first = {"Environment": "dev", "ClusterName": CLUSTER, "DestinationUrl": deployed.listener.url}
    # SAM keeps the last value of a parameter that is not given, so each combination gives all that change.
    empty = (
        "DestinationSecretArn",
        "SubnetIds",
        "SecurityGroupIds",
        "NetworkStack",
        "KmsKeyArn",
        "AlarmEmail",
    )
    plain = first | dict.fromkeys(empty, '""') | {"OtherClusters": "none"}
    subnets = {"SubnetIds": network["SubnetIds"]}
    given = subnets | {"SecurityGroupIds": network["GivenGroup"]}
    more = {"KmsKeyArn": key, "OtherClusters": "automatic", "AlarmEmail": "team@example.com"}
    return {
        "outside a VPC": first,
        "in a VPC, with a network stack": plain | secret | subnets | {"NetworkStack": NETWORK},
        "groups given, a key, all clusters": plain | secret | given | more,
        "outside a VPC again": plain,
    }


def status(aws: LocalAws) -> str:
    """The stack's status."""
    (stack,) = aws.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    text: str = stack["StackStatus"]
    return text


@pytest.fixture(scope="module")
def history(
    deployed: Deployed, combinations: dict[str, dict[str, str]]
) -> Iterator[dict[str, dict[str, Any]]]:
    """The stack's resources after each deployment, and its forward function's variables."""
    aws, found = deployed.aws, {}
    for name, values in combinations.items():
        outputs = aws.deploy(deployed.build_dir, STACK, values)
        function = aws.client("lambda").get_function_configuration(FunctionName=f"{STACK}-forward")
        found[name] = {
            "status": status(aws),
            "resources": physical_ids(aws, STACK),
            "outputs": outputs,
            "variables": function["Environment"]["Variables"],
        }
    yield found
    try:
        aws.client("cloudformation").delete_stack(StackName=STACK)
    except ClientError as error:
        assert "does not exist" in str(error)  # noqa: PT017  # the test before may have deleted it


def test_the_first_is_created_and_the_others_update_it_in_place(history: dict[str, dict[str, Any]]) -> None:
    """Queues, function, role and topic keep their identity throughout."""
    statuses = [after["status"] for after in history.values()]
    assert statuses == ["CREATE_COMPLETE"] + ["UPDATE_COMPLETE"] * 3
    for name in ("UndeliveredQueue", "DeadLetterQueue", "ForwardFunction", "ForwardRole", "AlarmTopic"):
        assert len({after["resources"][name] for after in history.values()}) == 1, name


def test_the_functions_use_what_the_network_stack_exports(
    network: dict[str, str], history: dict[str, dict[str, Any]]
) -> None:
    """Its URLs become variables, only as long as the parameter names it."""
    found = [
        (
            after["variables"].get("AWS_ENDPOINT_URL_SQS"),
            after["variables"].get("AWS_ENDPOINT_URL_SECRETS_MANAGER"),
        )
        for after in history.values()
    ]
    nothing = (None, None)
    public = "https://secretsmanager.us-east-1.amazonaws.com"
    assert (network["SqsUrl"], network["SecretsManagerUrl"]) == (
        "|",
        public,
    )  # an emulated endpoint has no name
    assert found == [nothing, ("", public), nothing, nothing]
    assert network["SecurityGroupIds"].startswith("sg-")


def test_automatic_subscription_comes_and_goes(history: dict[str, dict[str, Any]]) -> None:
    """Function, retries, role, log group, two rules with a permission each, and an alarm."""
    counts = [len([n for n in after["resources"] if n.startswith("Subscribe")]) for after in history.values()]
    assert counts == [0, 0, 9, 0]


def test_deleting_the_stack_keeps_its_queues_alone(
    deployed: Deployed, history: dict[str, dict[str, Any]]
) -> None:
    """They may hold events. Everything else is gone, the filter on the cluster's log group too."""
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
    left = [url.rsplit("/", 1)[1] for url in aws.client("sqs").list_queues().get("QueueUrls", [])]
    for name in ("UndeliveredQueue", "DeadLetterQueue"):
        assert last["resources"][name].rsplit("/", 1)[1] in left
    aws.client("cloudformation").delete_stack(StackName=NETWORK)
    assert aws.client("ec2").describe_vpc_endpoints()["VpcEndpoints"] == []
