"""One more log group for the forwarder: what is done, in which order, and what never is."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.stubbed_aws import Answer, StubbedAws
from tools.aws_reading import Reader
from tools.stack import Stack, StackError, read_stack
from tools.subscribe.__main__ import main
from tools.subscribe.permission import has_permission, named_log_groups
from tools.subscribe.subscription import SubscriptionError, Wish, subscribe

FUNCTION = "arn:aws:lambda:eu-central-1:111122223333:function:forwarder-forward"
OTHER = "arn:aws:lambda:eu-central-1:111122223333:function:other"
LOGS = "arn:aws:logs:eu-central-1:111122223333:log-group:"
STACK = Stack("forwarder", FUNCTION, "", frozenset({"/custom/forward"}))
GROUP = "/aws/eks/blue/cluster"


def filters(*pairs: tuple[str, str], pattern: str = "") -> list[Answer]:
    """A log group with these filters, by name and destination."""
    found = [
        {"filterName": name, "destinationArn": destination, "filterPattern": pattern}
        for name, destination in pairs
    ]
    return [
        ("describe_log_groups", {"logGroups": [{"logGroupName": GROUP}]}),
        ("describe_subscription_filters", {"subscriptionFilters": found}),
    ]


def policy(changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """The function's policy with one statement, as CloudFormation makes it for many clusters."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logs.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": FUNCTION,
        "Condition": {
            "StringEquals": {"AWS:SourceAccount": "111122223333"},
            "ArnLike": {
                "AWS:SourceArn": "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/eks/*/cluster:*"
            },
        },
    }
    return {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement | (changes or {})]})}


def test_gives_the_permission_before_the_filter() -> None:
    """CloudWatch Logs tries an invocation before it accepts a filter, so the order counts."""
    with StubbedAws(
        logs=[*filters(("other", OTHER)), ("put_subscription_filter", {})],
        lambda_=[("get_policy", "ResourceNotFoundException"), ("add_permission", {})],
    ) as aws:
        steps = list(subscribe(aws.client, STACK, Wish(GROUP)))
        aws.assert_all_was_asked()
    assert steps == [
        f"CloudWatch Logs may now invoke the function for {LOGS}/aws/eks/*/cluster:*.",
        f"{GROUP} is subscribed by the filter forwarder.",
    ]


@pytest.mark.parametrize("destination", [FUNCTION, f"{FUNCTION}:live"])
def test_does_nothing_where_the_filter_stands(destination: str) -> None:
    """Also under another name, as CloudFormation gives, with another pattern, or for an alias."""
    with StubbedAws(
        logs=filters(("stack-ControlPlaneLogs-1A2B", destination), pattern="audit"),
        lambda_=[("get_policy", policy())],
    ) as aws:
        steps = list(subscribe(aws.client, STACK, Wish(GROUP)))
    assert steps[-1] == f"{GROUP} is already subscribed; nothing to do."


def test_changes_the_pattern_of_its_own_filter_alone() -> None:
    """A pattern that was asked for replaces the one of the filter that leads to the function."""
    with StubbedAws(
        logs=[*filters(("other", OTHER), ("mine", FUNCTION)), ("put_subscription_filter", {})],
        lambda_=[("get_policy", policy())],
    ) as aws:
        steps = list(subscribe(aws.client, STACK, Wish(GROUP, "audit")))
        aws.assert_all_was_asked()
    assert steps[-1] == f"{GROUP} is subscribed by the filter mine."


OWN = Stack(
    "forwarder",
    FUNCTION,
    "",
    frozenset(),
    subscribed_log_group=GROUP,
    outputs={"SubscriptionFilterName": "forwarder-ControlPlaneLogs-1A2B"},
    parameters={"FilterPattern": "delete"},
)


