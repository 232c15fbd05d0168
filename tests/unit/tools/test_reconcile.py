"""The comparison of what CloudWatch Logs took in with what the forwarder received."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.stubbed_aws import StubbedAws
from tools.aws_reading import Reader
from tools.errors import ToolError
from tools.log_groups import SubscriptionFilter
from tools.metric_reading import incoming_events, read_sums
from tools.moments import MomentError, parse_moment
from tools.reconcile.__main__ import main
from tools.reconcile.balance import ClusterBalance, ParkedBalance, StackBalance, cluster_balance
from tools.reconcile.notes import cluster_notes, parked_notes, stack_gaps, stack_notes
from tools.reconcile.reading import (
    COUNTS,
    INVOCATIONS,
    Metrics,
    Source,
    read_parked_balance,
    read_sources,
)
from tools.reconcile.report import Report
from tools.reconcile.span import HOUR, Span, parse_span
from tools.stack import Stack

NOW = datetime(2026, 2, 1, 12, 25, tzinfo=UTC)
START = datetime(2026, 2, 1, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FUNCTION = "arn:aws:lambda:eu-central-1:111122223333:function:forwarder-forward"
QUEUES = {"UndeliveredQueueUrl": "https://sqs/1/q", "DeadLetterQueueUrl": "https://sqs/1/d"}
STACK = Stack("forwarder", FUNCTION, "", frozenset(), "/aws/eks/prod/cluster", QUEUES)
BALANCED = StackBalance(dict.fromkeys(COUNTS, 0), dict.fromkeys(INVOCATIONS, 0))
NOTHING_PARKED = ParkedBalance(0, 0, 0, 0, 0, is_recent=False)


def span(hours: int) -> Span:
    """So many hours from the start, by the minute."""
    return Span(START, START + hours * HOUR, MINUTE, NOW)


def balance(taken_in: dict[datetime, float], received: dict[datetime, float], hours: int) -> ClusterBalance:
    """The balance of one log group and one log type."""
    return cluster_balance("prod", ("/aws/eks/prod/cluster",), (), ([taken_in], [received]), span(hours))


def by_hour(*values: int) -> dict[datetime, float]:
    """One value in the middle of each hour."""
    return {START + HOUR * n + 30 * MINUTE: float(value) for n, value in enumerate(values)}


@pytest.mark.parametrize(
    ("taken_in", "received", "missing", "first_hour"),
    [
        ((100, 100, 100), (100, 100, 100), 0, None),
        ((100, 100, 100), (100, 90, 100), 10, 1),
        ((100, 100, 100), (90, 110, 100), 0, None),  # repeated later
        ((100, 100, 100), (120, 100, 90), 10, 2),  # a surplus before hides no later loss
        ((100, 100, 100), (90, 105, 100), 5, 0),
        ((0, 0, 7), (0, 0, 0), 7, 2),
    ],
)
def test_a_later_hour_makes_up_for_a_deficit_and_an_earlier_surplus_does_not(
    taken_in: tuple[int, ...], received: tuple[int, ...], missing: int, first_hour: int | None
) -> None:
    """Lambda repeats payloads for six hours; duplicates before a loss say nothing about it."""
    found = balance(by_hour(*taken_in), by_hour(*received), len(taken_in))
    assert (found.missing, found.since) == (
        missing,
        None if first_hour is None else START + HOUR * first_hour,
    )


def test_events_in_flight_at_the_end_are_not_missing() -> None:
    """Forty came in during the last minute and were received in the next one; the 41st is missing."""
    end = START + HOUR
    taken_in = {START: 60.0, end - MINUTE: 40.0}
    assert balance(taken_in, {START: 60.0, end: 40.0}, 1).missing == 0
    assert balance(taken_in, {START: 59.0, end: 40.0}, 1).missing == 41
    assert balance(taken_in, {START: 60.0, end + 5 * MINUTE: 40.0}, 1).missing == 40


def test_the_default_is_the_last_24_complete_hours() -> None:
    """An hour is complete ten minutes after its end."""
    found = parse_span(None, None, NOW)
    assert (found.start, found.end) == (datetime(2026, 1, 31, 12, tzinfo=UTC), NOW.replace(minute=0))
    assert parse_span(None, None, NOW.replace(minute=9)).end == NOW.replace(hour=11, minute=0)


def test_times_are_widened_to_whole_hours_and_say_so() -> None:
    """With an offset too; a TO in the future becomes the last complete hour."""
    found = parse_span("2026-02-01T09:40+01:00", "2026-02-01T10:01", NOW)
    assert (found.start.hour, found.end.hour, len(found.notes)) == (8, 11, 1)
    found = parse_span("2026-02-01T08:00", "2026-02-02T00:00", NOW)
    assert (found.end, found.notes) == (
        NOW.replace(minute=0),
        ("The last complete hour ends at 2026-02-01T12:00: TO is set to it.",),
    )


@pytest.mark.parametrize(
    ("days", "period", "in_flight"),
    [(14, MINUTE, 2 * MINUTE), (16, 5 * MINUTE, 5 * MINUTE), (64, HOUR, timedelta())],
)
def test_an_older_span_has_coarser_sums(days: int, period: timedelta, in_flight: timedelta) -> None:
    """As long as CloudWatch keeps each."""
    start = (NOW - timedelta(days=days)).isoformat()
    end = (NOW - timedelta(days=days - 1)).isoformat()
    found = parse_span(start, end, NOW)
    assert (found.period, found.in_flight) == (period, in_flight)


@pytest.mark.parametrize(
    ("start", "end", "sentence"),
    [
        ("yesterday", None, "FROM=yesterday: give a time such as 2026-01-31T10:00 in UTC"),
        ("2026-02-01T08:00", "8:00", "TO=8:00: give a time such as 2026-01-31T10:00 in UTC"),
        ("2026-02-01T12:05", None, "no complete hour lies between FROM=2026-02-01T12:00 and"),
        ("2024-02-01T12:05", None, "FROM=2024-02-01T12:00 is too long ago: CloudWatch keeps metrics for 455"),
    ],
)
def test_a_wrong_time_is_refused_in_one_sentence(
    start: str, end: str | None, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before AWS is asked."""
    arguments = ["--stack", "forwarder", "--from", start, *(["--to", end] if end else [])]
    assert main(arguments, clock=lambda: NOW) == 2
    assert capsys.readouterr().err.startswith(f"reconcile: {sentence}")


