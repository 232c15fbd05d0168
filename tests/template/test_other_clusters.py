"""Other clusters: one permission, a template for one more, and automatic subscription."""

import json
import re
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse  # type: ignore[import-untyped]  # SAM ships no types

from eks_log_forwarder.intake.filter_name import MIXED, read_filter_name
from eks_log_forwarder.intake.log_type import VENDED_LOG_TYPES, LogType
from eks_log_forwarder.subscribing.settings import SubscribingSettings
from eks_log_forwarder.subscribing.silence_alarms import SilenceAlarms
from tests.template.resolve import ROOT, Json, resolved, resolved_subscription, source
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
    permissions = of_type("AWS::Lambda::Permission", resolved())
    names = [name for name, one in permissions.items() if one["FunctionName"] == "{ForwardFunction}"]
    assert names == ["ForwardFunctionControlPlaneLogsPermission"]


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


FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:eks-logs-forward"
TOPIC = "arn:aws:sns:us-east-1:111122223333:eks-logs-alarms"
VENDED = {"LogGroupName": "/aws/vendedlogs/eks/x", "LogType": "autoModeIpam"}
CENTRAL = {"DestinationArn": "arn:aws:logs:us-east-1:444455556666:destination:eks-logs"}
OTHER_TOPIC = {"AlarmTopicArn": "arn:aws:sns:us-east-1:111122223333:night"}


def test_one_more_cluster_is_subscribed_by_the_names_of_the_forwarder_s_stack() -> None:
    """Its function and its topic have names that follow from the stack's name, so nobody copies an ARN."""
    ours = resolved()["Resources"]
    assert ours["ForwardFunction"]["Properties"]["FunctionName"] == "eks-logs-forward"
    assert ours["AlarmTopic"]["Properties"]["TopicName"] == "eks-logs-alarms"
    stack = resolved_subscription()
    filter_ = stack["Resources"]["Filter"]["Properties"]
    assert (filter_["LogGroupName"], filter_["FilterName"], filter_["DestinationArn"]) == (
        "/aws/eks/shop/cluster",
        "eks-logs",
        FUNCTION,
    )
    alarms = of_type("AWS::CloudWatch::Alarm", stack)
    assert list(alarms) == ["SilenceAlarm", "DeliveryErrorsAlarm", "DeliveryThrottlingAlarm"]
    assert all(one["AlarmActions"] == one["OKActions"] == [TOPIC] for one in alarms.values())
    for name in ("DeliveryErrorsAlarm", "DeliveryThrottlingAlarm"):
        assert {"Name": "FilterName", "Value": "eks-logs"} in alarms[name]["Dimensions"]
    assert of_type("AWS::Lambda::Permission", stack) == {}


def test_a_vended_log_group_has_a_permission_and_a_filter_that_says_cluster_and_type() -> None:
    """The permission is for this log group alone, and there before the filter."""
    stack = resolved_subscription(**VENDED)
    assert of_type("AWS::Lambda::Permission", stack) == {
        "Permission": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": FUNCTION,
            "Principal": "logs.amazonaws.com",
            "SourceAccount": "111122223333",
            "SourceArn": "arn:aws:logs:us-east-1:111122223333:log-group:/aws/vendedlogs/eks/x:*",
        }
    }
    filter_ = stack["Resources"]["Filter"]
    assert filter_["Metadata"] == {"After": "{Permission}"}
    assert filter_["Properties"]["LogGroupName"] == "/aws/vendedlogs/eks/x"
    assert read_filter_name(filter_["Properties"]["FilterName"]) == ("shop", LogType.AUTO_MODE_IPAM)
    alarms = of_type("AWS::CloudWatch::Alarm", stack)
    assert list(alarms) == ["DeliveryErrorsAlarm", "DeliveryThrottlingAlarm"]
    for alarm in alarms.values():
        assert alarm["Dimensions"] == [
            {"Name": "LogGroupName", "Value": "/aws/vendedlogs/eks/x"},
            {"Name": "DestinationType", "Value": "Lambda"},
            {"Name": "FilterName", "Value": filter_["Properties"]["FilterName"]},
        ]


