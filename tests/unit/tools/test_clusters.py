"""The list of clusters, with few rights and with many."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.stubbed_aws import Answer, StubbedAws
from tools.aws_reading import Reader
from tools.clusters import Row, main, read_rows, show_vended_logs
from tools.stack import Stack
from tools.vended_logs import VendedLog, VendedRow, read_vended_logs, read_vended_rows, subscribe_commands

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


EKS = "arn:aws:eks:eu-central-1:111122223333:"
LOGS = "arn:aws:logs:eu-central-1:111122223333:"


def deliveries(*rows: tuple[str, str, str]) -> list[Answer]:
    """Delivery sources of the log types and ARNs in some rows; each is delivered to its third value."""
    sources, found, destinations = [], [], []
    for number, (log_type, arn, resource) in enumerate(rows):
        sources.append({"name": f"s{number}", "logType": log_type, "resourceArns": [arn], "service": "eks"})
        if resource:
            found.append(
                {
                    "deliverySourceName": f"s{number}",
                    "deliveryDestinationArn": f"{LOGS}delivery-destination:d{number}",
                    "deliveryDestinationType": "CWL" if ":log-group:" in resource else "S3",
                }
            )
            destinations.append(
                {
                    "arn": f"{LOGS}delivery-destination:d{number}",
                    "deliveryDestinationConfiguration": {"destinationResourceArn": resource},
                }
            )
    return [
        ("describe_delivery_sources", {"deliverySources": sources}),
        ("describe_deliveries", {"deliveries": found}),
        ("describe_delivery_destinations", {"deliveryDestinations": destinations}),
    ]


def group(name: str, *filters: str) -> list[Answer]:
    """A log group with these filters, all of which lead to the stack."""
    found = [{"filterName": one, "destinationArn": FUNCTION} for one in filters]
    return [
        ("describe_log_groups", {"logGroups": [{"logGroupName": name}]}),
        ("describe_subscription_filters", {"subscriptionFilters": found}),
    ]


def test_lists_the_logs_of_auto_mode_and_capabilities() -> None:
    """Subscribed or not, under another name, in a group that is gone, in a bucket, nowhere; of EKS alone."""
    kro = f"{EKS}capability/shop/kro/kro/7c9e"
    with StubbedAws(
        logs=[
            *deliveries(
                ("EKS_CAPABILITY_KRO_LOGS", kro, f"{LOGS}log-group:/kro:*"),
                ("AUTO_MODE_IPAM_LOGS", f"{EKS}cluster/shop", f"{LOGS}log-group:/ipam:*"),
                ("AUTO_MODE_COMPUTE_LOGS", f"{EKS}cluster/shop", f"{LOGS}log-group:/compute"),
                ("AUTO_MODE_COMPUTE_LOGS", f"{EKS}cluster/cart", f"{LOGS}log-group:/gone:*"),
                ("AUTO_MODE_BLOCK_STORAGE_LOGS", f"{EKS}cluster/cart", "arn:aws:s3:::bucket"),
                ("AUTO_MODE_IPAM_LOGS", f"{EKS}cluster/cart", ""),
                ("ACCESS_LOGS", "arn:aws:cloudfront::111122223333:distribution/E1", f"{LOGS}log-group:/web"),
            ),
            ("describe_log_groups", {"logGroups": []}),
            *group("/compute", "forwarder/shop/autoModeCompute"),
            *group("/ipam"),
            *group("/kro", "forwarder"),
        ]
    ) as aws:
        reader = Reader(aws.client)
        logs = read_vended_logs(reader)
        assert logs is not None
        rows = list(read_vended_rows(reader, STACK, logs))
        aws.assert_all_was_asked()
    assert rows == [
        VendedRow("cart", "AUTO_MODE_BLOCK_STORAGE_LOGS", "none (S3)", "", ""),
        VendedRow("cart", "AUTO_MODE_COMPUTE_LOGS", "/gone", "log group missing", ""),
        VendedRow("cart", "AUTO_MODE_IPAM_LOGS", "none (not delivered)", "", ""),
        VendedRow("shop", "AUTO_MODE_COMPUTE_LOGS", "/compute", "1 of 2", "yes"),
        VendedRow("shop", "AUTO_MODE_IPAM_LOGS", "/ipam", "0 of 2", "no"),
        VendedRow("shop", "EKS_CAPABILITY_KRO_LOGS", "/kro", "1 of 2", "as unknown unknown"),
    ]
    assert list(subscribe_commands(logs, rows)) == [
        "make subscribe CLUSTER=shop LOG_GROUP=/ipam LOG_TYPE=autoModeIpam"
    ]


@pytest.mark.parametrize(
    ("logs", "command"),
    [
        ([("a", "AUTO_MODE_IPAM_LOGS"), ("a", "AUTO_MODE_COMPUTE_LOGS")], "CLUSTER=a LOG_GROUP=/g"),
        ([("a", "AUTO_MODE_IPAM_LOGS"), ("b", "AUTO_MODE_IPAM_LOGS")], "LOG_GROUP=/g"),
        ([("a", "AUTO_MODE_FUTURE_LOGS")], "CLUSTER=a LOG_GROUP=/g"),
        (
            [("a", f"EKS_CAPABILITY_ARGOCD_{name}_LOGS") for name in ("SERVER", "REPOSERVER")],
            "CLUSTER=a LOG_GROUP=/g LOG_TYPE=capabilityArgocd",
        ),
    ],
)
def test_a_shared_log_group_is_subscribed_once(logs: list[tuple[str, str]], command: str) -> None:
    """With what all its lines have in common."""
    found = [VendedLog(cluster, name, "/g", "CWL") for cluster, name in logs]
    rows = [VendedRow(cluster, name, "/g", "0 of 2", "no") for cluster, name in logs]
    assert list(subscribe_commands(found, rows)) == [f"make subscribe {command}"]


def test_a_filter_that_leaves_the_type_open_is_the_right_one() -> None:
    """The names of streams say it."""
    log = VendedLog("shop", "AUTO_MODE_IPAM_LOGS", "/g", "CWL")
    with StubbedAws(logs=group("/g", "forwarder/shop/mixed")) as aws:
        rows = list(read_vended_rows(Reader(aws.client), STACK, [log]))
    assert rows == [VendedRow("shop", "AUTO_MODE_IPAM_LOGS", "/g", "1 of 2", "yes")]


def test_a_refused_right_leaves_the_deliveries_unknown() -> None:
    """The right is named."""
    answers = deliveries()
    with StubbedAws(logs=[answers[0], ("describe_deliveries", "AccessDeniedException"), answers[2]]) as aws:
        reader = Reader(aws.client)
        assert read_vended_logs(reader) is None
    assert reader.refused == ["logs:DescribeDeliveries"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            "InvalidOperationException",
            "Auto Mode and Capabilities: An error occurred (InvalidOperationException)",
        ),
        ("AccessDeniedException", ""),
        ({"deliverySources": []}, "No logs of EKS Auto Mode or Capabilities are set up.\n"),
    ],
)
def test_without_deliveries_one_sentence_says_why(answer: dict[str, Any] | str, said: str) -> None:
    """The first table stands all the same. A refused right is named below, with the others."""
    answers: list[Answer] = [("describe_delivery_sources", answer), *deliveries()[1:]]
    with StubbedAws(logs=answers) as aws:
        console = Console(record=True, width=200, file=StringIO())
        show_vended_logs(Reader(aws.client), STACK, console)
    text = console.export_text()
    assert text.startswith(said) if said else not text
