"""What is true of every stack that template.yaml and central.yaml can make."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.template.resolve import Json, resolved, resolved_central
from tests.template.variants import BOUNDARY, CENTRAL_VARIANTS, KEY, VARIANTS, combinations

# Statements whose resource is a wildcard, and why it cannot be narrower (Service Authorization Reference).
WILDCARDS = {
    "SeeTheNetwork": "the describing actions of EC2 take no resource",
    "FindClusters": "its listing actions take no resource",
    "DenyTheNetworkToTheFunctionsCode": "a denial covers everything",
    "TheAccountManagesTheKey": "in a key's policy, * is the key",
    "CloudWatchEncryptsAlarms": "in a key's policy, * is the key",
    "ThisAccountEncryptsMessages": "in a key's policy, * is the key",
    "NotifyEncryptsMails": "in a key's policy, * is the key",
}
DELIVERING = ("ForwardFunction", "RedriveFunction")
NO_FUNCTION = "PutRecordsRole"  # of central.yaml: CloudWatch Logs assumes it


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


@pytest.fixture(params=[*VARIANTS, *(f"central: {name}" for name in CENTRAL_VARIANTS)])
def stack(request: pytest.FixtureRequest) -> Json:
    """One stack after the other."""
    _, is_central, name = str(request.param).rpartition("central: ")
    return resolved_central(**CENTRAL_VARIANTS[name]) if is_central else resolved(**VARIANTS[name])


def dangling(stack: Json) -> set[str]:
    """Resources that are named and do not exist in this stack."""
    text = repr((stack["Resources"], stack["Outputs"]))
    named = set(re.findall(r"\{([A-Z][A-Za-z0-9]+)(?:\.[A-Za-z.]+)?\}", text))
    assert "RedriveRole" in named
    return named - set(stack["Resources"])


def refusing(stack: Json) -> set[str]:
    """The rules that do not hold."""
    return {name for name, holds in stack["Rules"].items() if not holds}


def test_every_combination_deploys_or_is_refused_for_want_of_a_token() -> None:
    """1,728 combinations: nothing dangles, and only xplg and splunk_hec outside dev need a secret."""
    refused = 0
    for values in combinations():
        stack = resolved(**values)
        assert dangling(stack) == set(), values
        needs_token = values["Environment"] != "dev" and values["Destination"] in {"xplg", "splunk_hec"}
        expected = {"TokenNeeded"} if needs_token and not values["DestinationSecretArn"] else set()
        assert refusing(stack) == expected, values
        refused += bool(expected)
        functions = of_type("AWS::Lambda::Function", stack)
        assert ("SubscribeFunction" in functions) == (values["OtherClusters"] == "automatic"), values
        assert all(("VpcConfig" in functions[name]) == ("SubnetIds" in values) for name in DELIVERING), values
        keys = {queue.get("KmsMasterKeyId") for queue in of_type("AWS::SQS::Queue", stack).values()}
        assert keys == {values["KmsKeyArn"] or None}, values
    assert refused == 2 * 2 * 4 * 3 * 2 * 2  # environments, destinations, networks, clusters, key, boundary


def test_a_variant_deploys_and_nothing_dangles(stack: Json) -> None:
    """The rules accept it, and a resource whose condition does not hold is named nowhere."""
    assert (refusing(stack), dangling(stack)) == (set(), set())


def test_every_function_has_a_log_group_with_retention(stack: Json) -> None:
    """Without one Lambda would create a log group that keeps everything forever."""
    functions = of_type("AWS::Lambda::Function", stack)
    groups = of_type("AWS::Logs::LogGroup", stack)
    used = [function["LoggingConfig"]["LogGroup"].strip("{}") for function in functions.values()]
    assert sorted(used) == sorted(groups)
    environment = functions["RedriveFunction"]["Tags"][1]["Value"]
    days = {"dev": 7, "staging": 30, "prod": 90}[environment]
    assert {group["RetentionInDays"] for group in groups.values()} == {days}


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


def test_every_queue_refuses_requests_without_tls(stack: Json) -> None:
    """From everybody but AWS services, which always use TLS, for every action."""
    (policy,) = of_type("AWS::SQS::QueuePolicy", stack).values()
    assert {queue.strip("{}") for queue in policy["Queues"]} == of_type("AWS::SQS::Queue", stack).keys()
    (refusal,) = statements(policy)
    assert (refusal["Effect"], refusal["Principal"], refusal["Action"]) == ("Deny", "*", "sqs:*")
    assert set(refusal["Resource"]) == {"{UndeliveredQueue.Arn}", "{DeadLetterQueue.Arn}"}
    assert refusal["Condition"] == {
        "Bool": {"aws:SecureTransport": "false", "aws:PrincipalIsAWSService": "false"}
    }


def test_no_policy_allows_a_wildcard_action(stack: Json) -> None:
    """Of a role, a key or a topic."""
    allowed = [one for one in statements(stack["Resources"]) if one["Effect"] == "Allow"]
    actions = {action for one in allowed for action in as_list(one["Action"])}
    assert len(actions) > 20
    assert [action for action in actions if "*" in action] == []


def test_a_wildcard_resource_is_used_only_where_no_narrower_one_exists(stack: Json) -> None:
    """A part of an ARN may be one; a whole ARN only where the table above says why."""
    found = {one["Sid"] for one in statements(stack["Resources"]) if "*" in as_list(one.get("Resource", ""))}
    assert found <= WILDCARDS.keys()
    assert {"TheAccountManagesTheKey", "CloudWatchEncryptsAlarms"} <= found


def test_no_other_account_is_allowed_in(stack: Json) -> None:
    """A principal of an allowing statement is a service, this account or a role of the stack."""
    for one in statements(stack["Resources"]):
        match one.get("Principal"):
            case "*":
                assert one["Effect"] == "Deny"
            case {"AWS": principal}:
                assert principal in {"arn:aws:iam::111122223333:root", "{NotifyRole.Arn}"}
            case {"Service": service}:
                ours = {"lambda.amazonaws.com", "cloudwatch.amazonaws.com", "events.amazonaws.com"}
                if one["Sid"] == "CloudWatchLogsPutsRecords":
                    ours = {"logs.amazonaws.com"}
                assert set(as_list(service)) <= ours
            case other:
                assert other is None


def test_every_role_is_in_the_template_and_has_the_boundary(stack: Json) -> None:
    """SAM adds no role and no policy; a boundary covers every role."""
    roles = of_type("AWS::IAM::Role", stack)
    functions = of_type("AWS::Lambda::Function", stack)
    assert {function["Role"] for function in functions.values()} == {
        f"{{{role}.Arn}}" for role in roles if role != NO_FUNCTION
    }
    boundaries = {role.get("PermissionsBoundary") for role in roles.values()}
    assert boundaries in ({None}, {BOUNDARY})
    assert of_type("AWS::IAM::ManagedPolicy", stack).keys() <= {"DeliveryPolicy"}
    for kind in ("Policy", "RolePolicy"):
        assert of_type(f"AWS::IAM::{kind}", stack) == {}


def test_the_boundary_and_the_key_reach_everything() -> None:
    """Each role; each queue and log group. The key works only through SQS and Secrets Manager."""
    stack = resolved(**VARIANTS["everything"])
    roles = of_type("AWS::IAM::Role", stack)
    assert len(roles) == 4
    assert {role["PermissionsBoundary"] for role in roles.values()} == {BOUNDARY}
    assert {group["KmsKeyId"] for group in of_type("AWS::Logs::LogGroup", stack).values()} == {KEY}
    assert {queue["KmsMasterKeyId"] for queue in of_type("AWS::SQS::Queue", stack).values()} == {KEY}
    (granted,) = (
        one for one in statements(of_type("AWS::IAM::ManagedPolicy", stack)) if one["Sid"] == "UseTheKmsKey"
    )
    assert granted == {
        "Sid": "UseTheKmsKey",
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": KEY,
        "Condition": {
            "StringEquals": {
                "kms:ViaService": ["sqs.us-east-1.amazonaws.com", "secretsmanager.us-east-1.amazonaws.com"]
            }
        },
    }


def test_no_function_reserves_concurrency(stack: Json) -> None:
    """An account with a quota of 10 must keep 10 unreserved: a reservation would stop the deploy there."""
    for function in of_type("AWS::Lambda::Function", stack).values():
        assert "ReservedConcurrentExecutions" not in function
