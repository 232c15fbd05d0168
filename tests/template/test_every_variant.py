"""What holds for every stack that the template can make."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.template.resolve import Json, resolved
from tests.template.variants import BOUNDARY, KEY, VARIANTS

# Statements whose resource is a wildcard, and why it cannot be narrower (Service Authorization Reference).
WILDCARDS = {
    "SeeTheNetwork": "the describing actions of EC2 take no resource",
    "DenyTheNetworkToTheFunctionsCode": "a denial is to hold for all",
    "TheAccountManagesTheKey": "in a key's policy, * is the key",
    "CloudWatchEncryptsAlarms": "in a key's policy, * is the key",
}


def of_type(kind: str, stack: Json) -> dict[str, Json]:
    """The properties of all resources of a type."""
    return {name: item["Properties"] for name, item in stack["Resources"].items() if item["Type"] == kind}


def statements(node: Any) -> Iterator[Json]:  # noqa: ANN401  # a node of JSON
    """Every statement of every policy, of whatever kind."""
    if isinstance(node, dict):
        if "Effect" in node:
            yield node
        for part in node.values():
            yield from statements(part)
    elif isinstance(node, list):
        for part in node:
            yield from statements(part)


def as_list(one_or_many: str | list[str]) -> list[str]:
    """What IAM takes as one text or as several."""
    return [one_or_many] if isinstance(one_or_many, str) else one_or_many


@pytest.fixture(params=VARIANTS)
def stack(request: pytest.FixtureRequest) -> Json:
    """One stack after the other."""
    return resolved(**VARIANTS[request.param])


def test_the_rules_let_it_through_and_nothing_refers_to_what_is_not_there(stack: Json) -> None:
    """A resource of a condition that does not hold is named nowhere."""
    assert {name for name, holds in stack["Rules"].items() if not holds} == set()
    text = repr((stack["Resources"], stack["Outputs"]))
    named = set(re.findall(r"\{([A-Z][A-Za-z0-9]+)(?:\.[A-Za-z.]+)?\}", text))
    assert "ForwardRole" in named
    assert named - stack["Resources"].keys() == set()


def test_every_function_has_a_log_group_with_retention(stack: Json) -> None:
    """Of its own; without one Lambda would make one that keeps everything for ever."""
    functions = of_type("AWS::Lambda::Function", stack)
    groups = of_type("AWS::Logs::LogGroup", stack)
    used = [function["LoggingConfig"]["LogGroup"].strip("{}") for function in functions.values()]
    assert sorted(used) == sorted(groups)
    assert {group["RetentionInDays"] for group in groups.values()} == {"30"}


def test_every_queue_is_encrypted_and_has_a_dead_letter_queue(stack: Json) -> None:
    """Or is one."""
    queues = of_type("AWS::SQS::Queue", stack)
    ends = {
        queue["RedrivePolicy"]["deadLetterTargetArn"].removesuffix(".Arn}").strip("{")
        for queue in queues.values()
        if "RedrivePolicy" in queue
    }
    assert ends == {"DeadLetterQueue"}
    for name, queue in queues.items():
        assert "RedrivePolicy" in queue or name in ends
        assert (queue.get("SqsManagedSseEnabled"), queue.get("KmsMasterKeyId")) in {(True, None), (None, KEY)}


def test_no_policy_has_a_wildcard_action(stack: Json) -> None:
    """Of a role, a key, a topic or an endpoint."""
    actions = {action for one in statements(stack["Resources"]) for action in as_list(one["Action"])}
    assert len(actions) > 20
    assert [action for action in actions if "*" in action] == []


def test_a_wildcard_resource_stands_only_where_no_narrower_one_can(stack: Json) -> None:
    """A part of an ARN may be one; a whole ARN only where the table above says why."""
    found = {one["Sid"] for one in statements(stack["Resources"]) if "*" in as_list(one.get("Resource", ""))}
    assert found <= WILDCARDS.keys()
    assert {"TheAccountManagesTheKey", "CloudWatchEncryptsAlarms"} <= found


def test_nobody_of_another_account_is_let_in(stack: Json) -> None:
    """A principal is a service or this account; an endpoint's anybody is bound to the stack's roles."""
    for one in statements(stack["Resources"]):
        match one.get("Principal"):
            case "*":
                principals = one["Condition"]["ArnEquals"]["aws:PrincipalArn"]
                assert set(principals) == {"{ForwardRole.Arn}", "{RedriveRole.Arn}"}
            case {"AWS": root}:
                assert root == "arn:aws:iam::111122223333:root"
            case {"Service": service}:
                assert service in {"lambda.amazonaws.com", "cloudwatch.amazonaws.com"}
            case other:
                assert other is None


def test_every_role_is_of_the_template_and_has_the_boundary(stack: Json) -> None:
    """SAM adds none, and where a boundary is asked for no role is without."""
    roles = of_type("AWS::IAM::Role", stack)
    functions = of_type("AWS::Lambda::Function", stack)
    assert {function["Role"] for function in functions.values()} == {f"{{{role}.Arn}}" for role in roles}
    boundaries = {role.get("PermissionsBoundary") for role in roles.values()}
    assert boundaries in ({None}, {BOUNDARY})
    for kind in ("Policy", "ManagedPolicy", "RolePolicy"):
        assert of_type(f"AWS::IAM::{kind}", stack) == {}


def test_the_boundary_and_the_key_reach_everything() -> None:
    """Each role; each queue, log group and role, and nothing by another way than SQS and Secrets Manager."""
    stack = resolved(**VARIANTS["everything"])
    roles = of_type("AWS::IAM::Role", stack)
    assert len(roles) == 3
    assert {role["PermissionsBoundary"] for role in roles.values()} == {BOUNDARY}
    assert {group["KmsKeyId"] for group in of_type("AWS::Logs::LogGroup", stack).values()} == {KEY}
    assert {queue["KmsMasterKeyId"] for queue in of_type("AWS::SQS::Queue", stack).values()} == {KEY}
    for role in ("ForwardRole", "RedriveRole"):
        (granted,) = (one for one in statements(roles[role]) if one["Sid"] == "UseTheKmsKey")
        assert granted == {
            "Sid": "UseTheKmsKey",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": KEY,
            "Condition": {
                "StringEquals": {
                    "kms:ViaService": [
                        "sqs.us-east-1.amazonaws.com",
                        "secretsmanager.us-east-1.amazonaws.com",
                    ]
                }
            },
        }


def test_concurrency_is_reserved_only_where_it_is_asked_for() -> None:
    """Nought would stop the function; and the redrive is bounded by its queue."""
    everything = of_type("AWS::Lambda::Function", resolved(**VARIANTS["everything"]))
    assert everything["ForwardFunction"]["ReservedConcurrentExecutions"] == "20"
    smallest = of_type("AWS::Lambda::Function", resolved())
    for function in (*smallest.values(), everything["RedriveFunction"], everything["SubscribeFunction"]):
        assert "ReservedConcurrentExecutions" not in function
