"""Automatic subscription: what it adds, what it leaves alone, and what it never removes."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.stub import Stubber

from eks_log_forwarder.errors import SettingsError, SubscribingError
from eks_log_forwarder.subscribing.handler import created_log_group
from eks_log_forwarder.subscribing.settings import SubscribingSettings
from eks_log_forwarder.subscribing.silence_alarms import SilenceAlarms
from eks_log_forwarder.subscribing.subscriber import Subscriber

FORWARDER = "arn:aws:lambda:us-east-1:111122223333:function:eks-logs-forward"
TOPIC = "arn:aws:sns:us-east-1:111122223333:eks-logs-alarms"
ENVIRON = {
    "POWERTOOLS_SERVICE_NAME": "eks-logs",
    "FORWARD_FUNCTION_ARN": FORWARDER,
    "OWN_CLUSTER": "own",
    "FILTER_PATTERN": "",
    "SILENCE_MINUTES": "20",
    "ALARM_TOPIC_ARN": TOPIC,
}
OURS = {"filterName": "by-hand", "destinationArn": FORWARDER}
OTHER = {"filterName": "other", "destinationArn": "arn:aws:lambda:us-east-1:111122223333:function:other"}


class Cloud:
    """CloudWatch's two APIs and EKS. They accept exactly the calls that a test expects, in order."""

    def __init__(self, **environ: str) -> None:
        credentials = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
        logs = boto3.client("logs", **credentials)  # type: ignore[call-overload]  # keywords by name
        alarms = boto3.client("cloudwatch", **credentials)  # type: ignore[call-overload]  # as above
        eks = boto3.client("eks", **credentials)  # type: ignore[call-overload]  # as above
        self.logs = Stubber(logs)
        self.eks = Stubber(eks)
        self.alarms = Stubber(alarms)
        settings = SubscribingSettings.from_environ(ENVIRON | environ)
        self.subscriber = Subscriber(settings, logs, eks, SilenceAlarms(settings, alarms))

    def has_groups(self, *pages: list[str], clusters: list[str] | None = None) -> None:
        """Expects the lists of clusters and of log groups to be read, page by page.

        Without `clusters`, the cluster of each log group exists.
        """
        if clusters is None:
            clusters = [name.split("/")[3] for names in pages for name in names]
        self.eks.add_response("list_clusters", {"clusters": clusters}, {})
        for n, names in enumerate(pages):
            page: dict[str, Any] = {"logGroups": [{"logGroupName": name} for name in names]}
            request = {"logGroupNamePrefix": "/aws/eks/"} | ({"nextToken": str(n)} if n else {})
            if n + 1 < len(pages):
                page["nextToken"] = str(n + 1)
            self.logs.add_response("describe_log_groups", page, request)

    def has_group(self, log_group: str, *, group_class: str = "STANDARD", exists: bool = True) -> None:
        """Expects one log group and its cluster to be read."""
        found = [
            {"logGroupName": log_group, "logGroupClass": group_class},
            {"logGroupName": f"{log_group}/x"},
        ]
        self.logs.add_response("describe_log_groups", {"logGroups": found}, {"logGroupNamePrefix": log_group})
        if group_class == "STANDARD":
            self.has_cluster(log_group, exists=exists)

    def has_cluster(self, log_group: str, *types: str, exists: bool = True) -> None:
        """Expects the cluster of a log group to be read; `types` are the log types that are on."""
        name = log_group.split("/")[3]
        if not exists:
            self.eks.add_client_error("describe_cluster", "ResourceNotFoundException")
            return
        logging = {
            "clusterLogging": [
                {"types": list(types), "enabled": True},
                {"types": ["scheduler"], "enabled": False},
            ]
        }
        self.eks.add_response("describe_cluster", {"cluster": {"logging": logging}}, {"name": name})

    def has_metric(self, *clusters: str) -> None:
        """Expects the clusters with a metric of audit events to be read."""
        metrics = [
            {"Dimensions": [{"Name": "cluster", "Value": name}, {"Name": "logType", "Value": "audit"}]}
            for name in clusters
        ]
        self.alarms.add_response(
            "list_metrics",
            {"Metrics": metrics},
            {
                "Namespace": "EksLogForwarder",
                "MetricName": "EventsReceived",
                "Dimensions": [
                    {"Name": "logType", "Value": "audit"},
                    {"Name": "service", "Value": "eks-logs"},
                ],
            },
        )

    def has_filters(self, log_group: str, *filters: dict[str, str]) -> None:
        """Expects the filters of a log group to be read."""
        self.logs.add_response(
            "describe_subscription_filters", {"subscriptionFilters": filters}, {"logGroupName": log_group}
        )

    def has_tags(self, log_group: str, **tags: str) -> None:
        """Expects the tags of a log group to be read."""
        arn = f"arn:aws:logs:us-east-1:111122223333:log-group:{log_group}"
        self.logs.add_response("list_tags_for_resource", {"tags": tags}, {"resourceArn": arn})

    def takes_filter(self, log_group: str, pattern: str = "") -> None:
        """Expects our filter to be put on a log group."""
        self.logs.add_response(
            "put_subscription_filter",
            {},
            {
                "logGroupName": log_group,
                "filterName": "eks-logs",
                "filterPattern": pattern,
                "destinationArn": FORWARDER,
                "emitSystemFields": ["@aws.account", "@aws.region"],
            },
        )

    def has_alarms(self, *alarms: dict[str, Any]) -> None:
        """Expects the silence alarms to be read."""
        self.alarms.add_response(
            "describe_alarms",
            {"MetricAlarms": alarms},
            {"AlarmNamePrefix": "eks-logs-silence-", "AlarmTypes": ["MetricAlarm"]},
        )

    def takes_alarm(self, cluster: str) -> None:
        """Expects the silence alarm of a cluster to be put."""
        self.alarms.add_response("put_metric_alarm", {}, silence_alarm(cluster))