def test_the_filter_of_the_stack_s_own_cluster_gets_the_stack_s_name_and_pattern() -> None:
    """The stack's alarms watch that name, and its next update expects that filter."""
    put: list[dict[str, Any]] = []
    with StubbedAws(
        logs=[*filters(), ("put_subscription_filter", {})], lambda_=[("get_policy", policy())]
    ) as aws:
        aws.client("logs").meta.events.register(
            "provide-client-params.cloudwatch-logs.PutSubscriptionFilter",
            lambda params, **_: put.append(params),
        )
        list(subscribe(aws.client, OWN, Wish(GROUP)))
    assert put == [
        {
            "logGroupName": GROUP,
            "filterName": "forwarder-ControlPlaneLogs-1A2B",
            "filterPattern": "delete",
            "destinationArn": FUNCTION,
            "emitSystemFields": ["@aws.account", "@aws.region"],
        }
    ]


def test_the_pattern_of_the_stack_s_own_filter_is_restored() -> None:
    """A filter that matches nothing is a way to switch the forwarder off."""
    with StubbedAws(
        logs=[*filters((OWN.filter_name, FUNCTION), pattern="nothing"), ("put_subscription_filter", {})],
        lambda_=[("get_policy", policy())],
    ) as aws:
        steps = list(subscribe(aws.client, OWN, Wish(GROUP)))
        aws.assert_all_was_asked()
    assert steps[-1] == f"{GROUP} is subscribed by the filter forwarder-ControlPlaneLogs-1A2B."


def test_another_pattern_for_the_stack_s_own_cluster_is_a_parameter() -> None:
    """The next deployment would undo it."""
    with (
        StubbedAws(logs=filters()) as aws,
        pytest.raises(SubscriptionError, match="set its parameter FilterPattern"),
    ):
        list(subscribe(aws.client, OWN, Wish(GROUP, "audit")))


VENDED = "/aws/vendedlogs/eks/AUTO_MODE_IPAM_LOGS"
TELLING = "forwarder/blue/autoModeIpam"


def vended(*pairs: tuple[str, str]) -> list[Answer]:
    """A log group of Auto Mode with these filters, by name and destination."""
    found = [{"filterName": name, "destinationArn": destination} for name, destination in pairs]
    return [
        ("describe_log_groups", {"logGroups": [{"logGroupName": VENDED}]}),
        ("describe_subscription_filters", {"subscriptionFilters": found}),
    ]


def test_a_vended_log_group_gets_a_permission_and_a_filter_that_says_cluster_and_type() -> None:
    """The stack's pattern is for control-plane lines, so this filter has none."""
    put: list[dict[str, Any]] = []
    with StubbedAws(
        logs=[*vended(("other", OTHER)), ("put_subscription_filter", {})],
        lambda_=[("get_policy", policy()), ("add_permission", {})],
    ) as aws:
        aws.client("logs").meta.events.register(
            "provide-client-params.cloudwatch-logs.PutSubscriptionFilter",
            lambda params, **_: put.append(params),
        )
        steps = list(subscribe(aws.client, OWN, Wish(VENDED, name=TELLING)))
        aws.assert_all_was_asked()
    assert [(one["filterName"], one["filterPattern"]) for one in put] == [(TELLING, "")]
    assert steps == [
        f"CloudWatch Logs may now invoke the function for {LOGS}{VENDED}:*.",
        f"{VENDED} is subscribed by the filter {TELLING}.",
    ]


def test_a_filter_that_says_something_else_is_not_doubled() -> None:
    """A second filter would send each line twice; the command that deletes the first is named."""
    with (
        StubbedAws(logs=vended(("forwarder", FUNCTION))) as aws,
        pytest.raises(SubscriptionError, match=f"not {TELLING}: delete it .*--filter-name forwarder"),
    ):
        list(subscribe(aws.client, STACK, Wish(VENDED, name=TELLING)))


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["blue", "--log-type", "autoModeIpam"],
        ["--log-group", VENDED, "--log-type", "mixed"],
        ["team/blue", "--log-group", VENDED],
        ["blue", "--log-group", "/aws/eks/green/cluster"],
        ["blue", "--log-group", "/aws/eks/blue/cluster", "--log-type", "autoModeIpam"],
    ],
    ids=[
        "nothing",
        "a type without a group",
        "a type without a cluster",
        "a name that the function would not read",
        "control-plane logs of another cluster",
        "a type of control-plane logs",
    ],
)
def test_what_is_missing_or_wrong_is_said_before_aws_is_asked(arguments: list[str]) -> None:
    """By argparse, with its exit status."""
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2


