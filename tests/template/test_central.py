"""central.yaml: what it shares with template.yaml is the same, and what it adds is as documented.

A copy, and not a nested template: docs/decisions/0015-central-template.md.
"""

import json
import re
from typing import Any

import pytest

from eks_log_forwarder import stream_handler
from eks_log_forwarder.telemetry.publishing import NAMESPACE
from tests.template.resolve import ROOT, Json, resolved, resolved_central, source
from tests.template.test_every_variant import of_type, statements
from tests.template.test_watching import known, shown, watched
from tests.template.variants import ACCOUNTS, CENTRAL_VARIANTS, KEY, ORGANIZATION, WITH_SECRET

# The same thing has another name in the other template.
RENAMED = (
    ("-forward", "-stream"),
    ("Forward", "Stream"),
    ("forward function", "stream function"),
    ("forward and redrive functions", "stream and redrive functions"),
    ("EksLogStreamer", "EksLogForwarder"),
    ("of the EKS cluster ${ClusterName}", "from the stream ${AWS::StackName}"),
    ("Log group: /aws/eks/${ClusterName}/cluster", "Log group: /aws/lambda/${AWS::StackName}-stream"),
)

# What differs for a reason, by resource: the paths of the values.
DIFFERENT: dict[str, dict[str, str]] = {
    "StreamFunction": {
        "Properties.Description": "it has no cluster",
        "Properties.Events": "records instead of invocations by CloudWatch Logs",
        "Properties.EventInvokeConfig": "nothing invokes it asynchronously",
        "Properties.Handler": "its own",
    },
    "StreamRole": {"Properties.Policies": "reads the stream, and buries records"},
    "TamperingRule": {
        "Properties.Description": "the destination and the stream instead of log groups",
        "Properties.EventPattern": "as above",
        "Properties.Targets": "as above",
    },
    "DeadLettersAlarm": {"Properties.AlarmDescription": "two more reasons"},
    "StreamErrorsAlarm": {
        "Properties.AlarmDescription": "Lambda keeps records in the stream, not in a queue"
    },
    "DestinationDeliveryFailuresAlarm": {"Properties.AlarmDescription": "as above"},
    "Dashboard": {"Properties.DashboardBody": "compared widget by widget"},
}

# Resources of template.yaml that a central stack has no use for.
NOT_SHARED = {
    "MoreClustersPermission": "nobody but Lambda's poller invokes the function",
    "SubscribeFunction": "accounts subscribe themselves with subscription.yaml",
    "SubscribeLogGroup": "as above",
    "SubscribeRole": "as above",
    "SubscribeErrorsAlarm": "as above",
    "AsyncEventAgeAlarm": "nothing is invoked asynchronously; IteratorAgeAlarm",
    "DeliveryErrorsAlarm": "a metric of the account that sends",
    "DeliveryThrottlingAlarm": "as above",
    "SilenceAlarm": "of one cluster; StreamSilenceAlarm",
    "PodsListVolumeAlarm": "the sum over many accounts says nothing about one of them",
    "PodsDeleteVolumeAlarm": "as above",
    "SecretsListVolumeAlarm": "as above",
    "SecretsGetVolumeAlarm": "as above",
}
ADDED = {
    "Stream",
    "LogDestination",
    "PutRecordsRole",
    "IteratorAgeAlarm",
    "ExpiringRecordsAlarm",
    "StreamThrottlingAlarm",
    "StreamSilenceAlarm",
}
ADDED_ROWS = {"StreamRetentionHours", "MaximumRecordAgeSeconds", "ExpiringAfterMilliseconds"}
DIFFERENT_WIDGETS = {
    "Events by outcome",  # no log group of a cluster
    "Audit events received by account and cluster",
    "Lambda errors",  # nothing is dropped after retries
    "Cost: bytes",  # those of the stream
    "The stream",
}

CENTRAL = source("central.yaml")
FORWARDER = source()


def renamed(node: Any) -> Any:  # noqa: ANN401  # a node of JSON
    """A part of template.yaml with the names of central.yaml."""
    text = json.dumps(node)
    for ours, theirs in RENAMED:
        text = text.replace(ours, theirs)
    return json.loads(text)


def without(resource: Json, paths: dict[str, str]) -> Json:
    """A copy of a resource without these values."""
    copied: Json = json.loads(json.dumps(resource))
    for path in paths:
        *parents, last = path.split(".")
        node = copied
        for parent in parents:
            node = node[parent]
        node.pop(last, None)
    return copied


