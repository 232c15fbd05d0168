"""What an invocation publishes: EMF documents by their names, units and dimensions, and log lines."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.record.record import Detection, RuleRef
from eks_log_forwarder.telemetry.detection_counts import MAX_DETECTION_LINES, DetectionCounts
from eks_log_forwarder.telemetry.detection_line import ALERT_WORD
from eks_log_forwarder.telemetry.publishing import logger, metrics, publish, publish_redriven
from eks_log_forwarder.telemetry.tally import Tally
from tests.conftest import SERVICE

type Printed = Callable[[], str]
type Documents = dict[tuple[tuple[str, ...], ...], list[dict[str, Any]]]

EXEC = RuleRef("11111111-aaaa", "Session Opened", "medium", ["attack.t1609"])
DELETE = RuleRef("22222222-bbbb", "Deletion", "high", [])

COUNTS = {
    "EventsReceived": 9,
    "EventsDelivered": 5,
    "EventsFiltered": 1,
    "EventsTruncated": 2,
    "EventsTrimmed": 3,
    "EventsUnparsed": 4,
    "EventsRedacted": 6,
    "EventsParked": 3,
    "EventsRejected": 2,
    "AuthenticationFailures": 1,
    "DeliveryAttempts": 7,
    "BytesSent": 4096,
    "DeliveryLatency": 12.5,
    "EventAge": 2500,
}
NOT_COUNTS = {"BytesSent": "Bytes", "DeliveryLatency": "Milliseconds", "EventAge": "Milliseconds"}
MAX_DOCUMENT_BYTES = 300


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
        detections=DetectionCounts(
            [
                Detection(EXEC, "e1", "ana", "pods/exec shop/cart"),
                Detection(EXEC, "e2", "bob", "pods/exec shop/till"),
                Detection(DELETE, "e2", "bob", "pods shop/till"),
            ]
        ),
        api_requests={("pods", "list"): 4, ("secrets", "get"): 1},
        account="111122223333",
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
    """The EMF documents among the printed lines, by the sets of dimensions that they publish."""
    found: Documents = {}
    for line in text.splitlines():
        if line.startswith('{"_aws"'):
            document = json.loads(line)
            directives = document["_aws"]["CloudWatchMetrics"]
            assert {directive["Namespace"] for directive in directives} == {"EksLogForwarder"}
            sets = tuple(tuple(names) for directive in directives for names in directive["Dimensions"])
            found.setdefault(sets, []).append(document)
    return found


def values(document: dict[str, Any], *dimensions: str) -> dict[str, float]:
    """The metrics that a document publishes by a set of dimensions."""
    (names,) = (
        [metric["Name"] for metric in directive["Metrics"]]
        for directive in document["_aws"]["CloudWatchMetrics"]
        if directive["Dimensions"] == [list(dimensions)]
    )
    return {name: document[name] for name in names}


def units(document: dict[str, Any]) -> dict[str, str]:
    """The units of a document's metrics."""
    directives = document["_aws"]["CloudWatchMetrics"]
    return {metric["Name"]: metric["Unit"] for directive in directives for metric in directive["Metrics"]}


def messages(text: str, message: str) -> list[dict[str, Any]]:
    """The log lines of this message."""
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("message") == message]


SUMMARY = (("service",), ("service", "cluster", "logType"))


def test_the_summary_publishes_each_count_once_with_its_unit(printed: Printed) -> None:
    """All of them by service; what was received also by cluster and log type."""
    (document,) = documents(published(full_tally(), printed))[SUMMARY]
    assert (document["service"], document["cluster"], document["logType"]) == (SERVICE, "prod", "audit")
    assert values(document, "service") == COUNTS
    assert values(document, *SUMMARY[1]) == {"EventsReceived": 9}
    assert units(document) == {name: NOT_COUNTS.get(name, "Count") for name in COUNTS}


