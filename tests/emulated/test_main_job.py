"""The demo's path: `sam build`, `sam deploy` into MiniStack, lines into CloudWatch, the listener read."""

import pytest
from botocore.exceptions import ClientError

from tests.emulated.deployment import STACK, Deployed
from tools import demo

pytestmark = pytest.mark.emulated


def test_every_line_of_six_streams_arrives_once_and_unchanged(deployed: Deployed) -> None:
    """Of every log type, and of the cloud controller manager."""
    differences = demo.compare(deployed.put_in, deployed.arrived)
    assert len(differences) == 6
    assert {stream: found for stream, found in differences.items() if not found.is_none} == {}
    assert sum(found.arrived for found in differences.values()) == 51


def test_records_say_what_the_streams_names_say(deployed: Deployed) -> None:
    """Five log types of one cluster."""
    records = deployed.listener.records
    assert {record["logType"] for record in records} == {
        "api",
        "audit",
        "authenticator",
        "controllerManager",
        "scheduler",
    }
    assert {(record["cluster"], record["logGroup"]) for record in records} == {(demo.CLUSTER, demo.LOG_GROUP)}
    assert len({record["id"] for record in records}) == 51


def test_nothing_that_the_function_wrote_holds_the_token(deployed: Deployed) -> None:
    """It had to use it: the listener takes no request without."""
    written = deployed.written()
    assert written
    assert [line for line in written if demo.TOKEN in line] == []
    assert {outcome.status for _, outcome in deployed.listener.requests} == {200}


def test_the_counts_are_in_the_log_as_metrics(deployed: Deployed) -> None:
    """One summary a stream, and what was delivered adds up."""
    lines = deployed.json_written()
    summaries = [line for line in lines if line.get("message") == "summary"]
    assert sum(line["EventsDelivered"] for line in summaries) == 51
    of_cluster = [line for line in lines if line.get("cluster") == demo.CLUSTER and "BytesSent" in line]
    assert {line["service"] for line in of_cluster} == {STACK}
    assert sum(line["EventsReceived"] for line in of_cluster) == 51


def test_the_role_reads_its_secret_and_no_other(deployed: Deployed) -> None:
    """So the policies are checked, and the function got through by its own rights."""
    other = deployed.aws.client("secretsmanager").create_secret(Name="other", SecretString="x")["ARN"]
    secrets = deployed.client_of_role("secretsmanager")
    own = secrets.get_secret_value(SecretId=deployed.parameters["DestinationSecretArn"])
    assert own["SecretString"] == demo.TOKEN
    with pytest.raises(ClientError, match="AccessDenied"):
        secrets.get_secret_value(SecretId=other)


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("logs", "describe_log_groups", {}),
        ("logs", "delete_log_group", {"logGroupName": demo.LOG_GROUP}),
        ("secretsmanager", "list_secrets", {}),
        ("lambda", "list_functions", {}),
        ("iam", "list_roles", {}),
        ("sqs", "list_queues", {}),
    ],
)
def test_the_role_can_do_nothing_beside_its_purposes(
    deployed: Deployed, service: str, operation: str, arguments: dict[str, str]
) -> None:
    """Whatever is not among its statements is refused."""
    with pytest.raises(ClientError, match="AccessDenied"):
        getattr(deployed.client_of_role(service), operation)(**arguments)