def silence_alarm(cluster: str) -> dict[str, Any]:
    """The alarm of one cluster."""
    return {
        "AlarmName": f"eks-logs-silence-{cluster}",
        "AlarmDescription": (
            f"No audit event of the cluster {cluster} was received. Audit logging was turned off, the"
            " subscription filter was deleted, or the cluster was deleted."
            f" Log group: /aws/eks/{cluster}/cluster. Runbook: docs/runbooks/silence.md."
        ),
        "Namespace": "EksLogForwarder",
        "MetricName": "EventsReceived",
        "Dimensions": [
            {"Name": "cluster", "Value": cluster},
            {"Name": "logType", "Value": "audit"},
            {"Name": "service", "Value": "eks-logs"},
        ],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 20,
        "ComparisonOperator": "LessThanThreshold",
        "Threshold": 1.0,
        "TreatMissingData": "breaching",
        "AlarmActions": [TOPIC],
        "OKActions": [TOPIC],
    }


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """An account in which every expected call must be made, and no other call can."""
    cloud = Cloud()
    with cloud.logs, cloud.alarms, cloud.eks:
        yield cloud
        cloud.eks.assert_no_pending_responses()
        cloud.logs.assert_no_pending_responses()
        cloud.alarms.assert_no_pending_responses()


def test_a_new_log_group_gets_a_filter_and_a_silence_alarm(cloud: Cloud) -> None:
    """On the second page of the list, too."""
    cloud.has_groups(["/aws/eks/a/cluster"], ["/aws/eks/b/cluster"])
    cloud.has_filters("/aws/eks/a/cluster", OURS)
    cloud.has_filters("/aws/eks/b/cluster", OTHER)
    cloud.has_tags("/aws/eks/b/cluster", team="platform")
    cloud.has_cluster("/aws/eks/b/cluster", "api")
    cloud.takes_filter("/aws/eks/b/cluster")
    cloud.has_alarms(silence_alarm("a"))
    cloud.has_metric("a", "b")
    cloud.takes_alarm("b")
    account = cloud.subscriber.sweep()
    assert (account.already, account.subscribed) == (["/aws/eks/a/cluster"], ["/aws/eks/b/cluster"])
    assert (account.alarms_written, account.left_alone) == (1, [])


@pytest.mark.parametrize(
    "log_group",
    [
        "/aws/lambda/eks-logs-forward",
        "/aws/lambda/eks-logs-redrive",
        "/aws/lambda/eks-logs-subscribe",
        "/aws/eks/a/cluster/copy",
        "/aws/eks/a/b/cluster",
        "/aws/eks/cluster",
        "/aws/eks//cluster",
        "/aws/eks/a/nodes",
        "x/aws/eks/a/cluster",
        "/aws/containerinsights/a/application",
    ],
)
def test_never_subscribes_its_own_logs_or_other_log_groups(cloud: Cloud, log_group: str) -> None:
    """The forwarder's own log would feed itself. AWS is not even asked."""
    account = cloud.subscriber.take(log_group)
    assert (account.left_alone, account.subscribed) == ([log_group], [])