@pytest.mark.parametrize(
    ("account", "dimension"), [("444455556666", "444455556666"), ("", "unknown")], ids=["known", "unknown"]
)
def test_the_stream_publishes_what_was_received_by_account_too(
    account: str, dimension: str, printed: Printed
) -> None:
    """In the place of cluster and log type alone, which clusters of two accounts can share."""
    tally = full_tally()
    tally.account = account
    publish(tally, by_account=True)
    metrics.flush_metrics()
    of_a_cluster = ("service", "account", "cluster", "logType")
    (document,) = documents(printed())[("service",), of_a_cluster]
    assert (document["account"], document["cluster"]) == (dimension, "prod")
    assert values(document, *of_a_cluster) == {"EventsReceived": 9}
    assert values(document, "service") == COUNTS


def test_the_summary_is_the_last_line(printed: Printed) -> None:
    """Lambda returns the end of the log to a caller who asks for it."""
    last = json.loads(published(full_tally(), printed).splitlines()[-1])
    assert last["message"] == "summary"


def test_further_dimensions_have_small_documents_of_their_own(printed: Printed) -> None:
    """Detections and requests by service, at most 300 bytes each."""
    text = published(full_tally(), printed)
    found = documents(text)
    del found[SUMMARY]
    assert {
        dimensions: [
            (*(document[name] for name in dimensions), values(document, *dimensions)) for document in listed
        ]
        for (dimensions,), listed in found.items()
    } == {
        ("service", "level"): [
            (SERVICE, "medium", {"Detections": 2}),
            (SERVICE, "high", {"Detections": 1}),
        ],
        ("service", "rule"): [
            (SERVICE, "11111111-aaaa", {"Detections": 2}),
            (SERVICE, "22222222-bbbb", {"Detections": 1}),
        ],
        ("service", "resource", "verb"): [
            (SERVICE, "pods", "list", {"ApiRequests": 4}),
            (SERVICE, "secrets", "get", {"ApiRequests": 1}),
        ],
    }
    lines = [line for line in text.splitlines() if line.startswith('{"_aws"') and "summary" not in line]
    assert max(map(len, lines)) <= MAX_DOCUMENT_BYTES


def test_a_redriven_message_was_counted_before(printed: Printed) -> None:
    """Neither what was received nor what was found in it is published again; what left the queue is."""
    tally = full_tally()
    tally.detections = DetectionCounts()  # the redrive has taken them out
    ((sets, (document,)),) = documents(redriven(tally, printed)).items()
    assert sets == (("service",),)
    assert values(document, "service") == {
        "EventsRedriven": 6,
        "EventsRejected": 2,
        "AuthenticationFailures": 1,
        "DeliveryAttempts": 7,
        "BytesSent": 4096,
        "DeliveryLatency": 12.5,
        "EventAge": 2500,
    }


def test_redriven_messages_of_two_clusters_stay_apart(printed: Printed) -> None:
    """Each has a separate document, although one invocation handles both."""
    for cluster in ("prod", "staging"):
        publish_redriven(Tally(cluster, LogType.API, received=1, delivered=1))
    found = documents(printed())[("service",),]
    assert [(one["cluster"], one["EventsRedriven"]) for one in found] == [("prod", 1), ("staging", 1)]


def test_a_control_message_is_one_metric(printed: Printed) -> None:
    """A count of zero is not published."""
    found = documents(published(Tally("unknown", LogType.UNKNOWN, control_messages=1), printed))
    ((document,),) = found.values()
    assert values(document, "service") == {"ControlMessages": 1}


def test_an_invocation_that_counted_nothing_publishes_nothing(printed: Printed) -> None:
    """Its payload was not readable; the error says so."""
    metrics.flush_metrics()
    assert printed() == ""


def test_parked_age_is_in_seconds(printed: Printed) -> None:
    """The alarms on it count in seconds too."""
    tally = Tally("prod", LogType.API, received=1, kept=1, parked_age_seconds=3600.0)
    (document,) = documents(redriven(tally, printed))[("service",),]
    assert (document["ParkedAge"], units(document)["ParkedAge"]) == (3600, "Seconds")


