"""`make remove`: what it finds, what it says, what it deletes and in which order."""

from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from tests.stubbed_aws import StubbedAws
from tools.aws_reading import Reader
from tools.errors import ToolError
from tools.remove.__main__ import is_confirmed, leftovers, plan
from tools.remove.deleting import Deleting
from tools.remove.found import Found, FoundQueue, find
from tools.stack import Stack

ID = "arn:aws:cloudformation:eu-central-1:111122223333:stack/forwarder/0a1b"
FUNCTION = "arn:aws:lambda:eu-central-1:111122223333:function:forwarder-forward"
SECRET = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:token-AbCdEf"
QUEUE = "https://sqs.eu-central-1.amazonaws.com/111122223333/forwarder-DeadLetterQueue-1A2B"
BLUE = "/aws/eks/blue/cluster"
STACK = Stack("forwarder", FUNCTION, "", frozenset(), outputs={"SubscriptionFilterName": "own-filter"})
FOUND = Found(
    stack=STACK,
    stack_id=ID,
    exists=True,
    subscriptions=("one-more",),
    filters=((BLUE, "forwarder"),),
    alarms=("forwarder-silence-blue",),
    queues=(FoundQueue(QUEUE, 3, 1),),
    secret_arn=SECRET,
    network_stack="net",
)


def description(name: str, status: str, **values: dict[str, str]) -> dict[str, Any]:
    """A stack as DescribeStacks gives it; `values` are Parameters and Outputs."""
    lists = {
        kind: [{f"{kind[:-1]}Key": key, f"{kind[:-1]}Value": value} for key, value in pairs.items()]
        for kind, pairs in values.items()
    }
    return {
        "StackName": name,
        "StackId": ID.replace("forwarder", name),
        "CreationTime": "2026-01-01T00:00:00Z",
        "StackStatus": status,
        **lists,
    }


OURS = description(
    "forwarder",
    "CREATE_COMPLETE",
    Parameters={"DestinationUrl": "https://x", "DestinationSecretArn": SECRET, "NetworkStack": "net"},
    Outputs={"SubscriptionFilterName": "own-filter"},
)
AROUND: dict[str, list[tuple[str, Any]]] = {
    "lambda_": [("get_policy", "ResourceNotFoundException")],
    "logs": [
        ("describe_log_groups", {"logGroups": [{"logGroupName": BLUE}]}),
        ("describe_log_groups", {"logGroups": []}),
        ("describe_log_groups", {"logGroups": [{"logGroupName": BLUE}]}),
        (
            "describe_subscription_filters",
            {
                "subscriptionFilters": [
                    {"filterName": "forwarder", "destinationArn": FUNCTION},
                    {"filterName": "own-filter", "destinationArn": FUNCTION},
                    {"filterName": "other", "destinationArn": f"{FUNCTION}-of-others"},
                ]
            },
        ),
    ],
    "cloudwatch": [
        (
            "describe_alarms",
            {
                "MetricAlarms": [
                    {
                        "AlarmName": "forwarder-silence-blue",
                        "Dimensions": [{"Name": "service", "Value": "forwarder"}],
                    },
                    {
                        "AlarmName": "forwarder-silence-SilenceAlarm-1A2B",
                        "Dimensions": [{"Name": "service", "Value": "forwarder-silence"}],
                    },
                ]
            },
        )
    ],
    "sqs": [
        (
            "get_queue_attributes",
            {
                "Attributes": {
                    "ApproximateNumberOfMessages": "3",
                    "ApproximateNumberOfMessagesNotVisible": "1",
                    "ApproximateNumberOfMessagesDelayed": "0",
                }
            },
        )
    ],
    "secretsmanager": [("describe_secret", {"ARN": SECRET})],
}
RESOURCES = {
    "StackResources": [
        {
            "LogicalResourceId": name,
            "PhysicalResourceId": physical,
            "ResourceType": "x",
            "Timestamp": "2026-01-01T00:00:00Z",
            "ResourceStatus": "CREATE_COMPLETE",
        }
        for name, physical in (("DeadLetterQueue", QUEUE), ("ForwardFunction", "forwarder-forward"))
    ]
}
ONE_MORE = description("one-more", "CREATE_COMPLETE", Parameters={"ForwarderStackName": "forwarder"})
ANOTHER = description("another", "CREATE_COMPLETE", Parameters={"ForwarderStackName": "forwarder-2"})


