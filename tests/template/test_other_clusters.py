"""Other clusters: one permission, a template for one more, and automatic subscription."""

import json
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse  # type: ignore[import-untyped]  # SAM ships no types

from eks_log_forwarder.subscribing.settings import SubscribingSettings
from eks_log_forwarder.subscribing.silence_alarms import SilenceAlarms
from tests.template.resolve import ROOT, Json, resolved, source
from tests.template.test_every_variant import of_type, statements
from tests.template.variants import AUTOMATIC, VARIANTS, WITH_SECRET


@pytest.mark.parametrize("variant", ["other clusters allowed", "automatic subscription"])
def test_one_permission_is_enough_for_any_number_of_clusters(variant: str) -> None:
    """For the log groups of clusters in this account and region, and no others."""
    permission = resolved(**VARIANTS[variant])["Resources"]["MoreClustersPermission"]["Properties"]
    assert permission == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": "{ForwardFunction}",
        "Principal": "logs.amazonaws.com",
        "SourceAccount": "111122223333",
        "SourceArn": "arn:aws:logs:us-east-1:111122223333:log-group:/aws/eks/*/cluster:*",
    }


def test_other_clusters_may_not_send_by_default() -> None:
    """The permission for the stack's own cluster is the only one."""
    ((name, _),) = of_type("AWS::Lambda::Permission", resolved()).items()
    assert name == "ForwardFunctionControlPlaneLogsPermission"


def test_allowed_does_not_subscribe_by_itself() -> None:
    """There is neither function nor rule."""
    stack = resolved(OtherClusters="allowed")
    assert not [name for name in stack["Resources"] if name.startswith("Subscribe")]
    assert list(of_type("AWS::Events::Rule", stack)) == ["TamperingRule"]


def test_a_sweep_and_a_rule_call_the_subscribing_function() -> None:
    """The schedule finds every log group; the rule is faster."""
    rules = of_type("AWS::Events::Rule", resolved(**AUTOMATIC))
    assert rules["SubscribeFunctionSweep"]["ScheduleExpression"] == "rate(15 minutes)"
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
    for name in ("SubscribeFunctionSweep", "SubscribeFunctionNewLogGroup"):
        assert [target["Arn"] for target in rules[name]["Targets"]] == ["{SubscribeFunction.Arn}"]


def test_the_recorded_event_matches_the_rule() -> None:
    """It has the pattern's fields with the pattern's values."""
    event = json.loads((ROOT / "events" / "create-log-group.json").read_text(encoding="utf-8"))
    assert (event["source"], event["detail-type"]) == ("aws.logs", "AWS API Call via CloudTrail")
    detail = event["detail"]
    assert (detail["eventSource"], detail["eventName"]) == ("logs.amazonaws.com", "CreateLogGroup")
    assert "errorCode" not in detail
    assert detail["requestParameters"]["logGroupName"] == "/aws/eks/blue/cluster"


def test_the_subscribe_function_can_add_filters_and_alarms_and_remove_nothing() -> None:
    """Filters only on log groups of clusters, alarms only with the stack's prefix."""
    role = of_type("AWS::IAM::Role", resolved(**AUTOMATIC))["SubscribeRole"]
    logs = "arn:aws:logs:us-east-1:111122223333:log-group"
    alarm = "arn:aws:cloudwatch:us-east-1:111122223333:alarm"
    assert {one["Sid"]: (one["Action"], one["Resource"]) for one in statements(role["Policies"])} == {
        "WriteItsOwnLog": (["logs:CreateLogStream", "logs:PutLogEvents"], "{SubscribeLogGroup.Arn}"),
        "FindClusters": (["logs:DescribeLogGroups", "eks:ListClusters", "cloudwatch:ListMetrics"], "*"),
        "SeeWhetherAClusterLogs": ("eks:DescribeCluster", "arn:aws:eks:us-east-1:111122223333:cluster/*"),
        "SubscribeClusters": (
            ["logs:DescribeSubscriptionFilters", "logs:ListTagsForResource", "logs:PutSubscriptionFilter"],
            [f"{logs}:/aws/eks/*/cluster", f"{logs}:/aws/eks/*/cluster:*"],
        ),
        "SeeAlarms": ("cloudwatch:DescribeAlarms", f"{alarm}:*"),
        "WatchForSilence": ("cloudwatch:PutMetricAlarm", f"{alarm}:eks-logs-silence-*"),
    }


def settings() -> SubscribingSettings:
    """The settings that the subscribe function reads from what the template sets."""
    stack = resolved(**AUTOMATIC, **WITH_SECRET, Environment="staging", ClusterName="own")
    function = of_type("AWS::Lambda::Function", stack)["SubscribeFunction"]
    return SubscribingSettings.from_environ(function["Environment"]["Variables"])


def test_the_template_sets_what_the_subscribe_function_reads() -> None:
    """Every one of its settings."""
    assert settings() == SubscribingSettings(
        stack="eks-logs",
        forward_function_arn="{ForwardFunction.Arn}",
        filter_pattern="",
        own_cluster="own",
        silence_minutes=30,
        alarm_topic_arn="{AlarmTopic}",
    )


class Recorder:
    """CloudWatch without alarms; keeps those that are put."""

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
    """By the template for the stack's own, by subscription.yaml for one more, by the sweep for all others."""
    recorder = Recorder()
    SilenceAlarms(settings(), recorder).ensure(["prod"], at_once=True)
    ((swept),) = recorder.alarms
    own = resolved(**WITH_SECRET, ClusterName="prod", Environment="staging")["Resources"]["SilenceAlarm"][
        "Properties"
    ]
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
    """Its function and its topic have names that follow from the stack's name, so nobody copies an ARN."""
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
    """It uses no transform and requires no capability."""
    template = subscription()
    assert "Transform" not in template
    assert not [item for item in template["Resources"].values() if item["Type"].startswith("AWS::IAM::")]
    patterns = {name: item.get("AllowedPattern") for name, item in template["Parameters"].items()}
    assert patterns["ClusterName"] == source()["Parameters"]["ClusterName"]["AllowedPattern"]
