"""The stack watches itself: alarms, their topic, and the dashboard, whose every metric is there."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.record.record import Detection, RuleRef
from eks_log_forwarder.telemetry.publishing import NAMESPACE, metrics, publish, publish_redriven
from eks_log_forwarder.telemetry.tally import Tally
from tests.template.resolve import Json, resolved
from tests.template.test_every_variant import of_type
from tests.template.variants import VARIANTS

type Metric = tuple[str, str, frozenset[str]]
"""Namespace, name, and the names of the dimensions."""

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
}


@pytest.fixture
def emitted(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> set[Metric]:
    """What the code emits for a payload that had everything in it, and for a message of the redrive."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "eks-logs")
    monkeypatch.setattr(metrics.provider, "service", "eks-logs")
    tally = Tally("prod", LogType.AUDIT, received=9, delivered=5, filtered=1, parked=3, delivery_attempts=1)
    tally.parked_age_seconds = 60.0
    tally.detections.add([Detection(RuleRef("id", "title", "high", []), "event", "actor", "target")])
    tally.api_requests = {("pods", "list"): 1}
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
    """The metrics of a graph: those named, and what a search asks for."""
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


def test_every_metric_of_the_dashboard_exists(emitted: set[Metric]) -> None:
    """The forwarder's as the code emits them, under just these dimensions; those of AWS as documented."""
    on_show = {metric for graph in graphs() for metric in shown(graph)}
    assert len(on_show) > 30
    assert on_show - emitted - OF_AWS == set()


def test_every_metric_of_an_alarm_exists(emitted: set[Metric]) -> None:
    """An alarm on a metric that nobody emits would never go off."""
    names = {metric for alarm in alarms(AutomaticSubscription="on").values() for metric in watched(alarm)}
    assert len(names) == 14
    assert names - emitted - OF_AWS == set()


def test_the_dashboard_shows_every_metric_of_a_service(emitted: set[Metric]) -> None:
    """Nothing is counted that nobody sees."""
    on_show = {(namespace, name) for graph in graphs() for namespace, name, _ in shown(graph)}
    assert {(namespace, name) for namespace, name, _ in emitted} - on_show == set()


def test_the_dashboard_answers_the_questions_of_an_operator() -> None:
    """Each graph has a title, each axis a name, each line a label; nothing overlaps."""
    titles = [graph["title"] for graph in graphs()]
    assert titles[:2] == ["Events by outcome", "Latency: from event to delivery"]
    assert len(set(titles)) == len(titles) == 17
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
    """Those of EKS, and the streams of no known name."""
    (flow,) = (graph for graph in graphs() if graph["title"] == "Received by log type")
    assert {row[3] for row in flow["metrics"]} == set(LogType)


def test_gb_seconds_follow_the_memory() -> None:
    """Duration is in milliseconds, memory in MB."""
    (cost,) = (
        properties
        for widget in widgets(MemorySize="2048")
        if (properties := widget["properties"]).get("title") == "Cost: GB-seconds"
    )
    assert [row[0]["expression"] for row in cost["metrics"][:2]] == [
        "forward_ms * 2048 / 1024 / 1000",
        "redrive_ms * 2048 / 1024 / 1000",
    ]


def test_the_dashboard_lists_the_alarms_of_every_stack() -> None:
    """All that stand under no condition."""
    (list_,) = (widget["properties"] for widget in widgets() if widget["type"] == "alarm")
    bare = alarms(**VARIANTS["few alarms"])
    assert set(list_["alarms"]) == {f"{{{name}.Arn}}" for name in bare}
    assert len(bare) == 16


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_alarm_tells_the_topic_and_says_what_is_the_matter(variant: str) -> None:
    """In a sentence that an operator can act on."""
    for name, alarm in alarms(**VARIANTS[variant]).items():
        assert alarm["AlarmActions"] == ["{AlarmTopic}"], name
        assert re.fullmatch(r"[A-Z].{30,}[.?]", alarm["AlarmDescription"]), name


