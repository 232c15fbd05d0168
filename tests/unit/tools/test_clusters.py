"""The list of clusters, with few rights and with many."""

from pathlib import Path
from typing import Any

import pytest

from tests.stubbed_aws import StubbedAws
from tools.aws_reading import Reader
from tools.clusters import Row, main, read_rows
from tools.stack import Stack

FUNCTION = "arn:aws:lambda:eu-central-1:111122223333:function:forwarder-forward"
STACK = Stack("forwarder", FUNCTION, "", frozenset())


def silence_alarm(cluster: str, log_type: str = "audit") -> dict[str, Any]:
    """An alarm on a cluster's events of one log type."""
    dimensions = {"cluster": cluster, "logType": log_type, "service": "forwarder"}
    return {
        "Namespace": "EksLogForwarder",
        "MetricName": "EventsReceived",
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }


def test_lists_clusters_by_name_with_what_is_theirs() -> None:
    """One is subscribed and watched, one has logging off and no log group; an alarm on api lines is none."""
    described = [
        {"cluster": {"logging": {"clusterLogging": [{"types": ["api", "audit"], "enabled": True}]}}},
        {"cluster": {"logging": {"clusterLogging": [{"types": ["audit"], "enabled": False}]}}},
    ]
    with StubbedAws(
        eks=[
            ("list_clusters", {"clusters": ["green", "blue"]}),
            *(("describe_cluster", body) for body in described),
        ],
        cloudwatch=[
            ("describe_alarms", {"MetricAlarms": [silence_alarm("blue"), silence_alarm("green", "api")]})
        ],
        logs=[
            ("describe_log_groups", {"logGroups": [{"logGroupName": "/aws/eks/blue/cluster"}]}),
            (
                "describe_subscription_filters",
                {"subscriptionFilters": [{"filterName": "f", "destinationArn": FUNCTION}]},
            ),
            ("describe_log_groups", {"logGroups": []}),
        ],
    ) as aws:
        reader = Reader(aws.client)
        rows = list(read_rows(reader, STACK))
    assert rows == [
        Row("blue", "api, audit", "there", "1 of 2", "yes", "yes"),
        Row("green", "off", "missing", "", "no", "no"),
    ]
    assert reader.refused == []


def test_a_refused_right_makes_a_cell_unknown_and_not_a_no() -> None:
    """The names alone could be read."""
    with StubbedAws(
        eks=[("list_clusters", {"clusters": ["blue"]}), ("describe_cluster", "AccessDeniedException")],
        cloudwatch=[("describe_alarms", "AccessDenied")],
        logs=[
            ("describe_log_groups", "AccessDeniedException"),
            ("describe_subscription_filters", "AccessDeniedException"),
        ],
    ) as aws:
        reader = Reader(aws.client)
        rows = list(read_rows(reader, STACK))
    assert rows == [Row("blue", *["not read"] * 5)]
    assert len(reader.refused) == 4


def test_without_credentials_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, and the command that shows whether they work."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert main(["--region", "eu-central-1"]) == 2
    said = "clusters: Unable to locate credentials (see that `aws sts get-caller-identity` works)\n"
    assert capsys.readouterr().err == said
