"""`make reconcile` on an emulated AWS: nothing missing, and a gap of ten events.

MiniStack makes no metrics of EMF lines and counts no incoming events, so the tests put the metric data.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.emulated.deployment import run_tool
from tools.local_aws import LocalAws, local_aws

pytestmark = pytest.mark.emulated

STACK = "forwarder"
LOG_GROUP = "/aws/eks/prod/cluster"
NOW = datetime.now(UTC)
START = (NOW - timedelta(hours=5)).replace(minute=0, second=0, microsecond=0)
# A stand-in for the application's stack: a function, the queues, and the outputs that the tool reads.
TEMPLATE = {
    "Resources": {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": []}}},
        "Undelivered": {"Type": "AWS::SQS::Queue"},
        "DeadLetters": {"Type": "AWS::SQS::Queue"},
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": f"{STACK}-forward",
                "Runtime": "python3.13",
                "Handler": "index.handler",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Code": {"ZipFile": "def handler(event, context):\n    return None\n"},
            },
        },
    },
    "Outputs": {
        "ForwardFunctionArn": {"Value": {"Fn::GetAtt": ["Function", "Arn"]}},
        "ForwardLogGroupName": {"Value": f"/aws/lambda/{STACK}-forward"},
        "SubscribedLogGroupName": {"Value": LOG_GROUP},
        "UndeliveredQueueUrl": {"Value": {"Ref": "Undelivered"}},
        "DeadLetterQueueUrl": {"Value": {"Ref": "DeadLetters"}},
    },
}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """An emulated AWS with a stack, and its cluster's log group."""
    with local_aws(tmp_path_factory.mktemp("aws")) as running:
        cloudformation = running.client("cloudformation")
        cloudformation.create_stack(
            StackName=STACK, TemplateBody=json.dumps(TEMPLATE), Capabilities=["CAPABILITY_IAM"]
        )
        cloudformation.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
        running.client("logs").create_log_group(logGroupName=LOG_GROUP)
        yield running


def put(aws: LocalAws, namespace: str, name: str, minute: datetime, value: int, **dimensions: str) -> None:
    """A sum of one minute."""
    aws.client("cloudwatch").put_metric_data(
        Namespace=namespace,
        MetricData=[
            {
                "MetricName": name,
                "Dimensions": [{"Name": key, "Value": text} for key, text in dimensions.items()],
                "Timestamp": minute,
                "Value": value,
            }
        ],
    )


def put_events(
    aws: LocalAws, cluster: str, minute: datetime, *, taken_in: int, received: Mapping[str, int]
) -> None:
    """What CloudWatch Logs took in, and what the stack received and delivered of it."""
    put(aws, "AWS/Logs", "IncomingLogEvents", minute, taken_in, LogGroupName=f"/aws/eks/{cluster}/cluster")
    for log_type, events in received.items():
        of_cluster = {"service": STACK, "cluster": cluster, "logType": log_type}
        put(aws, "EksLogForwarder", "EventsReceived", minute, events, **of_cluster)
        put(aws, "EksLogForwarder", "EventsReceived", minute, events, service=STACK)
        put(aws, "EksLogForwarder", "EventsDelivered", minute, events, service=STACK)