def test_leaves_the_stack_s_own_cluster_alone(cloud: Cloud) -> None:
    """The template subscribes it; a second filter would duplicate every event."""
    cloud.has_groups(["/aws/eks/own/cluster"])
    cloud.has_alarms()
    assert cloud.subscriber.sweep().left_alone == ["/aws/eks/own/cluster"]


@pytest.mark.parametrize("value", ["off", "Off", " off "])
def test_leaves_a_log_group_with_the_tag_alone(cloud: Cloud, value: str) -> None:
    """Even if it has two filters already, which is a failure without the tag."""
    cloud.has_groups(["/aws/eks/a/cluster", "/aws/eks/b/cluster"])
    for name, filters in (("a", ()), ("b", (OTHER, OTHER | {"filterName": "another"}))):
        cloud.has_filters(f"/aws/eks/{name}/cluster", *filters)
        cloud.has_tags(f"/aws/eks/{name}/cluster", **{"eks-log-forwarder": value})
    cloud.has_alarms()
    swept = cloud.subscriber.sweep()
    assert (swept.left_alone, swept.subscribed) == (["/aws/eks/a/cluster", "/aws/eks/b/cluster"], [])


def test_another_value_of_the_tag_exempts_nothing(cloud: Cloud) -> None:
    """Only off does."""
    cloud.has_group("/aws/eks/a/cluster")
    cloud.has_filters("/aws/eks/a/cluster")
    cloud.has_tags("/aws/eks/a/cluster", **{"eks-log-forwarder": "on"})
    cloud.takes_filter("/aws/eks/a/cluster")
    cloud.has_alarms(silence_alarm("a"))
    assert cloud.subscriber.take("/aws/eks/a/cluster").subscribed == ["/aws/eks/a/cluster"]


def test_a_refused_right_to_read_tags_is_a_failure(cloud: Cloud) -> None:
    """The log group may be exempt, so it is not subscribed."""
    cloud.has_group("/aws/eks/a/cluster")
    cloud.has_filters("/aws/eks/a/cluster")
    cloud.logs.add_client_error("list_tags_for_resource", "AccessDeniedException")
    cloud.has_alarms()
    with pytest.raises(SubscribingError, match="/aws/eks/a/cluster: AccessDeniedException"):
        cloud.subscriber.take("/aws/eks/a/cluster")


@pytest.mark.parametrize("suffix", ["", ":live"])
def test_a_filter_to_the_forwarder_is_enough_whatever_its_name(cloud: Cloud, suffix: str) -> None:
    """Also one to an alias; a second filter would duplicate every event. Its tags are not read."""
    cloud.has_group("/aws/eks/a/cluster")
    cloud.has_filters("/aws/eks/a/cluster", OTHER, OURS | {"destinationArn": FORWARDER + suffix})
    cloud.has_alarms(silence_alarm("a"))
    account = cloud.subscriber.take("/aws/eks/a/cluster")
    assert (account.already, account.alarms_written) == (["/aws/eks/a/cluster"], 0)


def test_two_filters_of_others_stay_and_other_groups_are_subscribed(cloud: Cloud) -> None:
    """The failure is raised after every group was tried."""
    cloud.has_groups(["/aws/eks/full/cluster", "/aws/eks/b/cluster"])
    cloud.has_filters("/aws/eks/full/cluster", OTHER, OTHER | {"filterName": "another"})
    cloud.has_tags("/aws/eks/full/cluster")
    cloud.has_cluster("/aws/eks/full/cluster", "audit")
    cloud.has_filters("/aws/eks/b/cluster")
    cloud.has_tags("/aws/eks/b/cluster")
    cloud.has_cluster("/aws/eks/b/cluster", "audit")
    cloud.takes_filter("/aws/eks/b/cluster")
    cloud.has_alarms()
    cloud.has_metric("b")
    cloud.takes_alarm("b")
    with pytest.raises(
        SubscribingError, match="/aws/eks/full/cluster: it has two subscription filters already"
    ) as caught:
        cloud.subscriber.sweep()
    assert list(caught.value.failed) == ["/aws/eks/full/cluster"]


