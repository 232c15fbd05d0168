"""The notify function: what calls it, and what it may do."""

import pytest

from eks_log_forwarder.notifying.settings import NotifyingSettings
from eks_log_forwarder.telemetry.detection_line import ALERT_WORD
from tests.template.resolve import resolved
from tests.template.test_every_variant import of_type, statements
from tests.template.variants import VARIANTS

LOGS = "arn:aws:logs:us-east-1:111122223333:log-group"


def test_it_reads_the_logs_of_the_functions_that_match_rules() -> None:
    """The pattern is the word of the detection lines, and CloudWatch Logs may call it for both groups."""
    stack = resolved()
    filters = [
        (one["LogGroupName"], one["FilterPattern"])
        for one in of_type("AWS::Logs::SubscriptionFilter", stack).values()
        if one["DestinationArn"] == "{NotifyFunction.Arn}"
    ]
    assert filters == [("{ForwardLogGroup}", ALERT_WORD), ("{RedriveLogGroup}", ALERT_WORD)]
    permissions = [
        (one["Principal"], one["SourceArn"])
        for one in of_type("AWS::Lambda::Permission", stack).values()
        if one["FunctionName"] == "{NotifyFunction}"
    ]
    assert permissions == [
        ("logs.amazonaws.com", f"{LOGS}:{{{name}}}:*") for name in ("ForwardLogGroup", "RedriveLogGroup")
    ]


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_log_group_feeds_the_function_that_writes_it(variant: str) -> None:
    """Such a filter would call the function for its own lines, for ever."""
    stack = resolved(**VARIANTS[variant])
    functions = of_type("AWS::Lambda::Function", stack)
    for one in of_type("AWS::Logs::SubscriptionFilter", stack).values():
        function = functions[one["DestinationArn"].removesuffix(".Arn}").strip("{")]
        assert function["LoggingConfig"]["LogGroup"] != one["LogGroupName"]


def test_the_word_is_one_plain_term_of_a_filter_pattern() -> None:
    """Letters alone need no quotes (CloudWatch Logs user guide, "Filter pattern syntax")."""
    assert ALERT_WORD.isascii()
    assert ALERT_WORD.isalpha()


def test_it_mails_puts_events_and_writes_its_log_and_no_more() -> None:
    """On the alarm topic and the default bus; the key of the topic lets it in through SNS alone."""
    stack = resolved()
    role = of_type("AWS::IAM::Role", stack)["NotifyRole"]
    assert {one["Sid"]: (one["Action"], one["Resource"]) for one in statements(role["Policies"])} == {
        "WriteItsOwnLog": (["logs:CreateLogStream", "logs:PutLogEvents"], "{NotifyLogGroup.Arn}"),
        "MailDetections": ("sns:Publish", "arn:aws:sns:us-east-1:111122223333:eks-logs-alarms"),
        "PutDetectionEvents": (
            "events:PutEvents",
            "arn:aws:events:us-east-1:111122223333:event-bus/default",
        ),
    }
    (topic,) = of_type("AWS::SNS::Topic", stack).values()
    assert topic["TopicName"] == "eks-logs-alarms"
    (key,) = of_type("AWS::KMS::Key", stack).values()
    (grant,) = (one for one in statements(key) if one["Principal"] == {"AWS": "{NotifyRole.Arn}"})
    assert grant["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert grant["Condition"] == {"StringEquals": {"kms:ViaService": "sns.us-east-1.amazonaws.com"}}


def test_the_template_sets_what_it_reads() -> None:
    """The topic."""
    function = of_type("AWS::Lambda::Function", resolved())["NotifyFunction"]
    variables = function["Environment"]["Variables"]
    assert NotifyingSettings.from_environ(variables) == NotifyingSettings(alarm_topic_arn="{AlarmTopic}")


def test_without_detections_there_is_nothing_of_it() -> None:
    """Neither function nor role, and the key names no role."""
    stack = resolved(**VARIANTS["no detections"])
    assert not [name for name in stack["Resources"] if name.startswith("Notify")]
    assert "NotifyRole" not in repr(stack)