@pytest.mark.parametrize(
    ("parameters", "log_group", "name"),
    [
        ({}, "/aws/eks/shop/cluster", "eks-logs"),
        (VENDED, "/aws/vendedlogs/eks/x", "eks-logs/shop/autoModeIpam"),
    ],
)
def test_a_destination_takes_the_lines_to_another_account(
    parameters: dict[str, str], log_group: str, name: str
) -> None:
    """Without a permission of Lambda; its metrics and its topic are there, so alarms need a topic here."""
    assert of_type("AWS::CloudWatch::Alarm", resolved_subscription(**parameters, **CENTRAL)) == {}
    stack = resolved_subscription(**parameters, **CENTRAL, **OTHER_TOPIC)
    assert of_type("AWS::Lambda::Permission", stack) == {}
    filter_ = stack["Resources"]["Filter"]["Properties"]
    assert (filter_["DestinationArn"], filter_["LogGroupName"], filter_["FilterName"]) == (
        CENTRAL["DestinationArn"],
        log_group,
        name,
    )
    alarms = of_type("AWS::CloudWatch::Alarm", stack)
    assert list(alarms) == ["CentralDeliveryErrorsAlarm", "CentralDeliveryThrottlingAlarm"]
    for alarm, metric in zip(alarms.values(), ("DeliveryErrors", "DeliveryThrottling"), strict=True):
        (query,) = alarm["Metrics"]
        selected, _, condition = query["Expression"].partition(" WHERE ")
        schema = 'FROM SCHEMA("AWS/Logs", DestinationType, FilterName, LogGroupName)'
        assert selected == f"SELECT SUM({metric}) {schema}"
        assert condition == f"LogGroupName = '{log_group}' AND FilterName = '{name}'"
        assert alarm["AlarmActions"] == alarm["OKActions"] == [OTHER_TOPIC["AlarmTopicArn"]]


@pytest.mark.parametrize(
    ("arn", "is_allowed"),
    [
        ("", True),
        (CENTRAL["DestinationArn"], True),
        ("arn:aws-cn:kinesis:cn-north-1:111122223333:stream/eks-logs", True),
        ("arn:aws:lambda:us-east-1:111122223333:function:eks-logs-forward", False),
        ("arn:aws:logs:us-east-1:111122223333:log-group:/a", False),
    ],
)
def test_a_destination_or_a_stream_takes_the_lines(arn: str, is_allowed: bool) -> None:  # noqa: FBT001  # a row
    """A destination that allows an organization, and a stream, need a role; others have none."""
    pattern = source("subscription.yaml")["Parameters"]["DestinationArn"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, arn)) is is_allowed
    role = "arn:aws:iam::111122223333:role/eks/logs"
    without = resolved_subscription(DestinationArn=arn)["Resources"]["Filter"]["Properties"]
    given = resolved_subscription(DestinationArn=arn, FilterRoleName="eks/logs")["Resources"]["Filter"][
        "Properties"
    ]
    assert (without.get("RoleArn"), given["RoleArn"]) == (None, role)


@pytest.mark.parametrize("parameters", [{}, VENDED, CENTRAL])
def test_a_topic_of_your_own_is_told_of_every_alarm(parameters: dict[str, str]) -> None:
    """In place of the forwarder's."""
    alarms = of_type("AWS::CloudWatch::Alarm", resolved_subscription(**parameters, **OTHER_TOPIC))
    told = [topic for alarm in alarms.values() for topic in (*alarm["AlarmActions"], *alarm["OKActions"])]
    assert set(told) == {OTHER_TOPIC["AlarmTopicArn"]}


def test_a_log_type_without_a_log_group_is_refused() -> None:
    """It would subscribe the control-plane logs."""
    refused = resolved_subscription(LogType="autoModeIpam")["Rules"]
    accepted = [resolved_subscription(**parameters)["Rules"] for parameters in ({}, VENDED)]
    assert (refused, accepted) == ({"LogTypeNeedsLogGroup": False}, [{"LogTypeNeedsLogGroup": True}] * 2)


def test_subscription_yaml_knows_every_vended_log_type() -> None:
    """And `mixed`, which leaves it to the names of streams."""
    allowed = source("subscription.yaml")["Parameters"]["LogType"]["AllowedValues"]
    assert allowed == [MIXED, *sorted(set(VENDED_LOG_TYPES.values()))]


@pytest.mark.parametrize(
    ("name", "is_allowed"),
    [
        *(("", True), ("/aws/vendedlogs/eks/AUTO_MODE_IPAM_LOGS/shop", True), ("a.b-c_d/e#f", True)),
        *(("/aws/lambda/eks-logs-forward", False), ("a:b", False), ("a*", False), ("a" * 513, False)),
    ],
)
def test_no_log_group_of_a_function_is_subscribed(name: str, is_allowed: bool) -> None:  # noqa: FBT001  # a row
    """The forwarder's own would feed itself."""
    pattern = source("subscription.yaml")["Parameters"]["LogGroupName"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, name)) is is_allowed


def test_a_stack_set_can_deploy_one_more_cluster() -> None:
    """It uses no transform and requires no capability."""
    template = subscription()
    assert "Transform" not in template
    assert not [item for item in template["Resources"].values() if item["Type"].startswith("AWS::IAM::")]
    patterns = {name: item.get("AllowedPattern") for name, item in template["Parameters"].items()}
    assert patterns["ClusterName"] == source()["Parameters"]["ClusterName"]["AllowedPattern"]