def test_a_filter_of_our_name_with_another_destination_is_not_overwritten(cloud: Cloud) -> None:
    """PutSubscriptionFilter with its name would replace it."""
    cloud.has_group("/aws/eks/a/cluster")
    cloud.has_filters("/aws/eks/a/cluster", OTHER | {"filterName": "eks-logs"})
    cloud.has_tags("/aws/eks/a/cluster")
    cloud.has_alarms()
    with pytest.raises(SubscribingError, match="has another destination"):
        cloud.subscriber.take("/aws/eks/a/cluster")


def test_a_refused_right_on_one_group_does_not_stop_the_others(cloud: Cloud) -> None:
    """The error holds AWS's code, and not its text."""
    cloud.has_groups(["/aws/eks/a/cluster", "/aws/eks/b/cluster"])
    cloud.logs.add_client_error("describe_subscription_filters", "AccessDeniedException", "secret detail")
    cloud.has_filters("/aws/eks/b/cluster", OURS)
    cloud.has_alarms(silence_alarm("b"))
    with pytest.raises(SubscribingError) as caught:
        cloud.subscriber.sweep()
    assert caught.value.failed == {"/aws/eks/a/cluster": "AccessDeniedException"}
    assert "secret detail" not in str(caught.value)


def test_a_timeout_at_one_group_does_not_stop_the_others(cloud: Cloud) -> None:
    """The error holds the type of the exception."""

    def no_answer_for_a(params: dict[str, str], **_: object) -> None:
        if params["logGroupName"] == "/aws/eks/a/cluster":
            raise ReadTimeoutError(endpoint_url="https://logs.invalid")

    cloud.logs.client.meta.events.register_first(
        "provide-client-params.cloudwatch-logs.DescribeSubscriptionFilters", no_answer_for_a
    )
    cloud.has_groups(["/aws/eks/a/cluster", "/aws/eks/b/cluster"])
    cloud.has_filters("/aws/eks/b/cluster", OURS)
    cloud.has_alarms(silence_alarm("b"))
    with pytest.raises(SubscribingError) as caught:
        cloud.subscriber.sweep()
    assert caught.value.failed == {"/aws/eks/a/cluster": "ReadTimeoutError"}


def test_the_log_group_of_a_deleted_cluster_gets_neither_filter_nor_alarm(cloud: Cloud) -> None:
    """EKS never deletes it. With a filter of ours it is left alone too: its alarm would never end."""
    cloud.has_groups(["/aws/eks/dead/cluster", "/aws/eks/a/cluster"], clusters=["a"])
    cloud.has_filters("/aws/eks/a/cluster", OURS)
    cloud.has_alarms(silence_alarm("a"))
    assert cloud.subscriber.sweep().left_alone == ["/aws/eks/dead/cluster"]


def test_a_log_group_created_for_no_cluster_is_left_alone(cloud: Cloud) -> None:
    """Anybody can create one."""
    cloud.has_group("/aws/eks/a/cluster", exists=False)
    cloud.has_alarms()
    assert cloud.subscriber.take("/aws/eks/a/cluster").left_alone == ["/aws/eks/a/cluster"]


def test_a_cluster_without_logging_is_not_subscribed(cloud: Cloud) -> None:
    """The sweep asks for its log types; all are off."""
    cloud.has_groups(["/aws/eks/a/cluster"])
    cloud.has_filters("/aws/eks/a/cluster")
    cloud.has_tags("/aws/eks/a/cluster")
    cloud.has_cluster("/aws/eks/a/cluster")
    cloud.has_alarms()
    assert cloud.subscriber.sweep().left_alone == ["/aws/eks/a/cluster"]


@pytest.mark.parametrize("group_class", ["INFREQUENT_ACCESS", "DELIVERY"])
def test_a_class_of_log_groups_without_filters_is_skipped(cloud: Cloud, group_class: str) -> None:
    """AWS would refuse the filter at every sweep."""
    cloud.has_group("/aws/eks/a/cluster", group_class=group_class)
    cloud.has_alarms()
    assert cloud.subscriber.take("/aws/eks/a/cluster").left_alone == ["/aws/eks/a/cluster"]


