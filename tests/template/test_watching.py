"""The stack watches itself: alarms, their topic, and a dashboard whose every metric exists."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.record.record import Detection, RuleRef
from eks_log_forwarder.redrive import MAX_BACKOFF_SECONDS
from eks_log_forwarder.telemetry.publishing import NAMESPACE, metrics, publish, publish_redriven
from eks_log_forwarder.telemetry.tally import Tally
from tests.template.resolve import ROOT, Json, resolved, source
from tests.template.test_every_variant import of_type
from tests.template.variants import AUTOMATIC, VARIANTS, WITH_SECRET

type Metric = tuple[str, str, frozenset[str]]
"""Namespace, name, and the names of the dimensions."""

WATCHED = WITH_SECRET | AUTOMATIC | {"Environment": "prod"}
"""A stack with every alarm."""

LONGEST_PAUSE_SECONDS = MAX_BACKOFF_SECONDS * 1.2  # with the most jitter

# What the functions publish (design of the metrics, "Metrics, as EMF"): the dimensions of each metric.
SERVICE = frozenset({"service"})
OURS: dict[str, set[frozenset[str]]] = {
    "EventsReceived": {SERVICE, frozenset({"service", "cluster", "logType"})},
    "Detections": {frozenset({"service", "level"}), frozenset({"service", "rule"})},
    "ApiRequests": {frozenset({"service", "resource", "verb"})},
    "ApiLatency": {frozenset({"service", "verb"})},
} | {
    name: {SERVICE}
    for name in (
        "EventsDelivered",
        "EventsFiltered",
        "EventsParked",
        "EventsRejected",
        "EventsKept",
        "EventsRedriven",
        "EventsTruncated",
        "EventsTrimmed",
        "EventsUnparsed",
        "EventsRedacted",
        "AuthenticationFailures",
        "DeliveryAttempts",
        "BytesSent",
        "DeliveryLatency",
        "EventAge",
        "ParkedAge",
        "ControlMessages",
        "ApiThrottled",
    )
}
FUNCTION = frozenset({"FunctionName"})
QUEUE = frozenset({"QueueName"})
FILTER = frozenset({"LogGroupName", "DestinationType", "FilterName"})
# Lambda developer guide, "Types of metrics for Lambda functions"; SQS developer guide, "Available CloudWatch
# metrics for Amazon SQS"; CloudWatch Logs user guide, "Monitoring with CloudWatch metrics"
OF_AWS: set[Metric] = {
    *(
        ("AWS/Lambda", name, FUNCTION)
        for name in (
            "Invocations",
            "Duration",
            "Errors",
            "Throttles",
            "ConcurrentExecutions",
            "AsyncEventAge",
            "AsyncEventsDropped",
            "DestinationDeliveryFailures",
        )
    ),
    *(
        ("AWS/SQS", name, QUEUE)
        for name in (
            "ApproximateNumberOfMessagesVisible",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateAgeOfOldestMessage",
        )
    ),
    ("AWS/Logs", "DeliveryErrors", FILTER),
    ("AWS/Logs", "DeliveryThrottling", FILTER),
    ("AWS/Logs", "IncomingBytes", frozenset({"LogGroupName"})),
    ("AWS/Logs", "IncomingLogEvents", frozenset({"LogGroupName"})),
}


@pytest.fixture
def emitted(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> set[Metric]:
    """The metrics of a payload with everything in it, and of a message of the redrive."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "eks-logs")
    monkeypatch.setattr(metrics.provider, "service", "eks-logs")
    tally = Tally("prod", LogType.AUDIT, received=9, delivered=4, filtered=1, parked=3, kept=1)
    tally.delivery_attempts = tally.bytes_sent = tally.rejected = 1
    tally.parked_age_seconds = tally.slowest_request_ms = 60.0
    tally.authentication_failures = 1
    tally.detections.add([Detection(RuleRef("id", "title", "high", []), "event", "actor", "target")])
    tally.api_requests = {("pods", "list"): 1}
    tally.api_answers.throttled = 1
    tally.api_answers.latencies_ms = {"list": [12.5]}
    publish(tally)
    metrics.flush_metrics()
    publish_redriven(tally)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    return {
        (directive["Namespace"], metric["Name"], frozenset(dimensions))
        for line in lines
        for directive in line["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
        for dimensions in directive["Dimensions"]
    }


def widgets(**parameters: str) -> list[Json]:
    """The dashboard's widgets; its body is JSON."""
    (dashboard,) = of_type("AWS::CloudWatch::Dashboard", resolved(**parameters)).values()
    found: list[Json] = json.loads(dashboard["DashboardBody"])["widgets"]
    return found


def graphs() -> list[Json]:
    """The properties of the widgets that show metrics."""
    return [widget["properties"] for widget in widgets() if widget["type"] == "metric"]


def shown(graph: Json) -> Iterator[Metric]:
    """The metrics of a graph: those named, and those of a search."""
    for row in graph["metrics"]:
        match row:
            case [{"expression": expression}]:
                if found := re.search(r"SEARCH\('\{([^}]+)\} MetricName=\"(\w+)\" service=\"", expression):
                    namespace, *dimensions = found[1].split(",")
                    yield namespace, found[2], frozenset(dimensions)
            case [namespace, name, *dimensions, {"label": _}]:
                yield namespace, name, frozenset(dimensions[::2])
            case other:
                pytest.fail(f"{graph['title']}: {other}")


def alarms(**parameters: str) -> dict[str, Json]:
    """The properties of the alarms."""
    return of_type("AWS::CloudWatch::Alarm", resolved(**parameters))


def watched(alarm: Json) -> Iterator[Metric]:
    """The metrics of an alarm."""
    for metric in [
        alarm,
        *(one["MetricStat"]["Metric"] for one in alarm.get("Metrics", []) if "MetricStat" in one),
    ]:
        if "MetricName" in metric:
            names = frozenset(dimension["Name"] for dimension in metric["Dimensions"])
            yield metric["Namespace"], metric["MetricName"], names


def known() -> set[Metric]:
    """Every metric with its dimensions that can exist."""
    return OF_AWS | {(NAMESPACE, name, names) for name, sets in OURS.items() for names in sets}


def test_every_metric_of_the_dashboard_exists() -> None:
    """With exactly these dimensions."""
    on_show = {metric for graph in graphs() for metric in shown(graph)}
    assert len(on_show) > 30
    assert on_show - known() == set()


def test_every_metric_of_an_alarm_exists() -> None:
    """An alarm on a metric that nobody publishes would never go off."""
    names = {metric for alarm in alarms(**WATCHED).values() for metric in watched(alarm)}
    assert len(names) == 13
    assert names - known() == set()


def test_the_dashboard_shows_every_metric() -> None:
    """Every published metric is shown somewhere."""
    on_show = {name for graph in graphs() for namespace, name, _ in shown(graph) if namespace == NAMESPACE}
    assert on_show == OURS.keys()


def test_the_functions_publish_these_metrics_with_these_dimensions(emitted: set[Metric]) -> None:
    """Alarms and dashboard name metrics by all their dimensions; with another one they would see nothing."""
    of_alarms = {metric for alarm in alarms(**WATCHED).values() for metric in watched(alarm)}
    of_graphs = {metric for graph in graphs() for metric in shown(graph)}
    rarely = {
        "EventsTruncated",
        "EventsTrimmed",
        "EventsUnparsed",
        "EventsRedacted",
        "ControlMessages",
        "EventAge",
    }
    needed = {
        metric for metric in of_alarms | of_graphs if metric[0] == NAMESPACE and metric[1] not in rarely
    }
    assert needed - emitted == set()
    assert {names for _, _, names in emitted} <= {names for sets in OURS.values() for names in sets}


def test_the_dashboard_answers_the_questions_of_an_operator() -> None:
    """Each graph has a title, each axis a name, each line a label; nothing overlaps."""
    titles = [graph["title"] for graph in graphs()]
    assert titles[:2] == ["Events by outcome", "Latency: from event to delivery"]
    assert len(set(titles)) == len(titles) == 18
    for graph in graphs():
        assert graph["yAxis"]["left"]["label"]
        assert graph["region"] == "us-east-1"
    cells: list[tuple[int, int]] = []
    for widget in widgets():
        assert widget["x"] + widget["width"] <= 24
        cells += [
            (widget["x"] + x, widget["y"] + y)
            for x in range(widget["width"])
            for y in range(widget["height"])
        ]
    assert len(set(cells)) == len(cells)


def test_the_dashboard_shows_every_log_type() -> None:
    """Those of EKS, of Auto Mode and Capabilities together, and the one for unknown streams."""
    (flow,) = (graph for graph in graphs() if graph["title"] == "Received by log type")
    searched = [re.findall(r'logType="(\w+)"', row[0]["expression"]) for row in flow["metrics"]]
    assert sorted(log_type for found in searched for log_type in found) == sorted(LogType)


def test_gb_seconds_follow_the_memory() -> None:
    """Duration is in milliseconds, memory in MB."""
    (cost,) = (graph for graph in graphs() if graph["title"] == "Cost: GB-seconds")
    assert [row[0]["expression"] for row in cost["metrics"][:2]] == [
        "forward_ms * 512 / 1024 / 1000",
        "redrive_ms * 512 / 1024 / 1000",
    ]


def test_the_dashboard_s_name_holds_the_region() -> None:
    """Dashboards are global to an account, so stacks of one name in two regions would collide."""
    (dashboard,) = of_type("AWS::CloudWatch::Dashboard", resolved()).values()
    assert dashboard["DashboardName"] == "eks-logs-us-east-1"


@pytest.mark.parametrize(
    ("parameters", "count"),
    [
        ({"DisabledDetections": "all"}, 14),
        ({}, 15),
        (AUTOMATIC, 16),
        (WITH_SECRET | {"Environment": "staging"}, 20),
        (WATCHED, 21),
    ],
)
def test_the_dashboard_lists_every_alarm_of_the_stack(parameters: dict[str, str], count: int) -> None:
    """Those under a condition too: detections, silence, volume and subscribing."""
    (list_,) = (widget["properties"] for widget in widgets(**parameters) if widget["type"] == "alarm")
    expected = sorted(f"{{{name}.Arn}}" for name in alarms(**parameters))
    assert (sorted(list_["alarms"]), len(expected)) == (expected, count)


def _told(description: Json) -> str:
    """The text of a description; its log group, where that can be any, is /aws/eks/x."""
    text = description["Fn::Sub"]
    return text if isinstance(text, str) else text[0].replace("${LogGroup}", "/aws/eks/x")


@pytest.mark.parametrize("template", ["template.yaml", "central.yaml", "subscription.yaml"])
def test_every_alarm_describes_cause_log_group_and_runbook(template: str) -> None:
    """In this order, and the runbook exists; who gets the mail at night needs no other document."""
    described = {
        name: _told(resource["Properties"]["AlarmDescription"])
        for name, resource in source(template)["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }
    assert len(described) == {"template.yaml": 21, "central.yaml": 16, "subscription.yaml": 5}[template]
    for name, text in described.items():
        match = re.fullmatch(
            r"[A-Z].{30,}\. Log group: (/aws/\S+)\. Runbook: (docs/runbooks/[a-z-]+\.md)\.", text
        )
        assert match, name
        assert (ROOT / match[2]).exists(), name
        assert len(text) <= 1024  # PutMetricAlarm


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_alarm_notifies_the_topic(variant: str) -> None:
    """Also when the cause is gone, except for detections and volume: those are events and not states."""
    for name, alarm in alarms(**VARIANTS[variant]).items():
        events = "Detections" in name or "Volume" in name
        told = (alarm["AlarmActions"], alarm.get("OKActions"))
        assert told == (["{AlarmTopic}"], None if events else ["{AlarmTopic}"]), name


def test_parking_for_a_quarter_of_an_hour_is_an_alarm() -> None:
    """Events parked in each of three periods; the number of messages in the queue says nothing about it."""
    alarm = alarms()["ParkingAlarm"]
    assert (alarm["MetricName"], alarm["Statistic"], alarm["Threshold"]) == ("EventsParked", "Sum", 1)
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (
        300,
        3,
        "notBreaching",
    )


def test_the_age_of_parked_events_is_seen_between_two_retries() -> None:
    """ParkedAge is published once per retry; after a shorter period the alarm would mail OK in between."""
    ages = [alarm for alarm in alarms().values() if alarm.get("MetricName") == "ParkedAge"]
    assert [alarm["Threshold"] for alarm in ages] == [3600, 864000]
    for alarm in ages:
        assert alarm["Period"] >= LONGEST_PAUSE_SECONDS
        assert alarm["Period"] * alarm["EvaluationPeriods"] <= 86400  # PutMetricAlarm


def test_alarms_that_the_emulator_refuses_are_not_in_dev() -> None:
    """Bands of anomaly detection and breaching silence are for staging and prod."""
    assert not [
        name for name, alarm in alarms(**VARIANTS["automatic subscription"]).items() if "Metrics" in alarm
    ]


def test_silence_is_an_alarm() -> None:
    """No audit event in each of so many minutes; missing data raises the alarm."""
    alarm = alarms(**WITH_SECRET, Environment="staging", ClusterName="prod")["SilenceAlarm"]
    assert {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]} == {
        "cluster": "prod",
        "logType": "audit",
        "service": "eks-logs",
    }
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["Threshold"]) == (60, "30", 1)
    assert (alarm["ComparisonOperator"], alarm["TreatMissingData"]) == ("LessThanThreshold", "breaching")
    assert "SilenceAlarm" not in alarms(Environment="dev")


def test_the_topic_is_encrypted_with_a_key_that_cloudwatch_may_use() -> None:
    """With SNS's own key, alarms would be lost; only alarms and the rule of this account are accepted."""
    stack = resolved()
    (topic,) = of_type("AWS::SNS::Topic", stack).values()
    assert (topic["KmsMasterKeyId"], topic["TopicName"]) == ("{AlarmTopicKey}", "eks-logs-alarms")
    (key,) = of_type("AWS::KMS::Key", stack).values()
    assert key["EnableKeyRotation"] is True
    (cloudwatch,) = (one for one in key["KeyPolicy"]["Statement"] if "Service" in one["Principal"])
    assert cloudwatch["Principal"] == {"Service": ["cloudwatch.amazonaws.com", "events.amazonaws.com"]}
    assert set(cloudwatch["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
    (policy,) = of_type("AWS::SNS::TopicPolicy", stack).values()
    assert [one["Condition"] for one in policy["PolicyDocument"]["Statement"]] == [
        {"ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:us-east-1:111122223333:alarm:*"}},
        {"ArnEquals": {"aws:SourceArn": "{TamperingRule.Arn}"}},
    ]


@pytest.mark.parametrize(
    ("variant", "is_there"),
    [
        ("prod", lambda names: {"SilenceAlarm", "NotifyErrorsAlarm", "PodsListVolumeAlarm"} <= names),
        ("smallest", lambda names: not any(re.match(r"Silence|.*Volume", n) for n in names)),
        ("no detections", lambda names: "NotifyErrorsAlarm" not in names),
        ("automatic subscription", lambda names: "SubscribeErrorsAlarm" in names),
        ("other clusters allowed", lambda names: "SubscribeErrorsAlarm" not in names),
    ],
)
def test_alarms_come_with_what_they_watch(variant: str, is_there: Callable[[set[str]], bool]) -> None:
    """Silence and volume outside dev, detections unless they are off, subscribing if it is automatic."""
    assert is_there(set(alarms(**VARIANTS[variant])))


def test_an_address_gets_e_mail() -> None:
    """Without an address the topic has no subscription."""
    ((_, subscription),) = of_type("AWS::SNS::Subscription", resolved(**VARIANTS["e-mail"])).items()
    assert subscription == {"TopicArn": "{AlarmTopic}", "Protocol": "email", "Endpoint": "team@example.com"}
    assert of_type("AWS::SNS::Subscription", resolved()) == {}


def test_the_namespace_is_the_code_s() -> None:
    """In every graph that is not one of AWS."""
    names: set[Any] = {metric[0] for graph in graphs() for metric in shown(graph)}
    assert {name for name in names if not name.startswith("AWS/")} == {NAMESPACE}