def test_finds_what_is_around_a_stack() -> None:
    """Not its own filter, which CloudFormation deletes, nor what belongs to stacks with similar names."""
    with StubbedAws(
        cloudformation=[
            ("describe_stacks", {"Stacks": [OURS]}),
            ("describe_stacks", {"Stacks": [OURS, ONE_MORE, ANOTHER]}),
            ("describe_stack_resources", RESOURCES),
        ],
        **AROUND,
    ) as aws:
        assert find(Reader(aws.client), "forwarder") == FOUND
        aws.assert_all_was_asked()


def test_finds_the_rest_of_a_stack_that_is_deleted() -> None:
    """By the id of the last stack of the name, and its queues by their names."""
    gone = OURS | {"StackStatus": "DELETE_COMPLETE"}
    summaries = [
        {
            "StackName": name,
            "StackId": ID,
            "CreationTime": "2026-01-01T00:00:00Z",
            "DeletionTime": "2026-01-02T00:00:00Z",
            "StackStatus": "DELETE_COMPLETE",
        }
        for name in ("another", "forwarder")
    ]
    with StubbedAws(
        cloudformation=[
            ("describe_stacks", "ValidationError"),
            ("list_stacks", {"StackSummaries": summaries}),
            ("describe_stacks", {"Stacks": [gone]}),
            ("describe_stacks", {"Stacks": [ANOTHER]}),
            ("describe_stack_resources", {"StackResources": []}),
        ],
        **AROUND
        | {
            "sqs": [
                ("list_queues", {}),
                ("list_queues", {"QueueUrls": [QUEUE]}),
                *AROUND["sqs"],
            ]
        },
    ) as aws:
        found = find(Reader(aws.client), "forwarder")
    assert (found.exists, found.subscriptions, found.secret_arn) == (False, (), SECRET)
    assert found.filters == ((BLUE, "forwarder"), (BLUE, "own-filter"))
    assert found.queues == (FoundQueue(QUEUE, 3, 1),)


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([("describe_stacks", {"Stacks": [ANOTHER]})], "is it this application's"),
        (
            [("describe_stacks", "ValidationError"), ("list_stacks", {"StackSummaries": []})],
            "no stack forwarder",
        ),
        ([("describe_stacks", "AccessDenied")], "cloudformation:DescribeStacks"),
    ],
)
def test_stops_at_a_stack_that_is_not_ours(answers: list[tuple[str, Any]], reason: str) -> None:
    """Before anything else is read."""
    with StubbedAws(cloudformation=answers) as aws, pytest.raises(ToolError, match=reason):
        find(Reader(aws.client), "forwarder")


def test_a_refused_right_stops_before_anything_is_deleted() -> None:
    """What would remain is unknown."""
    refusing = AROUND | {"cloudwatch": [("describe_alarms", "AccessDenied")]}
    with (
        StubbedAws(
            cloudformation=[
                ("describe_stacks", {"Stacks": [OURS]}),
                ("describe_stacks", {"Stacks": [OURS]}),
                ("describe_stack_resources", RESOURCES),
            ],
            **refusing,
        ) as aws,
        pytest.raises(ToolError, match="what would remain is unknown: cloudwatch:DescribeAlarms"),
    ):
        find(Reader(aws.client), "forwarder")


def test_the_plan_names_everything_and_what_stays() -> None:
    """Queues and secret stay unless they are asked for."""
    assert list(plan(FOUND, queues=False, secret=False)) == [
        f"3 messages are visible in {QUEUE}; 1 are hidden until a retry.",
        "  delete stack one-more (subscription.yaml)",
        "  delete stack forwarder, with its functions and their logs",
        f"  delete filter forwarder on {BLUE}",
        "  delete alarm forwarder-silence-blue",
        (
            "The queues stay, and their messages for up to 14 days; QUEUES=yes deletes them. To move the"
            f" messages: make redrive-from QUEUE={QUEUE} STACK=another-stack"
        ),
        f"The secret stays; SECRET=yes deletes it: {SECRET}",
    ]
    assert list(plan(FOUND, queues=True, secret=True))[-2:] == [
        f"  delete queue {QUEUE}",
        f"  delete secret {SECRET}, in 30 days",
    ]