@pytest.mark.parametrize(
    ("parameter", "value", "names", "threshold"),
    [
        ("AlarmUndeliveredMessages", "7", {"UndeliveredMessagesAlarm"}, "7"),
        ("AlarmUndeliveredSeconds", "77", {"UndeliveredTooLongAlarm", "RedriveFailingTooLongAlarm"}, "77"),
        ("AlarmDeadLetters", "7", {"DeadLettersAlarm"}, "7"),
        ("AlarmErrors", "7", {"ForwardErrorsAlarm", "RedriveErrorsAlarm"}, "7"),
        ("AlarmThrottles", "7", {"ForwardThrottlesAlarm", "RedriveThrottlesAlarm"}, "7"),
        ("AlarmDeliveryErrors", "7", {"DeliveryErrorsAlarm", "DeliveryThrottlingAlarm"}, "7"),
        ("AlarmAsyncEventAgeSeconds", "7", {"AsyncEventAgeAlarm"}, "7000"),
        ("AlarmAuthenticationFailures", "7", {"AuthenticationFailuresAlarm"}, "7"),
    ],
)
def test_a_threshold_is_a_parameter(parameter: str, value: str, names: set[str], threshold: str) -> None:
    """Of these alarms and of no other."""
    before, after = alarms(), alarms(**{parameter: value})
    changed = {name: after[name]["Threshold"] for name in after if after[name] != before[name]}
    assert changed == dict.fromkeys(names, threshold)


def test_silence_is_an_alarm() -> None:
    """No audit event for so many minutes in a row; that there is no data is the alarm itself."""
    alarm = alarms(SilenceMinutes="30", ClusterName="prod")["SilenceAlarm"]
    assert {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]} == {
        "cluster": "prod",
        "logType": "audit",
        "service": "eks-logs",
    }
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["Threshold"]) == (60, "30", 1)
    assert (alarm["ComparisonOperator"], alarm["TreatMissingData"]) == ("LessThanThreshold", "breaching")
    assert "SilenceAlarm" not in alarms(SilenceMinutes="0")


def test_the_topic_is_encrypted_with_a_key_that_cloudwatch_may_use() -> None:
    """With the key that AWS manages for SNS, alarms would go nowhere; and only our account's come in."""
    stack = resolved()
    (topic,) = of_type("AWS::SNS::Topic", stack).values()
    assert (topic["KmsMasterKeyId"], topic["TopicName"]) == ("{AlarmTopicKey}", "eks-logs-alarms")
    (key,) = of_type("AWS::KMS::Key", stack).values()
    assert key["EnableKeyRotation"] is True
    (cloudwatch,) = (one for one in key["KeyPolicy"]["Statement"] if "Service" in one["Principal"])
    assert cloudwatch["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert set(cloudwatch["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
    (policy,) = of_type("AWS::SNS::TopicPolicy", stack).values()
    (publish_,) = policy["PolicyDocument"]["Statement"]
    assert publish_["Condition"] == {
        "ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:us-east-1:111122223333:alarm:*"}
    }


@pytest.mark.parametrize(
    ("variant", "is_there"),
    [
        ("smallest", lambda names: {"SilenceAlarm", "HighDetectionsAlarm", "PodsListVolumeAlarm"} <= names),
        ("few alarms", lambda names: not any(re.match(r"Silence|.*Detections|.*Volume", n) for n in names)),
        ("automatic subscription", lambda names: "SubscribeErrorsAlarm" in names),
        ("more clusters", lambda names: "SubscribeErrorsAlarm" not in names),
    ],
)
def test_alarms_come_with_what_they_watch(variant: str, is_there: Callable[[set[str]], bool]) -> None:
    """Detections, anomalies, silence and automatic subscription can each be off."""
    assert is_there(set(alarms(**VARIANTS[variant])))


def test_an_address_is_told_by_e_mail() -> None:
    """And nobody where there is none."""
    ((_, subscription),) = of_type("AWS::SNS::Subscription", resolved(**VARIANTS["told by e-mail"])).items()
    assert subscription == {"TopicArn": "{AlarmTopic}", "Protocol": "email", "Endpoint": "team@example.com"}
    assert of_type("AWS::SNS::Subscription", resolved()) == {}


def test_the_namespace_is_the_code_s() -> None:
    """In every alarm and graph that is not of AWS."""
    names: set[Any] = {metric[0] for graph in graphs() for metric in shown(graph)}
    assert {name for name in names if not name.startswith("AWS/")} == {NAMESPACE}
