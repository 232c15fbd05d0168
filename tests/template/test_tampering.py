"""The rule on tampering: which calls it reports, and that it may tell the alarm topic.

MiniStack has no trail, so the pattern is matched here, with the rules of the EventBridge user guide
("Comparison operators for use in event patterns") that it uses.
"""

from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.template.resolve import Json, resolved
from tests.template.test_every_variant import of_type

GROUP = "/aws/eks/prod/cluster"
PARKED, DEAD = "{UndeliveredQueue}", "{DeadLetterQueue}"


def rule() -> Json:
    """The rule's properties."""
    return of_type("AWS::Events::Rule", resolved())["TamperingRule"]


def matches(pattern: Any, value: Any) -> bool:  # noqa: ANN401  # nodes of JSON
    """Whether a value matches a part of a pattern; a list matches if one of its items does."""
    if isinstance(pattern, dict):
        if isinstance(value, list):
            return any(matches(pattern, item) for item in value)
        fields = value if isinstance(value, dict) else {}
        return all(
            any(matches(one, value) for one in wanted)
            if name == "$or"
            else matches(wanted, fields.get(name, ...))
            for name, wanted in pattern.items()
        )
    return any(_accepts(one, value) for one in pattern)


def _accepts(one: Any, value: Any) -> bool:  # noqa: ANN401  # as above
    match one:
        case {"exists": exists}:
            return (value is not ...) is exists
        case {"wildcard": wildcard}:
            return isinstance(value, str) and fnmatchcase(value, wildcard)
        case _:
            return bool(value == one)


def is_reported(detail: Json) -> bool:
    """Whether the rule matches an event with this detail."""
    event = {"detail-type": "AWS API Call via CloudTrail", "detail": detail}
    return matches(rule()["EventPattern"], event)


def call(service: str, operation: str, /, **parameters: object) -> Json:
    """The detail of a call as CloudTrail records it (CloudTrail user guide, "Record contents")."""
    return {
        "eventSource": f"{service}.amazonaws.com",
        "eventName": operation,
        "requestParameters": parameters,
        "userIdentity": {"arn": "arn:aws:sts::111122223333:assumed-role/admin/eve"},
        "sourceIPAddress": "198.51.100.7",
        "eventTime": "2026-01-31T10:00:00Z",
        "eventID": "0a1b2c3d-0000-4000-8000-000000000001",
    }


def logging(*setups: tuple[list[str], bool]) -> Json:
    """The parameter of UpdateClusterConfig."""
    return {"clusterLogging": [{"types": types, "enabled": enabled} for types, enabled in setups]}


@pytest.mark.parametrize(
    "detail",
    [
        call("eks", "UpdateClusterConfig", name="prod", logging=logging((["audit"], False))),
        call("eks", "UpdateClusterConfig", name="prod", logging=logging((["api"], True), (["audit"], False))),
        call("logs", "PutSubscriptionFilter", logGroupName=GROUP, filterName="x", filterPattern="nothing"),
        call("logs", "DeleteSubscriptionFilter", logGroupName=GROUP, filterName="x"),
        call("logs", "DeleteLogGroup", logGroupName=GROUP),
        call("sqs", "PurgeQueue", queueUrl=PARKED),
        call("sqs", "DeleteQueue", queueUrl=DEAD),
    ],
    ids=lambda detail: detail["eventName"],
)
def test_reports(detail: Json) -> None:
    """A refused attempt of the same call changes nothing and is not reported."""
    assert is_reported(detail)
    assert not is_reported(detail | {"errorCode": "AccessDenied"})


@pytest.mark.parametrize(
    "detail",
    [
        call("eks", "UpdateClusterConfig", name="prod", logging=logging((["audit"], True))),
        call("eks", "UpdateClusterConfig", name="prod", resourcesVpcConfig={"endpointPublicAccess": False}),
        call("logs", "PutSubscriptionFilter", logGroupName="/aws/lambda/other"),
        call("logs", "PutRetentionPolicy", logGroupName=GROUP),
        call("logs", "DeleteSubscriptionFilter", logGroupName="/aws/eks/prod/nodes"),
        call("sqs", "PurgeQueue", queueUrl="https://sqs.us-east-1.amazonaws.com/111122223333/other"),
        call("sqs", "SendMessage", queueUrl=PARKED),
        call("other", "PurgeQueue", queueUrl=PARKED),
    ],
    ids=lambda detail: detail["eventName"],
)
def test_does_not_report(detail: Json) -> None:
    """Logging switched on, other log groups, other queues, daily calls."""
    assert not is_reported(detail)


def test_listens_to_a_trail_alone() -> None:
    """Other events of these services have another type."""
    detail = call("sqs", "PurgeQueue", queueUrl=PARKED)
    assert not matches(rule()["EventPattern"], {"detail-type": "AWS Service Event", "detail": detail})


def test_the_message_names_what_who_and_where_from() -> None:
    """Every field of the template is one that CloudTrail records, and the text is a JSON string."""
    ((target),) = rule()["Targets"]
    assert target["Arn"] == "{AlarmTopic}"
    assert "RoleArn" not in target  # the topic's policy permits it
    transformer = target["InputTransformer"]
    text = transformer["InputTemplate"]
    detail = call("sqs", "PurgeQueue", queueUrl=PARKED)
    for name, path in transformer["InputPathsMap"].items():
        value: Any = {"detail": detail}
        for step in path.removeprefix("$.").split("."):
            value = value[step]
        text = text.replace(f"<{name}>", value)
    assert text == (
        '"PurgeQueue by arn:aws:sts::111122223333:assumed-role/admin/eve from 198.51.100.7 at'
        " 2026-01-31T10:00:00Z: the logs of a cluster may be cut off. CloudTrail event"
        ' 0a1b2c3d-0000-4000-8000-000000000001. Runbook: docs/runbooks/silence.md."'
    )