def run(aws: LocalAws, start: datetime, hours: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The tool, as `make reconcile` runs it."""
    end = start + timedelta(hours=hours)
    span = ("--from", start.isoformat(), "--to", end.isoformat())
    return run_tool(aws, "tools.reconcile", "--stack", STACK, *span, *arguments, columns=80)


def as_json(aws: LocalAws, start: datetime, hours: int) -> tuple[int, dict[str, Any]]:
    """Exit status, and what `JSON=yes` prints."""
    done = run(aws, start, hours, "--json")
    found: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, found


def test_nothing_is_missing_where_every_event_was_received(aws: LocalAws) -> None:
    """Two log types of one hour; the evidence names stack, account, region, times and version."""
    put_events(aws, "prod", START + timedelta(minutes=5), taken_in=100, received={"audit": 90, "api": 10})
    status, found = as_json(aws, START, 1)
    assert (status, found["gap"], found["gaps"], found["commands"]) == (0, False, [], [])
    assert {name: found[name] for name in ("stack", "account", "region", "resolution_seconds")} == {
        "stack": STACK,
        "account": "000000000000",
        "region": "us-east-1",
        "resolution_seconds": 60,
    }
    assert found["from"] == f"{START:%Y-%m-%dT%H:%M}Z"
    (cluster,) = found["clusters"]
    assert (cluster["cluster"], cluster["taken_in"], cluster["received"], cluster["missing"]) == (
        "prod",
        100,
        100,
        0,
    )
    assert found["counts"]["difference"] == 0


def test_a_gap_of_ten_events_is_found_with_the_replay_that_closes_it(aws: LocalAws) -> None:
    """Exit status 1, the hour, and a table that fits 80 columns."""
    hour = START + timedelta(hours=1)
    put_events(aws, "prod", hour + timedelta(minutes=7), taken_in=250, received={"audit": 240})
    status, found = as_json(aws, START, 2)
    assert (status, found["gap"]) == (1, True)
    (cluster,) = found["clusters"]
    assert (cluster["missing"], cluster["missing_since"]) == (10, f"{hour:%Y-%m-%dT%H:%M}Z")
    assert [one["difference"] for one in cluster["hours"]] == [0, 10]
    end = START + timedelta(hours=2)
    assert found["commands"] == [
        (
            f"make replay CLUSTER=prod START={hour:%Y-%m-%dT%H:%M}Z END={end:%Y-%m-%dT%H:%M}Z"
            f' ARGS="--stack {STACK} --region us-east-1"'
        )
    ]
    done = run(aws, START, 2)
    assert done.returncode == 1
    assert "GAP: Cluster prod: 10 events of CloudWatch Logs were not received" in done.stdout
    tables = [line for line in done.stdout.splitlines() if line.startswith(("│", "┃"))]
    assert max(map(len, tables)) <= 80
    assert any(line.split() == f"│ {hour:%Y-%m-%d %H:%M} │ 250 │ 240 │ 10 │".split() for line in tables)


def test_a_replay_closes_the_gap_in_a_span_that_includes_it(aws: LocalAws) -> None:
    """The ten events count in the hour in which they are sent again."""
    again = START + timedelta(hours=2, minutes=30)
    put_events(aws, "prod", again, taken_in=0, received={"audit": 10})
    status, found = as_json(aws, START, 3)
    assert (status, found["clusters"][0]["missing"]) == (0, 0)


def test_parked_events_that_no_queue_holds_are_missing(aws: LocalAws) -> None:
    """Until the queue holds a message: then nobody knows how many it holds."""
    minute = START + timedelta(hours=3, minutes=1)
    put_events(aws, "prod", minute, taken_in=20, received={})
    for name, events in (("EventsReceived", 20), ("EventsParked", 20), ("EventsRedriven", 15)):
        put(aws, "EksLogForwarder", name, minute, events, service=STACK)
    of_cluster = {"service": STACK, "cluster": "prod", "logType": "audit"}
    put(aws, "EksLogForwarder", "EventsReceived", minute, 20, **of_cluster)
    status, found = as_json(aws, START + timedelta(hours=3), 1)
    assert (status, found["parked_until_now"]["missing"]) == (1, 5)
    assert found["gaps"] == ["5 parked events were not redriven, and both queues are empty."]

    (description,) = aws.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in description["Outputs"]}
    aws.client("sqs").send_message(QueueUrl=outputs["UndeliveredQueueUrl"], MessageBody="{}")
    status, found = as_json(aws, START + timedelta(hours=3), 1)
    assert (status, found["parked_until_now"]["missing"]) == (0, 0)
    assert any("5 parked events are not redriven yet" in note for note in found["notes"])


def test_a_subscribed_cluster_that_never_delivered_is_found(aws: LocalAws) -> None:
    """It has a filter to the function and no metric of the forwarder at all."""
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/aws/eks/silent/cluster")
    function = aws.client("lambda").get_function(FunctionName=f"{STACK}-forward")["Configuration"]
    logs.put_subscription_filter(
        logGroupName="/aws/eks/silent/cluster",
        filterName=STACK,
        filterPattern="",
        destinationArn=function["FunctionArn"],
    )
    put_events(aws, "silent", START + timedelta(minutes=2), taken_in=7, received={})
    status, found = as_json(aws, START, 1)
    assert status == 1
    assert {one["cluster"]: one["missing"] for one in found["clusters"]} == {"prod": 0, "silent": 7}


def test_a_wrong_time_and_a_missing_stack_are_one_sentence(aws: LocalAws) -> None:
    """Exit status 2."""
    for arguments, sentence in (
        (("--from", "yesterday"), "FROM=yesterday: give a time such as 2026-01-31T10:00 in UTC"),
        (("--stack", "nowhere"), "there is no stack nowhere in us-east-1: "),
    ):
        done = run(aws, START, 1, *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"reconcile: {sentence}")