def test_a_healthy_invocation_logs_at_most_1300_bytes(printed: Printed) -> None:
    """Fifty lease updates: every byte is billed, in every invocation."""
    logger.append_keys(function_request_id="2f1c3a5e-6b7d-4c8e-9f00-112233445566")
    tally = Tally("production-eu-west-1", LogType.AUDIT, received=50, delivered=50, delivery_attempts=1)
    tally.bytes_sent, tally.slowest_request_ms, tally.oldest_event_ms = 81_234, 12.3456, 4567.8
    text = published(tally, printed)
    assert len(text.encode()) <= 1300
    assert text.count("\n") == 1


def test_logs_each_detection_by_identity(printed: Printed) -> None:
    """Rule, cluster, account, region, log type, actor, target and the event's id; the word for people."""
    lines = messages(published(full_tally(), printed), "detection")
    own = {"level", "message", "timestamp", "service"}
    assert [{name: value for name, value in line.items() if name not in own} for line in lines] == [
        ({"notify": ALERT_WORD} if rule is DELETE else {})
        | {
            "rule": rule.id,
            "title": rule.title,
            "rule_level": rule.level,
            "cluster": "prod",
            "account": "111122223333",
            "region": "us-east-1",
            "log_type": "audit",
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
    tally.detections = DetectionCounts(Detection(EXEC, f"e{number}", "ana", "pods") for number in range(250))
    text = published(tally, printed)
    lines = messages(text, "detection")
    assert MAX_DETECTION_LINES == 100
    assert [line["event_id"] for line in lines] == [f"e{number}" for number in range(100)]
    (by_rule,) = documents(text)[("service", "rule"),]
    assert by_rule["Detections"] == 250
    (summary,) = messages(text, "summary")
    assert summary["detections"] == 250


def test_the_gravest_detection_is_logged_however_late_it_came(printed: Printed) -> None:
    """An alarm sends its reader to the log; the order of the events holds within a level."""
    tally = full_tally()
    tally.detections = DetectionCounts(Detection(EXEC, f"e{number}", "ana", "pods") for number in range(100))
    tally.detections.add([Detection(DELETE, "last", "bob", "pods")])
    lines = messages(published(tally, printed), "detection")
    assert [line["event_id"] for line in lines] == ["last", *(f"e{number}" for number in range(99))]


@pytest.mark.parametrize(("reasons", "level"), [({}, "INFO"), ({"http_500": 3}, "WARNING")])
def test_writes_one_summary_line(reasons: dict[str, int], level: str, printed: Printed) -> None:
    """A warning where something was not delivered; it counts detections and leaves zeros out."""
    tally = full_tally()
    tally.reasons = reasons
    (summary,) = messages(published(tally, printed), "summary")
    assert (summary["level"], summary.get("reasons", {}), summary["detections"]) == (level, reasons, 3)
    assert {"EventsKept", "split", "details", "rejected_unidentified"}.isdisjoint(summary)


def test_latencies_are_published_by_verb_and_throttled_answers_in_the_summary(printed: Printed) -> None:
    """An array has at most a hundred values; a verb without a latency has no document."""
    tally = Tally("prod", LogType.AUDIT, received=300, delivered=300)
    tally.api_answers.throttled = 2
    tally.api_answers.latencies_ms = {"get": [7.25, 12.5], "list": [40.0] * 300}
    found = documents(published(tally, printed))
    by_verb = {document["verb"]: document for document in found[("service", "verb"),]}
    assert {verb: document["ApiLatency"] for verb, document in by_verb.items()} == {
        "get": [7.2, 12],
        "list": [40] * 100,
    }
    assert units(by_verb["get"]) == {"ApiLatency": "Milliseconds"}
    (summary,) = found[SUMMARY]
    assert (summary["ApiThrottled"], units(summary)["ApiThrottled"]) == (2, "Count")
