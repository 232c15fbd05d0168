"""Further clusters: one permission, a template for one more, and automatic subscription."""

import json
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse  # type: ignore[import-untyped]  # SAM ships no types

from eks_log_forwarder.subscribing.settings import SubscribingSettings
from eks_log_forwarder.subscribing.silence_alarms import SilenceAlarms
from tests.template.resolve import ROOT, Json, resolved, source
from tests.template.test_every_variant import of_type, statements
from tests.template.variants import VARIANTS

AUTOMATIC = VARIANTS["automatic subscription"]


@pytest.mark.parametrize("variant", ["more clusters", "automatic subscription"])
def test_one_permission_is_enough_for_any_number_of_clusters(variant: str) -> None:
    """For log groups of clusters of this account and region; the forwarder's own are not among them."""
    permission = resolved(**VARIANTS[variant])["Resources"]["MoreClustersPermission"]["Properties"]
    assert permission == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": "{ForwardFunction}",
        "Principal": "logs.amazonaws.com",
        "SourceAccount": "111122223333",
        "SourceArn": "arn:aws:logs:us-east-1:111122223333:log-group:/aws/eks/*/cluster:*",
    }


def test_other_clusters_may_not_send_unless_asked() -> None:
    """The stack's own cluster has a permission of its own."""
    ((name, _),) = of_type("AWS::Lambda::Permission", resolved()).items()
    assert name == "ForwardFunctionControlPlaneLogsPermission"


def test_there_is_no_automatic_subscription_unless_asked() -> None:
    """Neither function nor rule."""
    stack = resolved(MoreClusters="on")
    assert not [name for name in stack["Resources"] if name.startswith("Subscribe")]
    assert of_type("AWS::Events::Rule", stack) == {}