def test_every_resource_is_shared_or_has_a_reason() -> None:
    """A resource that is added to one template is added to the other, or named above."""
    ours = {renamed(name) for name in FORWARDER["Resources"].keys() - NOT_SHARED.keys()}
    assert NOT_SHARED.keys() <= FORWARDER["Resources"].keys()
    assert ours == CENTRAL["Resources"].keys() - ADDED
    assert DIFFERENT.keys() <= ours


@pytest.mark.parametrize("name", sorted(FORWARDER["Resources"].keys() - NOT_SHARED.keys()))
def test_a_shared_resource_is_the_same(name: str) -> None:
    """But for the values named above, which do differ."""
    theirs = str(renamed(name))
    paths = DIFFERENT.get(theirs, {})
    expected, found = renamed(FORWARDER["Resources"][name]), CENTRAL["Resources"][theirs]
    assert without(found, paths) == without(expected, paths)
    for path in paths:
        assert without(found, paths.keys() - {path}) != without(expected, paths.keys() - {path}), path  # type: ignore[arg-type]  # keys are enough


def test_parameters_conditions_rules_and_globals_are_the_same() -> None:
    """But for who may send, in the place of what is forwarded."""
    ours, theirs = FORWARDER["Parameters"], CENTRAL["Parameters"]
    assert ours.keys() - theirs.keys() == {"ClusterName", "OtherClusters", "FilterPattern"}
    assert theirs.keys() - ours.keys() == {"OrganizationId", "SourceAccounts"}
    assert len(theirs) <= 20
    for name in ours.keys() & theirs.keys() - {"Environment"}:
        assert theirs[name] == ours[name], name
    conditions = CENTRAL["Conditions"].items()
    assert {name: condition for name, condition in conditions if name in FORWARDER["Conditions"]} == {
        name: condition
        for name, condition in FORWARDER["Conditions"].items()
        if name not in {"HasSilenceAlarm", "HasAutomaticSubscription", "HasOtherClusters"}
    }
    assert CENTRAL["Rules"] == FORWARDER["Rules"]
    assert CENTRAL["Globals"] == FORWARDER["Globals"]


def test_the_table_of_environments_has_the_same_values() -> None:
    """And three rows about the stream."""
    for environment, rows in CENTRAL["Mappings"]["Environment"].items():
        assert rows.keys() - FORWARDER["Mappings"]["Environment"][environment].keys() == ADDED_ROWS
        assert {name: rows[name] for name in rows.keys() - ADDED_ROWS} == FORWARDER["Mappings"][
            "Environment"
        ][environment]


def widgets(stack: Json) -> dict[str, Json]:
    """The dashboard's widgets by title; the text has none."""
    (dashboard,) = of_type("AWS::CloudWatch::Dashboard", stack).values()
    found = json.loads(dashboard["DashboardBody"])["widgets"]
    return {widget["properties"].get("title", ""): widget for widget in found if widget["type"] == "metric"}


def test_the_widgets_of_the_dashboard_are_the_same() -> None:
    """But for five, which show the stream or an account."""
    ours, theirs = widgets(resolved()), widgets(resolved_central())
    different = {title for title in theirs if renamed_widget(ours.get(title)) != theirs[title]}
    assert different == DIFFERENT_WIDGETS
    assert len(theirs) == len(ours) == 18
    places = [{key: widget[key] for key in ("x", "y", "width", "height")} for widget in theirs.values()]
    assert places == [{key: widget[key] for key in ("x", "y", "width", "height")} for widget in ours.values()]


def renamed_widget(widget: Json | None) -> Any:  # noqa: ANN401  # a node of JSON
    """A widget of the other dashboard with the names of this one."""
    text = json.dumps(renamed(widget)).replace(
        "{EksLogForwarder,cluster,logType,service}", "{EksLogForwarder,account,cluster,logType,service}"
    )
    for name in ("forward failed", "forward throttled", "forward, ms", "forward_ms", '"forward"'):
        text = text.replace(name, name.replace("forward", "stream"))
    return json.loads(text)


def test_the_dashboard_lists_every_alarm() -> None:
    """In dev there is no silence alarm; without detections nothing to notify about."""
    for parameters, count in (({"DisabledDetections": "all"}, 14), ({}, 15), (WITH_PROD, 16)):
        stack = resolved_central(**parameters)
        (dashboard,) = of_type("AWS::CloudWatch::Dashboard", stack).values()
        (listed,) = (
            widget["properties"]["alarms"]
            for widget in json.loads(dashboard["DashboardBody"])["widgets"]
            if widget["type"] == "alarm"
        )
        assert sorted(listed) == sorted(
            f"{{{name}.Arn}}" for name in of_type("AWS::CloudWatch::Alarm", stack)
        )
        assert len(listed) == count