def test_nothing_left_is_said() -> None:
    """After a run that was not interrupted."""
    nothing = replace(FOUND, exists=False, subscriptions=(), filters=(), alarms=(), queues=(), secret_arn="")
    assert list(plan(nothing, queues=True, secret=True)) == ["Nothing is left to delete of forwarder."]


def test_deletes_in_an_order_in_which_the_sweep_creates_nothing_again() -> None:
    """Stacks first, then filters and alarms; queues and secret last. A filter that is gone is no fault."""
    order: list[str] = []
    states = [
        ("describe_stacks", {"Stacks": [ONE_MORE]}),
        ("delete_stack", {}),
        ("describe_stacks", {"Stacks": [ONE_MORE | {"StackStatus": "DELETE_COMPLETE"}]}),
        ("describe_stacks", {"Stacks": [OURS]}),
        ("delete_stack", {}),
        ("describe_stacks", {"Stacks": [OURS | {"StackStatus": "DELETE_IN_PROGRESS"}]}),
        ("describe_stack_resources", RESOURCES),
        ("describe_stacks", {"Stacks": [OURS | {"StackStatus": "DELETE_COMPLETE"}]}),
    ]
    pauses: list[float] = []
    with StubbedAws(
        cloudformation=states,
        logs=[("delete_subscription_filter", "ResourceNotFoundException")],
        cloudwatch=[("delete_alarms", {})],
        sqs=[("delete_queue", {})],
        secretsmanager=[("delete_secret", {})],
    ) as aws:
        for service in aws.stubbers:
            aws.client(service).meta.events.register(
                "before-parameter-build", lambda model, **_: order.append(model.name)
            )
        deleting = Deleting(aws.client, Console(file=StringIO()), pauses.append)
        deleting.delete(FOUND, queues=True, secret=True)
        aws.assert_all_was_asked()
    assert [name for name in order if name.startswith("Delete")] == [
        "DeleteStack",
        "DeleteStack",
        "DeleteSubscriptionFilter",
        "DeleteAlarms",
        "DeleteQueue",
        "DeleteSecret",
    ]
    assert pauses == [5.0]


def test_a_stack_that_cannot_be_deleted_is_explained() -> None:
    """With CloudFormation's reason; filters and alarms stay, so that the stack still works."""
    (resource, _) = RESOURCES["StackResources"]
    failed = resource | {"ResourceStatus": "DELETE_FAILED", "ResourceStatusReason": "it is in use"}
    with (
        StubbedAws(
            cloudformation=[
                ("describe_stacks", {"Stacks": [OURS]}),
                ("delete_stack", {}),
                ("describe_stacks", {"Stacks": [OURS | {"StackStatus": "DELETE_FAILED"}]}),
                ("describe_stack_resources", {"StackResources": [failed]}),
            ]
        ) as aws,
        pytest.raises(ToolError, match="forwarder is DELETE_FAILED: DeadLetterQueue: it is in use"),
    ):
        Deleting(aws.client, Console(file=StringIO())).delete(
            replace(FOUND, subscriptions=()), queues=False, secret=False
        )


@pytest.mark.parametrize(("typed", "confirmed"), [("forwarder", True), ("", False), ("yes", False)])
def test_the_stack_s_name_confirms(monkeypatch: pytest.MonkeyPatch, typed: str, confirmed: object) -> None:
    """And nothing shorter."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: typed)
    assert is_confirmed("forwarder", yes=False) is confirmed


def test_names_sam_s_bucket_and_the_network_stack() -> None:
    """Others may use them, so the command says when and how to delete them."""
    sam = description(
        "aws-sam-cli-managed-default", "CREATE_COMPLETE", Outputs={"SourceBucket": "sam-bucket-1a2b"}
    )
    with StubbedAws(cloudformation=[("describe_stacks", {"Stacks": [ANOTHER, sam]})]) as aws:
        network, bucket = leftovers(Reader(aws.client), FOUND)
    assert "aws cloudformation delete-stack --stack-name net" in network
    assert "SAM's bucket sam-bucket-1a2b stays" in bucket
    assert bucket.endswith("aws cloudformation delete-stack --stack-name aws-sam-cli-managed-default")