def test_a_time_without_an_offset_is_utc() -> None:
    """And one with an offset is converted."""
    assert parse_moment("FROM", "2026-01-31") == datetime(2026, 1, 31, tzinfo=UTC)
    assert parse_moment("FROM", "2026-01-31T10:00+02:00") == datetime(2026, 1, 31, 8, tzinfo=UTC)
    with pytest.raises(MomentError):
        parse_moment("FROM", "31.1.2026")


def test_counts_that_do_not_add_up_are_a_gap() -> None:
    """Two events that a collector rejected without naming them are in no other count."""
    counts = {"EventsReceived": 10, "EventsDelivered": 5, "EventsFiltered": 1, "EventsParked": 1}
    totals = StackBalance(
        dict.fromkeys(COUNTS, 0) | counts | {"EventsKept": 1, "EventsRejected": 2}, BALANCED.invocations
    )
    assert (totals.difference, totals.missing) == (2, True)
    assert list(stack_gaps(totals)) == [
        (
            "2 received events are in no other count. The collector rejected 2 events; those that it did not"
            " identify are not parked."
        )
    ]


def test_says_how_many_events_were_counted_again() -> None:
    """EventsKept is what failed invocations received; Lambda sends it again."""
    totals = StackBalance(
        dict.fromkeys(COUNTS, 0) | {"EventsKept": 26, "EventsReceived": 26},
        dict.fromkeys(INVOCATIONS, 0) | {"Errors": 2, "AsyncEventsDropped": 1},
    )
    first, second = stack_notes(totals)
    assert first.startswith("2 invocations failed, and Lambda repeats a failed payload: up to 26 events")
    assert second.startswith("Lambda gave up on 1 payloads and put them on the queue")
    assert totals.missing is False