@pytest.mark.parametrize(("refusals", "paused"), [(3, 3), (12, 12)])
def test_waits_up_to_a_minute_for_a_new_permission(refusals: int, paused: int) -> None:
    """Twelve pauses of five seconds."""
    pauses: list[float] = []
    with StubbedAws(logs=filters(), lambda_=[("get_policy", policy())]) as aws:
        refuse_the_filter(aws, refusals)
        aws.stubbers["logs"].add_response("put_subscription_filter", {})
        steps = list(subscribe(aws.client, STACK, Wish(GROUP), pauses.append))
    assert pauses == [5.0] * paused
    assert steps[-1] == f"{GROUP} is subscribed by the filter forwarder."


def test_gives_up_after_a_minute() -> None:
    """The error is AWS's own."""
    pauses: list[float] = []
    with StubbedAws(logs=filters(), lambda_=[("get_policy", policy())]) as aws:
        refuse_the_filter(aws, 13)
        with pytest.raises(ClientError, match="Could not execute the lambda function"):
            list(subscribe(aws.client, STACK, Wish(GROUP), pauses.append))
    assert pauses == [5.0] * 12


def test_another_refusal_of_the_filter_is_not_repeated() -> None:
    """Such as a log group of a class without filters."""
    with StubbedAws(logs=filters(), lambda_=[("get_policy", policy())]) as aws:
        aws.stubbers["logs"].add_client_error("put_subscription_filter", "InvalidParameterException", "no")
        with pytest.raises(ClientError, match="no"):
            list(subscribe(aws.client, STACK, Wish(GROUP), lambda _: pytest.fail("paused")))


def refuse_the_filter(aws: StubbedAws, times: int) -> None:
    """CloudWatch Logs may not invoke the function yet."""
    for _ in range(times):
        aws.stubbers["logs"].add_client_error(
            "put_subscription_filter",
            "InvalidParameterException",
            "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission.",
        )


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (filters(("a", OTHER), ("b", OTHER)), r"has 2 subscription filters \(a, b\), and 2 are"),
        (filters(("forwarder", OTHER)), "another filter of .* has the name forwarder"),
        ([("describe_log_groups", {"logGroups": []})], "does not exist"),
        (
            [
                ("describe_log_groups", {"logGroups": [{"logGroupName": GROUP}]}),
                ("describe_subscription_filters", "AccessDeniedException"),
            ],
            "logs:DescribeSubscriptionFilters was refused",
        ),
    ],
    ids=["both taken", "name taken", "no log group", "filters not seen"],
)
def test_leaves_the_log_group_alone(answers: list[Answer], reason: str) -> None:
    """Nothing is written where a filter of others would be replaced, might be, or there is no place."""
    with StubbedAws(logs=answers) as aws, pytest.raises(SubscriptionError, match=reason):
        list(subscribe(aws.client, STACK, Wish(GROUP)))


@pytest.mark.parametrize(
    "group", ["/aws/lambda/forwarder-forward", "/aws/lambda/forwarder-new", "/custom/forward"]
)
def test_never_subscribes_the_forwarder_to_itself(group: str) -> None:
    """Without asking AWS anything: each of its lines would make another."""
    with StubbedAws() as aws, pytest.raises(SubscriptionError, match="a log of the forwarder itself"):
        list(subscribe(aws.client, STACK, Wish(group)))


def test_stops_where_the_permission_cannot_be_seen() -> None:
    """The filter would be refused by AWS, or take nothing, so the right is named instead."""
    with (
        StubbedAws(logs=filters(), lambda_=[("get_policy", "AccessDeniedException")]) as aws,
        pytest.raises(SubscriptionError, match="lambda:GetPolicy was refused"),
    ):
        list(subscribe(aws.client, STACK, Wish(GROUP)))