def test_a_sweep_and_a_rule_call_the_subscribing_function() -> None:
    """The schedule is the guarantee, the rule is quicker."""
    rules = of_type("AWS::Events::Rule", resolved(**AUTOMATIC, SweepMinutes="5"))
    assert rules["SubscribeFunctionSweep"]["ScheduleExpression"] == "rate(5 minutes)"
    assert rules["SubscribeFunctionNewLogGroup"]["EventPattern"] == {
        "source": ["aws.logs"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {
            "eventSource": ["logs.amazonaws.com"],
            "eventName": ["CreateLogGroup"],
            "errorCode": [{"exists": False}],
            "requestParameters": {"logGroupName": [{"wildcard": "/aws/eks/*/cluster"}]},
        },
    }
    for rule in rules.values():
        assert [target["Arn"] for target in rule["Targets"]] == ["{SubscribeFunction.Arn}"]


def test_the_recorded_event_is_one_that_the_rule_lets_through() -> None:
    """The pattern's fields with the pattern's values."""
    event = json.loads((ROOT / "events" / "create-log-group.json").read_text(encoding="utf-8"))
    assert (event["source"], event["detail-type"]) == ("aws.logs", "AWS API Call via CloudTrail")
    detail = event["detail"]
    assert (detail["eventSource"], detail["eventName"]) == ("logs.amazonaws.com", "CreateLogGroup")
    assert "errorCode" not in detail
    assert detail["requestParameters"]["logGroupName"] == "/aws/eks/blue/cluster"


def test_the_subscribing_function_adds_filters_and_silence_alarms_and_can_take_nothing_away() -> None:
    """Filters on log groups of clusters alone, alarms of its own name alone."""
    role = of_type("AWS::IAM::Role", resolved(**AUTOMATIC))["SubscribeRole"]
    logs = "arn:aws:logs:us-east-1:111122223333:log-group"
    alarm = "arn:aws:cloudwatch:us-east-1:111122223333:alarm"
    assert {one["Sid"]: (one["Action"], one["Resource"]) for one in statements(role["Policies"])} == {
        "WriteItsOwnLog": (["logs:CreateLogStream", "logs:PutLogEvents"], "{SubscribeLogGroup.Arn}"),
        "FindLogGroups": ("logs:DescribeLogGroups", f"{logs}:*"),
        "SubscribeClusters": (
            ["logs:DescribeSubscriptionFilters", "logs:PutSubscriptionFilter"],
            [f"{logs}:/aws/eks/*/cluster", f"{logs}:/aws/eks/*/cluster:*"],
        ),
        "SeeAlarms": ("cloudwatch:DescribeAlarms", f"{alarm}:*"),
        "WatchForSilence": ("cloudwatch:PutMetricAlarm", f"{alarm}:eks-logs-silence-*"),
    }


def settings() -> SubscribingSettings:
    """What the subscribing function reads of what the template sets."""
    stack = resolved(**AUTOMATIC, AutomaticSubscriptionExcept="a,b", SilenceMinutes="20", ClusterName="own")
    function = of_type("AWS::Lambda::Function", stack)["SubscribeFunction"]
    return SubscribingSettings.from_environ(function["Environment"]["Variables"])


def test_the_template_sets_what_the_subscribing_function_reads() -> None:
    """Every one of its settings."""
    assert settings() == SubscribingSettings(
        stack="eks-logs",
        forward_function_arn="{ForwardFunction.Arn}",
        filter_pattern="",
        own_cluster="own",
        excepted_clusters=frozenset({"a", "b"}),
        silence_minutes=20,
        alarm_topic_arn="{AlarmTopic}",
    )


class Recorder:
    """CloudWatch with no alarms, which keeps those that it is given."""

    def __init__(self) -> None:
        self.alarms: list[dict[str, object]] = []

    def get_paginator(self, _operation: str, /) -> "Recorder":
        """Itself: one empty page."""
        return self

    def paginate(self, **_request: object) -> list[dict[str, Any]]:
        """No alarm."""
        return [{"MetricAlarms": []}]

    def put_metric_alarm(self, **request: object) -> None:
        """Keeps it."""
        self.alarms.append(request)


def subscription() -> Json:
    """subscription.yaml, functions in their long form."""
    template: Json = yaml_parse((ROOT / "subscription.yaml").read_text(encoding="utf-8"))
    return template


def test_every_cluster_gets_the_same_silence_alarm() -> None:
    """The stack's own by the template, one more by subscription.yaml, all others by the sweep."""
    recorder = Recorder()
    SilenceAlarms(settings(), recorder).ensure(["prod"])
    ((swept),) = recorder.alarms
    own = resolved(ClusterName="prod", SilenceMinutes="20")["Resources"]["SilenceAlarm"]["Properties"]
    names = (
        "Namespace",
        "MetricName",
        "Statistic",
        "Period",
        "ComparisonOperator",
        "Threshold",
        "TreatMissingData",
    )
    assert {name: swept[name] for name in names} == {name: own[name] for name in names}
    assert (swept["Dimensions"], swept["EvaluationPeriods"]) == (
        own["Dimensions"],
        int(own["EvaluationPeriods"]),
    )
    assert swept["AlarmActions"] == swept["OKActions"] == own["AlarmActions"] == own["OKActions"]
    of_one_more = subscription()["Resources"]["SilenceAlarm"]["Properties"]
    assert {name: of_one_more[name] for name in names} == {name: own[name] for name in names}
    assert [dimension["Name"] for dimension in of_one_more["Dimensions"]] == ["cluster", "logType", "service"]


def test_one_more_cluster_is_subscribed_by_the_names_of_the_forwarder_s_stack() -> None:
    """Its function and its topic have names that follow from the stack's; no ARN has to be copied."""
    ours = resolved()["Resources"]
    assert ours["ForwardFunction"]["Properties"]["FunctionName"] == "eks-logs-forward"
    assert ours["AlarmTopic"]["Properties"]["TopicName"] == "eks-logs-alarms"
    resources = subscription()["Resources"]
    assert {name: item["Type"] for name, item in resources.items()} == {
        "Filter": "AWS::Logs::SubscriptionFilter",
        "SilenceAlarm": "AWS::CloudWatch::Alarm",
        "DeliveryErrorsAlarm": "AWS::CloudWatch::Alarm",
        "DeliveryThrottlingAlarm": "AWS::CloudWatch::Alarm",
    }
    filter_ = resources["Filter"]["Properties"]
    assert filter_["DestinationArn"]["Fn::Sub"].endswith(":function:${ForwarderStackName}-forward")
    assert filter_["LogGroupName"] == {"Fn::Sub": "/aws/eks/${ClusterName}/cluster"}
    for item in resources.values():
        for (action,) in filter(None, [item["Properties"].get("AlarmActions")]):
            assert action["Fn::Sub"].endswith(":${ForwarderStackName}-alarms")


def test_a_stack_set_can_deploy_one_more_cluster() -> None:
    """No transform, and nothing that asks for a capability."""
    template = subscription()
    assert "Transform" not in template
    assert not [item for item in template["Resources"].values() if item["Type"].startswith("AWS::IAM::")]
    patterns = {name: item.get("AllowedPattern") for name, item in template["Parameters"].items()}
    assert patterns["ClusterName"] == source()["Parameters"]["ClusterName"]["AllowedPattern"]