def test_parked_events_are_missing_only_if_no_queue_can_hold_them() -> None:
    """A message holds many events, so nobody knows how many while there is one."""
    assert ParkedBalance(20, 15, 0, 0, 0, is_recent=False).missing == 5
    assert ParkedBalance(20, 15, 1, 0, 0, is_recent=False).missing == 0
    assert ParkedBalance(20, 15, 0, 1, 0, is_recent=False).missing == 0
    assert ParkedBalance(20, 15, 0, 0, 0, is_recent=True).missing == 0
    assert ParkedBalance(15, 20, 0, 0, 0, is_recent=False).outstanding == 0
    (note,) = parked_notes(ParkedBalance(20, 15, 1, 2, 0, is_recent=False))
    assert note.startswith(
        "5 parked events are not redriven yet. The queue holds 1 messages, and there are 2"
    )


def test_a_surplus_is_explained() -> None:
    """It is no gap."""
    found = balance(by_hour(10), by_hour(12), 1)
    (note,) = cluster_notes(found)
    assert (found.missing, note.startswith("Cluster prod: 2 events more were received")) == (0, True)


def test_a_filter_pattern_changes_what_is_compared() -> None:
    """CloudWatch Logs counts what it forwarded by the filter's name."""
    matched = Source("/aws/eks/prod/cluster", SubscriptionFilter("all", FUNCTION, "")).taken_in()
    assert matched == incoming_events("/aws/eks/prod/cluster")
    matched = Source("/aws/eks/prod/cluster", SubscriptionFilter("some", FUNCTION, "delete")).taken_in()
    assert (matched.name, dict(matched.dimensions)["FilterName"]) == ("ForwardedLogEvents", "some")


def test_a_gap_of_the_stack_replays_every_cluster() -> None:
    """Nobody knows whose events a lost payload held."""
    lost = StackBalance(BALANCED.counts, {**BALANCED.invocations, "DestinationDeliveryFailures": 1})
    report = Report(STACK, span(1), NOW, (balance({}, {}, 1),), lost, NOTHING_PARKED, ())
    assert report.has_gap
    assert report.commands() == [
        (
            "make replay CLUSTER=prod START=2026-02-01T08:00Z END=2026-02-01T09:00Z"
            ' ARGS="--stack forwarder --region eu-central-1"'
        )
    ]
    assert any("a gap is certain after 2026-02-01T15:00Z" in note for note in report.notes())


def test_a_gap_replays_every_log_group_of_the_cluster() -> None:
    """One of Auto Mode by its name."""
    cluster = replace(balance({}, {}, 1), log_groups=("/aws/eks/prod/cluster", "/vended/ipam"), missing=3)
    report = Report(STACK, span(1), NOW, (cluster,), BALANCED, NOTHING_PARKED, ())
    assert [command.partition(" START=")[0] for command in report.commands()] == [
        "make replay CLUSTER=prod",
        "make replay CLUSTER=prod LOG_GROUP=/vended/ipam",
    ]


def test_a_refused_right_leaves_the_report_incomplete() -> None:
    """It is named, and the JSON says so."""
    report = Report(STACK, span(1), NOW, (), BALANCED, NOTHING_PARKED, ("sqs:GetQueueAttributes",))
    assert (report.as_json()["complete"], report.as_json()["gap"]) == (False, False)
    assert list(report.notes()) == ["Not complete: sqs:GetQueueAttributes was refused."]


def test_reads_a_long_span_in_parts_and_all_pages() -> None:
    """Seventy hours are three calls of up to thirty; a second page continues the values of the first."""
    pages: list[dict[str, Any]] = [
        {"MetricDataResults": [{"Id": "m0", "Timestamps": [START], "Values": [1.0]}], "NextToken": "more"},
        {"MetricDataResults": [{"Id": "m0", "Timestamps": [START + HOUR], "Values": [2.0]}]},
        {"MetricDataResults": []},
        {"MetricDataResults": [{"Id": "m0", "Timestamps": [START + 50 * HOUR], "Values": [4.0]}]},
    ]
    told: list[str] = []
    with StubbedAws(cloudwatch=[("get_metric_data", page) for page in pages]) as aws:
        found = read_sums(
            Reader(aws.client), [incoming_events("g")], START, START + 70 * HOUR, MINUTE, progress=told.append
        )
        aws.assert_all_was_asked()
    assert found == [{START: 1.0, START + HOUR: 2.0, START + 50 * HOUR: 4.0}]
    assert len(told) == 3