@pytest.mark.parametrize(
    ("changes", "covered"),
    [
        ({}, True),
        ({"Principal": {"Service": "logs.eu-central-1.amazonaws.com"}}, True),
        ({"Condition": {"ArnLike": {"AWS:SourceArn": f"{LOGS}/aws/eks/blue/cluster:*"}}}, True),
        ({"Condition": {}}, True),
        ({"Condition": {"ArnLike": {"AWS:SourceArn": f"{LOGS}/aws/eks/green/cluster:*"}}}, False),
        ({"Condition": {"StringEquals": {"AWS:SourceAccount": "999999999999"}}}, False),
        ({"Condition": {"StringLike": {"AWS:SourceAccount": "*"}}}, False),
        ({"Principal": {"Service": "events.amazonaws.com"}}, False),
        ({"Principal": {"AWS": "arn:aws:iam::111122223333:root"}}, False),
        ({"Principal": "*"}, False),
        ({"Effect": "Deny"}, False),
        ({"Action": "lambda:GetFunction"}, False),
    ],
)
def test_reads_the_function_s_policy_narrowly(changes: dict[str, Any], covered: object) -> None:
    """What is not understood is no permission: a second statement does no harm, a missing one loses lines."""
    with StubbedAws(lambda_=[("get_policy", policy(changes))]) as aws:
        assert has_permission(Reader(aws.client), STACK, GROUP) is covered


def test_lists_the_log_groups_that_the_policy_names() -> None:
    """One by one, as make subscribe adds them; the pattern for all clusters names none."""
    named = {"Condition": {"ArnLike": {"AWS:SourceArn": f"{LOGS}/aws/vendedlogs/auto:*"}}}
    with StubbedAws(lambda_=[("get_policy", policy(named)), ("get_policy", policy())]) as aws:
        assert list(named_log_groups(Reader(aws.client), STACK)) == ["/aws/vendedlogs/auto"]
        assert list(named_log_groups(Reader(aws.client), STACK)) == []


def test_reads_the_stack_s_outputs() -> None:
    """The subscribed log group is the cluster's; the others are the functions' own."""
    outputs = {
        "ForwardFunctionArn": FUNCTION,
        "AlarmTopicArn": "arn:aws:sns:eu-central-1:111122223333:t",
        "ForwardLogGroupName": "/aws/lambda/forwarder-forward",
        "RedriveLogGroupName": "/aws/lambda/forwarder-redrive",
        "SubscribedLogGroupName": GROUP,
        "SubscriptionFilterName": "forwarder-ControlPlaneLogs-1A2B",
        "UndeliveredQueueUrl": "https://sqs.eu-central-1.amazonaws.com/111122223333/undelivered",
    }
    with StubbedAws(cloudformation=[("describe_stacks", stacks(outputs))]) as aws:
        stack = read_stack(Reader(aws.client), "forwarder")
    assert stack.own_log_groups == {"/aws/lambda/forwarder-forward", "/aws/lambda/forwarder-redrive"}
    assert (stack.filter_name, stack.filter_pattern) == ("forwarder-ControlPlaneLogs-1A2B", "delete")
    assert (stack.partition, stack.region, stack.account) == ("aws", "eu-central-1", "111122223333")
    assert (stack.is_own(GROUP), stack.is_own("/aws/lambda/forwarder-redrive")) == (False, True)


@pytest.mark.parametrize("answer", ["AccessDenied", {}])
def test_says_that_a_stack_cannot_be_used(answer: str | dict[str, Any]) -> None:
    """The right was refused, or it is another application's."""
    foreseen: str | dict[str, Any] = answer if isinstance(answer, str) else stacks({"Topic": "arn"})
    with (
        StubbedAws(cloudformation=[("describe_stacks", foreseen)]) as aws,
        pytest.raises(StackError, match=r"DescribeStacks was refused|no output ForwardFunctionArn"),
    ):
        read_stack(Reader(aws.client), "forwarder")


def stacks(outputs: dict[str, str]) -> dict[str, Any]:
    """An answer to DescribeStacks."""
    return {
        "Stacks": [
            {
                "StackName": "forwarder",
                "CreationTime": "2026-01-01T00:00:00Z",
                "StackStatus": "CREATE_COMPLETE",
                "Parameters": [{"ParameterKey": "FilterPattern", "ParameterValue": "delete"}],
                "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
            }
        ]
    }
