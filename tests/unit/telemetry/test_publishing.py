"""What an invocation publishes: EMF documents by their names, units and dimensions, and log lines."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.record.record import Detection, RuleRef
from eks_log_forwarder.telemetry.found import MAX_DETECTION_LINES, Found
from eks_log_forwarder.telemetry.publishing import metrics, publish, publish_redriven
from eks_log_forwarder.telemetry.tally import Tally
from tests.conftest import SERVICE

type Printed = Callable[[], str]
type Documents = dict[tuple[tuple[str, ...], ...], list[dict[str, Any]]]

EXEC = RuleRef("11111111-aaaa", "Session Opened", "medium", ["attack.t1609"])
DELETE = RuleRef("22222222-bbbb", "Deletion", "high", [])

COUNTS = {
    "EventsReceived": 9.0,
    "EventsDelivered": 5.0,
    "EventsFiltered": 1.0,
    "EventsTruncated": 2.0,
    "EventsTrimmed": 3.0,
    "EventsUnparsed": 4.0,
    "EventsRedacted": 6.0,
    "EventsParked": 3.0,
    "EventsRejected": 2.0,
    "ControlMessages": 0.0,
    "AuthenticationFailures": 1.0,
    "DeliveryAttempts": 7.0,
    "BytesSent": 4096.0,
    "DeliveryLatency": 12.5,
    "EventAge": 2500.0,
}
NOT_COUNTS = {"BytesSent": "Bytes", "DeliveryLatency": "Milliseconds", "EventAge": "Milliseconds"}
REDRIVEN = {"EventsReceived", "EventsTruncated", "EventsTrimmed", "EventsUnparsed", "EventsRedacted"}
FLOW = {"EventsReceived": 9.0, "EventsDelivered": 5.0, "EventsFiltered": 1.0}


def full_tally() -> Tally:
    """A tally whose important counts are all different."""
    return Tally(
        "prod",
        LogType.AUDIT,
        received=9,
        delivered=5,
        filtered=1,
        parked=3,
        rejected=2,
        truncated=2,
        trimmed=3,
        unparsed=4,
        redacted=6,
        authentication_failures=1,
        delivery_attempts=7,
        bytes_sent=4096,
        slowest_request_ms=12.5,
        oldest_event_ms=2500.0,
        detections=Found(
            [
                Detection(EXEC, "e1", "ana", "pods/exec shop/cart"),
                Detection(EXEC, "e2", "bob", "pods/exec shop/till"),
                Detection(DELETE, "e2", "bob", "pods shop/till"),
            ]
        ),
        api_requests={("pods", "list"): 4, ("secrets", "get"): 1},
    )


@pytest.fixture(autouse=True)
def _service(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("POWERTOOLS_SERVICE_NAME", SERVICE)


def published(tally: Tally, printed: Printed) -> str:
    """All that is printed by the end of an invocation."""
    publish(tally)
    metrics.flush_metrics()
    return printed()


def redriven(tally: Tally, printed: Printed) -> str:
    """All that is printed of one redriven message."""
    publish_redriven(tally)
    return printed()


def documents(text: str) -> Documents:
    """The EMF documents among the printed lines, by their sets of dimensions."""
    found: Documents = {}
    for line in text.splitlines():
        if line.startswith('{"_aws"'):
            document = json.loads(line)
            (directive,) = document["_aws"]["CloudWatchMetrics"]
            assert directive["Namespace"] == "EksLogForwarder"
            found.setdefault(tuple(map(tuple, directive["Dimensions"])), []).append(document)
    return found


def values(document: dict[str, Any]) -> dict[str, float]:
    """A document's metrics; every one has one value."""
    (directive,) = document["_aws"]["CloudWatchMetrics"]
    return {metric["Name"]: document[metric["Name"]][0] for metric in directive["Metrics"]}


def units(document: dict[str, Any]) -> dict[str, str]:
    """The units of a document's metrics."""
    (directive,) = document["_aws"]["CloudWatchMetrics"]
    return {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}


def messages(text: str, message: str) -> list[dict[str, Any]]:
    """The log lines of this message."""
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("message") == message]


def test_publishes_by_service_and_by_cluster(printed: Printed) -> None:
    """One document, two sets of dimensions, every count once, with its unit."""
    (document,) = documents(published(full_tally(), printed))[("service",), ("service", "cluster")]
    assert (document["service"], document["cluster"]) == (SERVICE, "prod")
    assert values(document) == COUNTS
    assert units(document) == {name: NOT_COUNTS.get(name, "Count") for name in COUNTS}


def test_publishes_the_rest_by_dimensions_of_its_own(printed: Printed) -> None:
    """Flow by log type, what came by cluster and log type, detections, requests: each by service."""
    text = published(full_tally(), printed)
    found = {
        dimensions: [(*(document[name] for name in dimensions[0]), values(document)) for document in listed]
        for dimensions, listed in documents(text).items()
        if len(dimensions) == 1
    }
    assert found == {
        (("logType", "service"),): [("audit", SERVICE, FLOW)],
        (("cluster", "logType", "service"),): [("prod", "audit", SERVICE, {"EventsReceived": 9.0})],
        (("level", "service"),): [
            ("medium", SERVICE, {"Detections": 2.0}),
            ("high", SERVICE, {"Detections": 1.0}),
        ],
        (("rule", "service"),): [
            ("11111111-aaaa", SERVICE, {"Detections": 2.0}),
            ("22222222-bbbb", SERVICE, {"Detections": 1.0}),
        ],
        (("resource", "verb", "service"),): [
            ("pods", "list", SERVICE, {"ApiRequests": 4.0}),
            ("secrets", "get", SERVICE, {"ApiRequests": 1.0}),
        ],
    }