WITH_PROD = WITH_SECRET | {"Environment": "prod"}


@pytest.mark.parametrize(
    ("parameters", "who"),
    [
        ({}, []),
        (ORGANIZATION, ["TheOrganizationSubscribes"]),
        (ACCOUNTS, ["TheAccountsSubscribe"]),
        (ORGANIZATION | ACCOUNTS, ["TheOrganizationSubscribes", "TheAccountsSubscribe"]),
    ],
)
def test_the_destination_exists_where_somebody_may_use_it(parameters: dict[str, str], who: list[str]) -> None:
    """Its policy names an organization by condition, or accounts as principals, and one action."""
    stack = resolved_central(**parameters)
    destinations = of_type("AWS::Logs::Destination", stack)
    assert ("DestinationArn" in stack["Outputs"]) == bool(who) == bool(destinations)
    for destination in destinations.values():
        allowed = json.loads(destination["DestinationPolicy"])["Statement"]
        assert [one["Sid"] for one in allowed] == who
        for one in allowed:
            assert (one["Effect"], one["Action"]) == ("Allow", "logs:PutSubscriptionFilter")
            assert one["Resource"] == "arn:aws:logs:us-east-1:111122223333:destination:eks-logs"
            if one["Sid"] == "TheOrganizationSubscribes":
                assert one["Principal"] == "*"
                assert one["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
            else:
                assert one["Principal"] == {"AWS": ["444455556666", "777788889999"]}


@pytest.mark.parametrize(
    ("parameters", "sources"),
    [
        ({}, ["arn:aws:logs:*:111122223333:*"]),
        (
            ACCOUNTS,
            [
                "arn:aws:logs:*:111122223333:*",
                "arn:*:logs:*:444455556666:*",
                "arn:*:logs:*:777788889999:*",
            ],
        ),
        (ORGANIZATION, ["arn:aws:logs:*:*:*"]),
    ],
)
def test_only_cloudwatch_logs_puts_records_and_only_for_known_accounts(
    parameters: dict[str, str], sources: list[str]
) -> None:
    """An organization's accounts are not known here; the destination's policy is the bound then."""
    role = of_type("AWS::IAM::Role", resolved_central(**parameters))["PutRecordsRole"]
    (trust,) = statements(role["AssumeRolePolicyDocument"])
    assert trust["Principal"] == {"Service": "logs.amazonaws.com"}
    assert trust["Condition"] == {"StringLike": {"aws:SourceArn": sources}}
    (granted,) = statements(role["Policies"])
    assert (granted["Action"], granted["Resource"]) == ("kinesis:PutRecord", "{Stream.Arn}")


def test_the_event_source_keeps_what_fails_and_goes_on() -> None:
    """Partial responses, bisecting, a bound in time, and a letter about what was skipped."""
    (mapping,) = (
        one
        for one in of_type("AWS::Lambda::EventSourceMapping", resolved_central(**WITH_PROD)).values()
        if "StartingPosition" in one
    )
    assert mapping == {
        "BatchSize": 100,
        "BisectBatchOnFunctionError": True,
        "DestinationConfig": {"OnFailure": {"Destination": "{DeadLetterQueue.Arn}"}},
        "EventSourceArn": "{Stream.Arn}",
        "FunctionName": "{StreamFunction}",
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "MaximumBatchingWindowInSeconds": 1,
        "MaximumRecordAgeInSeconds": 518400,
        "MaximumRetryAttempts": -1,
        "ParallelizationFactor": 4,
        "StartingPosition": "TRIM_HORIZON",
    }


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_the_stream_outlives_what_lambda_skips_and_an_alarm_comes_first(environment: str) -> None:
    """A skipped record can still be read from the stream, for half a day at least."""
    row = CENTRAL["Mappings"]["Environment"][environment]
    kept, skipped = row["StreamRetentionHours"] * 3600, row["MaximumRecordAgeSeconds"]
    assert kept - skipped >= 12 * 3600
    assert skipped <= 604_800  # CreateEventSourceMapping
    assert row["ExpiringAfterMilliseconds"] == skipped * 1000 // 2


def test_the_stream_is_encrypted_and_the_key_is_used_by_three() -> None:
    """CloudWatch Logs encrypts, Lambda decrypts, each through Kinesis; the rest is as in template.yaml."""
    assert of_type("AWS::Kinesis::Stream", resolved_central())["Stream"] == {
        "Name": "eks-logs",
        "StreamModeDetails": {"StreamMode": "ON_DEMAND"},
        "RetentionPeriodHours": 24,
        "StreamEncryption": {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"},
    }
    stack = resolved_central(KmsKeyArn=KEY)
    assert of_type("AWS::Kinesis::Stream", stack)["Stream"]["StreamEncryption"]["KeyId"] == KEY
    roles = of_type("AWS::IAM::Role", stack)
    through_kinesis = {
        (name, one["Action"])
        for name, role in roles.items()
        for one in statements(role["Policies"])
        if one.get("Condition") == {"StringEquals": {"kms:ViaService": "kinesis.us-east-1.amazonaws.com"}}
    }
    assert through_kinesis == {("PutRecordsRole", "kms:GenerateDataKey"), ("StreamRole", "kms:Decrypt")}


def test_the_handler_is_the_stream_s() -> None:
    """Without the log groups of clusters."""
    function = of_type("AWS::Lambda::Function", resolved_central())["StreamFunction"]
    assert function["Handler"] == f"{stream_handler.__name__}.handler"
    assert function["Timeout"] == 60


def test_the_notify_function_reads_the_log_of_the_stream_function() -> None:
    """As it reads the forward function's in the other template; never its own."""
    filters = of_type("AWS::Logs::SubscriptionFilter", resolved_central()).values()
    assert sorted(one["LogGroupName"] for one in filters) == ["{RedriveLogGroup}", "{StreamLogGroup}"]


@pytest.mark.parametrize("variant", CENTRAL_VARIANTS)
def test_every_alarm_notifies_the_topic_and_watches_a_metric(variant: str) -> None:
    """Also when the cause is gone."""
    for name, alarm in of_type(
        "AWS::CloudWatch::Alarm", resolved_central(**CENTRAL_VARIANTS[variant])
    ).items():
        assert (alarm["AlarmActions"], alarm["OKActions"]) == (["{AlarmTopic}"], ["{AlarmTopic}"]), name


def test_every_metric_of_the_dashboard_and_of_an_alarm_exists() -> None:
    """With these dimensions: those of AWS, or those that the stream function publishes."""
    stack = resolved_central(**WITH_PROD)
    of_graphs = {metric for widget in widgets(stack).values() for metric in shown(widget["properties"])}
    of_alarms = {
        metric for alarm in of_type("AWS::CloudWatch::Alarm", stack).values() for metric in watched(alarm)
    }
    assert (len(of_graphs), len(of_alarms)) == (36, 11)
    assert (of_graphs | of_alarms) - (known() - {BY_CLUSTER} | OF_THE_STREAM) == set()
    assert OF_THE_STREAM - of_graphs == set()


BY_CLUSTER = (NAMESPACE, "EventsReceived", frozenset({"service", "cluster", "logType"}))
# Kinesis Data Streams developer guide, "Monitoring with CloudWatch"; Lambda developer guide, as above
OF_THE_STREAM = {
    (NAMESPACE, "EventsReceived", frozenset({"service", "account", "cluster", "logType"})),
    ("AWS/Lambda", "IteratorAge", frozenset({"FunctionName"})),
    ("AWS/Kinesis", "IncomingRecords", frozenset({"StreamName"})),
    ("AWS/Kinesis", "IncomingBytes", frozenset({"StreamName"})),
    ("AWS/Kinesis", "WriteProvisionedThroughputExceeded", frozenset({"StreamName"})),
}


def test_the_template_has_a_size_to_be_read() -> None:
    """It stays below that of template.yaml."""
    sizes = [
        len((ROOT / name).read_text(encoding="utf-8").splitlines())
        for name in ("central.yaml", "template.yaml")
    ]
    assert sizes[0] < sizes[1] <= 1700


def test_the_tampering_rule_knows_the_stream_by_both_of_its_names() -> None:
    """Calls name a stream or its ARN."""
    rule = of_type("AWS::Events::Rule", resolved_central())["TamperingRule"]
    named = re.findall(r"'(streamName|streamARN|destinationName|queueUrl)': \[([^]]+)\]", repr(rule))
    assert named == [
        ("destinationName", "'eks-logs'"),
        ("streamName", "'{Stream}'"),
        ("streamARN", "'{Stream.Arn}'"),
        ("queueUrl", "'{UndeliveredQueue}', '{DeadLetterQueue}'"),
    ]


def test_the_destination_waits_until_its_role_is_known() -> None:
    """CloudWatch Logs puts a record as soon as it is made; a refusal would roll a first deployment back."""
    assert CENTRAL["Resources"]["LogDestination"]["DependsOn"] == "StreamFunction"
    assert "LogDestination" not in json.dumps(CENTRAL["Resources"]["StreamFunction"])  # no circle