def test_without_metrics_nothing_can_be_told() -> None:
    """The right is named."""
    with StubbedAws(cloudwatch=[("get_metric_data", "AccessDenied")]) as aws:
        metrics = Metrics(Reader(aws.client), span(1), lambda _: None)
        with pytest.raises(ToolError, match="cloudwatch:GetMetricData was refused"):
            metrics.sums([incoming_events("g")], "anything")


def test_a_cluster_whose_filter_is_gone_is_compared_too() -> None:
    """Its metrics of the last two weeks name it; a log group that was deleted has no filter."""
    metrics = [
        {
            "Dimensions": [
                {"Name": "service", "Value": "forwarder"},
                {"Name": "cluster", "Value": "gone"},
                {"Name": "logType", "Value": "audit"},
            ]
        }
    ]
    with StubbedAws(
        cloudwatch=[("list_metrics", {"Metrics": metrics})],
        lambda_=[("get_policy", "ResourceNotFoundException")],
        logs=[
            ("describe_log_groups", {"logGroups": []}),
            ("describe_log_groups", {"logGroups": []}),
            ("describe_subscription_filters", "ResourceNotFoundException"),
            ("describe_subscription_filters", {"subscriptionFilters": []}),
        ],
    ) as aws:
        found = read_sources(Reader(aws.client), STACK, lambda _: None)
    assert found == {
        "gone": [Source("/aws/eks/gone/cluster", None)],
        "prod": [Source("/aws/eks/prod/cluster", None)],
    }


def test_logs_of_auto_mode_are_compared_under_the_cluster_that_their_filter_says() -> None:
    """Metrics of them alone do not mean that the cluster's control-plane logs are subscribed."""
    metrics = [
        {
            "Dimensions": [
                {"Name": "service", "Value": "forwarder"},
                {"Name": "cluster", "Value": "west"},
                {"Name": "logType", "Value": "autoModeIpam"},
            ]
        }
    ]
    filter_ = SubscriptionFilter("forwarder/west/autoModeIpam", FUNCTION, "")
    listed = [{"filterName": filter_.name, "destinationArn": FUNCTION, "filterPattern": ""}]
    with StubbedAws(
        cloudwatch=[("list_metrics", {"Metrics": metrics})],
        lambda_=[("get_policy", "ResourceNotFoundException")],
        logs=[
            ("describe_log_groups", {"logGroups": []}),
            ("describe_log_groups", {"logGroups": [{"logGroupName": "/aws/vendedlogs/any"}]}),
            ("describe_subscription_filters", {"subscriptionFilters": []}),
            ("describe_subscription_filters", {"subscriptionFilters": listed}),
        ],
    ) as aws:
        found = read_sources(Reader(aws.client), STACK, lambda _: None)
    assert found == {
        "prod": [Source("/aws/eks/prod/cluster", None)],
        "west": [Source("/aws/vendedlogs/any", filter_)],
    }


@pytest.mark.parametrize(("minutes_ago", "missing"), [(29, 0), (31, 5)])
def test_a_redrive_of_the_last_half_hour_may_not_be_in_the_metrics_yet(
    minutes_ago: int, missing: int
) -> None:
    """The queue is empty, but it held a message a moment ago; at the start it held two."""
    values = {
        "m0": {START: 20.0},
        "m1": {START + HOUR: 15.0},
        "m2": {START: 2.0, NOW - minutes_ago * MINUTE: 1.0},
    }
    results = [
        {"Id": name, "Timestamps": list(one), "Values": list(one.values())} for name, one in values.items()
    ]
    empty = dict.fromkeys(
        (f"ApproximateNumberOfMessages{name}" for name in ("", "NotVisible", "Delayed")), "0"
    )
    with StubbedAws(
        cloudwatch=[("get_metric_data", {"MetricDataResults": results})],
        sqs=[("get_queue_attributes", {"Attributes": empty})] * 2,
    ) as aws:
        found = read_parked_balance(Metrics(Reader(aws.client), span(1), lambda _: None), STACK)
    assert (found.parked, found.redriven, found.held_at_start, found.missing) == (20, 15, 2, missing)
