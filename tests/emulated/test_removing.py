"""`make remove` deletes a stack with all around it; `make redrive-from` rescues what its queues hold."""

import json
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulated.deployment import STACK as OTHER_STACK
from tests.emulated.deployment import Deployed, run_tool
from tools.local_aws import LocalAws
from tools.make_event import Source, data_message, encode_event, stream_name

pytestmark = pytest.mark.emulated

STACK = "leaving"
VISITOR = "/aws/eks/visitor/cluster"
_ARRIVAL_SECONDS = 60


def run(aws: LocalAws, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A tool that may take two minutes."""
    return run_tool(aws, module, *arguments, timeout_seconds=120)


@pytest.fixture(scope="module")
def leaving(deployed: Deployed) -> Iterator[dict[str, str]]:
    """The outputs of a stack with a second cluster, a separate secret and three dead letters."""
    aws = deployed.aws
    for cluster in ("leaver", "visitor"):
        aws.client("logs").create_log_group(logGroupName=f"/aws/eks/{cluster}/cluster")
    secret = aws.client("secretsmanager").create_secret(Name="leaving-token", SecretString="t")["ARN"]
    outputs = aws.deploy(
        deployed.build_dir,
        STACK,
        {
            "ClusterName": "leaver",
            "DestinationUrl": deployed.listener.url,
            "DestinationSecretArn": secret,
            "OtherClusters": "allowed",
        },
    )
    for number in range(3):
        payload = data_message([f"dead letter {number}"], Source(stream_name("api", "moved"), "moved"))
        aws.client("sqs").send_message(
            QueueUrl=outputs["DeadLetterQueueUrl"],
            MessageBody=encode_event(payload),
            MessageAttributes={"reason": {"DataType": "String", "StringValue": "http_400"}},
        )
    yield outputs | {"SecretArn": secret}
    for cluster in ("leaver", "visitor"):
        aws.client("logs").delete_log_group(logGroupName=f"/aws/eks/{cluster}/cluster")


def stacks(aws: LocalAws) -> list[str]:
    """The names of the stacks that exist."""
    found = aws.client("cloudformation").describe_stacks()["Stacks"]
    return [stack["StackName"] for stack in found if stack["StackStatus"] != "DELETE_COMPLETE"]


def filters(aws: LocalAws) -> list[dict[str, Any]]:
    """The filters on the second cluster's log group."""
    found: list[dict[str, Any]] = aws.client("logs").describe_subscription_filters(logGroupName=VISITOR)[
        "subscriptionFilters"
    ]
    return found


def silence_alarms(aws: LocalAws) -> list[str]:
    """The names of the silence alarms of further clusters."""
    found = aws.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{STACK}-silence-")["MetricAlarms"]
    return [alarm["AlarmName"] for alarm in found]


def test_deletes_the_stack_and_what_is_around_it(deployed: Deployed, leaving: dict[str, str]) -> None:
    """After a confirmation alone; queues and secret stay, and the command says what they hold."""
    aws = deployed.aws
    assert run(aws, "tools.subscribe", "visitor", "--stack", STACK).returncode == 0
    assert (len(filters(aws)), silence_alarms(aws)) == (1, [f"{STACK}-silence-visitor"])

    asked = run(aws, "tools.remove", STACK)
    assert asked.returncode == 1
    assert "no terminal to confirm on: add YES=yes" in asked.stderr
    assert STACK in stacks(aws)
    assert f"3 messages are visible in {leaving['DeadLetterQueueUrl']}" in asked.stdout
    planned = [line.strip() for line in asked.stdout.splitlines() if line.startswith("  delete ")]
    assert planned == [
        f"delete stack {STACK}, with its functions and their logs",
        f"delete filter {STACK} on {VISITOR}",
        f"delete alarm {STACK}-silence-visitor",
    ]

    done = run(aws, "tools.remove", STACK, "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert STACK not in stacks(aws)
    assert OTHER_STACK in stacks(aws)
    assert (filters(aws), silence_alarms(aws)) == ([], [])
    assert "SAM's bucket " in done.stdout
    attributes = aws.client("sqs").get_queue_attributes(
        QueueUrl=leaving["DeadLetterQueueUrl"], AttributeNames=["ApproximateNumberOfMessages"]
    )["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "3"
    assert "DeletedDate" not in aws.client("secretsmanager").describe_secret(SecretId=leaving["SecretArn"])


def test_a_second_run_finds_what_the_first_left(deployed: Deployed, leaving: dict[str, str]) -> None:
    """As after an interruption, here of a run that had deleted the stack and no filter."""
    aws = deployed.aws
    function = f"arn:aws:lambda:us-east-1:000000000000:function:{STACK}-forward"
    aws.client("logs").put_subscription_filter(
        logGroupName=VISITOR, filterName=STACK, filterPattern="", destinationArn=function
    )
    again = run(aws, "tools.remove", STACK, "--yes")
    assert (again.returncode, again.stderr) == (0, "")
    assert filters(aws) == []
    assert f"Deleted the filter {STACK} on {VISITOR}." in again.stdout
    name = leaving["UndeliveredQueueUrl"].rpartition("/")[2]
    assert f"/{name} STACK=another-stack" in again.stdout


def test_moves_the_messages_to_another_stack(deployed: Deployed, leaving: dict[str, str]) -> None:
    """Whose redrive function delivers them; the old queue is empty then."""
    moved = run(deployed.aws, "tools.redrive_from", leaving["DeadLetterQueueUrl"], "--stack", OTHER_STACK)
    assert moved.returncode == 0, moved.stderr
    assert f"3 messages were moved to {deployed.outputs['UndeliveredQueueUrl']}." in moved.stdout
    assert f"aws sqs delete-queue --queue-url {leaving['DeadLetterQueueUrl']}" in moved.stdout
    give_up_at = time.monotonic() + _ARRIVAL_SECONDS
    arrived: list[Any] = []
    while len(arrived) < 3 and time.monotonic() < give_up_at:
        time.sleep(0.1)
        arrived = [one["message"] for one in list(deployed.listener.records) if one["cluster"] == "moved"]
    assert sorted(arrived) == ["dead letter 0", "dead letter 1", "dead letter 2"]


def test_deletes_queues_and_secret_when_asked_for(deployed: Deployed, leaving: dict[str, str]) -> None:
    """Though the stack is long gone; then nothing is left."""
    aws = deployed.aws
    done = run(aws, "tools.remove", STACK, "--yes", "--queues", "--secret")
    assert (done.returncode, done.stderr) == (0, "")
    left = json.dumps(aws.client("sqs").list_queues(QueueNamePrefix=STACK).get("QueueUrls", []))
    assert STACK not in left
    assert "DeletedDate" in aws.client("secretsmanager").describe_secret(SecretId=leaving["SecretArn"])
    last = run(aws, "tools.remove", STACK, "--queues", "--secret")
    assert (last.returncode, f"Nothing is left to delete of {STACK}." in last.stdout) == (0, True)


def test_knows_no_stack_that_never_was(deployed: Deployed) -> None:
    """A typing error deletes nothing."""
    unknown = run(deployed.aws, "tools.remove", "never-was", "--yes")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "there is no stack never-was in this region" in unknown.stderr


def test_an_own_queue_is_not_moved(deployed: Deployed) -> None:
    """It would go round in circles."""
    url = deployed.outputs["UndeliveredQueueUrl"]
    refused = run(deployed.aws, "tools.redrive_from", url, "--stack", OTHER_STACK)
    assert (refused.returncode, "is the stack's own queue" in refused.stderr) == (2, True)