def test_a_redriven_message_was_counted_before(printed: Printed) -> None:
    """Neither what was received nor what was found in it is published again; deliveries are."""
    found = documents(redriven(full_tally(), printed))
    assert set(found) == {(("service",), ("service", "cluster")), (("logType", "service"),)}
    (document,) = found[("service",), ("service", "cluster")]
    assert values(document) == {name: value for name, value in COUNTS.items() if name not in REDRIVEN}
    (by_log_type,) = found[(("logType", "service"),)]
    assert values(by_log_type) == {"EventsDelivered": 5.0, "EventsFiltered": 1.0}


def test_redriven_messages_of_two_clusters_stay_apart(printed: Printed) -> None:
    """Each has a separate document, although one invocation handles both."""
    for cluster in ("prod", "staging"):
        publish_redriven(Tally(cluster, LogType.API, received=1, delivered=1))
    found = documents(printed())[("service",), ("service", "cluster")]
    assert [(one["cluster"], one["EventsDelivered"]) for one in found] == [
        ("prod", [1.0]),
        ("staging", [1.0]),
    ]


def test_a_control_message_has_no_latency_nor_flow(printed: Printed) -> None:
    """What was not measured is not published as 0."""
    found = documents(published(Tally("unknown", LogType.UNKNOWN, control_messages=1), printed))
    ((document,),) = found.values()
    assert document["ControlMessages"] == [1.0]
    assert {"DeliveryLatency", "EventAge", "ParkedAge"}.isdisjoint(document)


def test_parked_age_is_in_seconds(printed: Printed) -> None:
    """The alarms on it count in seconds too."""
    tally = Tally("prod", LogType.API, received=1, kept=1, parked_age_seconds=3600.0)
    (document,) = documents(redriven(tally, printed))[("service",), ("service", "cluster")]
    assert (document["ParkedAge"], units(document)["ParkedAge"]) == ([3600.0], "Seconds")


def test_logs_each_detection_by_identity(printed: Printed) -> None:
    """Rule, cluster, actor and target, and nothing else of the event but its id."""
    lines = messages(published(full_tally(), printed), "detection")
    own = {"level", "location", "message", "timestamp", "service"}
    assert [{name: value for name, value in line.items() if name not in own} for line in lines] == [
        {
            "rule": rule.id,
            "title": rule.title,
            "rule_level": rule.level,
            "cluster": "prod",
            "actor": actor,
            "target": target,
            "event_id": event_id,
        }
        for rule, event_id, actor, target in (
            (DELETE, "e2", "bob", "pods shop/till"),
            (EXEC, "e1", "ana", "pods/exec shop/cart"),
            (EXEC, "e2", "bob", "pods/exec shop/till"),
        )
    ]
    assert {line["level"] for line in lines} == {"WARNING"}


def test_logs_at_most_a_hundred_detections(printed: Printed) -> None:
    """All of them are counted, by the metric and in the summary."""
    tally = full_tally()
    tally.detections = Found(Detection(EXEC, f"e{number}", "ana", "pods") for number in range(250))
    text = published(tally, printed)
    lines = messages(text, "detection")
    assert MAX_DETECTION_LINES == 100
    assert [line["event_id"] for line in lines] == [f"e{number}" for number in range(100)]
    (by_rule,) = documents(text)[(("rule", "service"),)]
    assert by_rule["Detections"] == [250.0]
    (summary,) = messages(text, "summary")
    assert summary["detections"] == 250


def test_the_gravest_detection_is_logged_however_late_it_came(printed: Printed) -> None:
    """An alarm sends its reader to the log; the order of the events holds within a level."""
    tally = full_tally()
    tally.detections = Found(Detection(EXEC, f"e{number}", "ana", "pods") for number in range(100))
    tally.detections.add([Detection(DELETE, "last", "bob", "pods")])
    lines = messages(published(tally, printed), "detection")
    assert [line["event_id"] for line in lines] == ["last", *(f"e{number}" for number in range(99))]


@pytest.mark.parametrize(("reasons", "level"), [({}, "INFO"), ({"http_500": 3}, "WARNING")])
def test_writes_one_summary_line(reasons: dict[str, int], level: str, printed: Printed) -> None:
    """A warning where something was not delivered; it counts detections and does not list them."""
    tally = full_tally()
    tally.reasons = reasons
    (summary,) = messages(published(tally, printed), "summary")
    assert (summary["level"], summary["reasons"], summary["detections"]) == (level, reasons, 3)
    assert (summary["cluster"], summary["log_type"], summary["received"]) == ("prod", "audit", 9)
    assert "api_requests" not in summary