def test_a_filter_with_an_old_pattern_is_updated() -> None:
    """One of ours by its name; a filter with another name is the user's and stays, whatever its pattern."""
    cloud = Cloud(FILTER_PATTERN="delete", SILENCE_MINUTES="0")
    with cloud.logs, cloud.alarms, cloud.eks:
        cloud.has_groups(["/aws/eks/a/cluster", "/aws/eks/b/cluster"])
        cloud.has_filters(
            "/aws/eks/a/cluster", OTHER, OURS | {"filterName": "eks-logs", "filterPattern": "create"}
        )
        cloud.has_tags("/aws/eks/a/cluster")
        cloud.has_cluster("/aws/eks/a/cluster", "audit")
        cloud.takes_filter("/aws/eks/a/cluster", "delete")
        cloud.has_filters("/aws/eks/b/cluster", OURS | {"filterPattern": "create"})
        swept = cloud.subscriber.sweep()
        cloud.logs.assert_no_pending_responses()
    assert (swept.subscribed, swept.already) == (["/aws/eks/a/cluster"], ["/aws/eks/b/cluster"])


def test_an_alarm_waits_for_the_first_audit_event(cloud: Cloud) -> None:
    """CloudWatch evaluates it at once, and without the metric it would go off."""
    cloud.has_group("/aws/eks/a/cluster")
    cloud.has_filters("/aws/eks/a/cluster", OURS)
    cloud.has_alarms()
    cloud.has_metric("another")
    assert cloud.subscriber.take("/aws/eks/a/cluster").alarms_written == 0


def test_the_order_of_dimensions_is_no_difference(cloud: Cloud) -> None:
    """CloudWatch does not promise one; the alarm is not written again."""
    cloud.has_group("/aws/eks/a/cluster")
    cloud.has_filters("/aws/eks/a/cluster", OURS)
    alarm = silence_alarm("a")
    cloud.has_alarms(alarm | {"Dimensions": alarm["Dimensions"][::-1]})
    assert cloud.subscriber.take("/aws/eks/a/cluster").alarms_written == 0


def test_an_alarm_with_other_minutes_is_written_again(cloud: Cloud) -> None:
    """So a change of the table reaches every cluster."""
    cloud.has_group("/aws/eks/a/cluster")
    cloud.has_filters("/aws/eks/a/cluster", OURS)
    cloud.has_alarms(silence_alarm("a") | {"EvaluationPeriods": 15})
    cloud.takes_alarm("a")
    assert cloud.subscriber.take("/aws/eks/a/cluster").alarms_written == 1


def test_no_silence_alarms_if_they_are_off() -> None:
    """They are not even read; and the filter has the stack's pattern."""
    cloud = Cloud(SILENCE_MINUTES="0", FILTER_PATTERN="delete")
    with cloud.logs, cloud.alarms, cloud.eks:
        cloud.has_group("/aws/eks/a/cluster")
        cloud.has_filters("/aws/eks/a/cluster")
        cloud.has_tags("/aws/eks/a/cluster")
        cloud.takes_filter("/aws/eks/a/cluster", "delete")
        assert cloud.subscriber.take("/aws/eks/a/cluster").alarms_written == 0
        cloud.logs.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("event", "log_group"),
    [
        ({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}, ""),
        ({}, ""),
        ({"detail": None}, ""),
        ({"detail": {"eventName": "DeleteLogGroup", "requestParameters": {"logGroupName": "x"}}}, ""),
        ({"detail": {"eventName": "CreateLogGroup", "requestParameters": None}}, ""),
        ({"detail": {"eventName": "CreateLogGroup", "requestParameters": {"logGroupName": "x"}}}, "x"),
    ],
)
def test_reads_the_log_group_from_the_event(event: dict[str, Any], log_group: str) -> None:
    """Only CreateLogGroup names one; everything else is a sweep."""
    assert created_log_group(event) == log_group


def test_all_invalid_settings_are_reported_together() -> None:
    """By variable."""
    with pytest.raises(SettingsError) as caught:
        SubscribingSettings.from_environ({"SILENCE_MINUTES": "soon"})
    assert [fault.split()[0] for fault in caught.value.faults] == [
        "SILENCE_MINUTES",
        "POWERTOOLS_SERVICE_NAME",
        "FORWARD_FUNCTION_ARN",
        "ALARM_TOPIC_ARN",
    ]
