"""Cluster, log type and account of a stream."""

import pytest

from eks_log_forwarder.control_plane.parsing import Parsed
from eks_log_forwarder.intake.log_stream import LogStream
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import NOTHING, LogEvent, SubscriptionPayload, unread
from eks_log_forwarder.record.record import Record, record_of
from tests.payloads import LOG_GROUP, OWNER

HASH = "0123456789abcdef0123456789abcdef"


def stream_of(log_group: str = LOG_GROUP, name: str = f"authenticator-{HASH}") -> LogStream:
    """Return the stream of a payload without events."""
    return LogStream.of(SubscriptionPayload("DATA_MESSAGE", OWNER, log_group, name, NOTHING, []))


@pytest.mark.parametrize(
    ("name", "log_type"),
    [
        (f"kube-apiserver-{HASH}", LogType.API),
        (f"kube-apiserver-audit-{HASH}", LogType.AUDIT),
        (f"authenticator-{HASH}", LogType.AUTHENTICATOR),
        (f"kube-controller-manager-{HASH}", LogType.CONTROLLER_MANAGER),
        (f"cloud-controller-manager-{HASH}", LogType.CONTROLLER_MANAGER),
        (f"kube-scheduler-{HASH}", LogType.SCHEDULER),
        ("", LogType.UNKNOWN),
        ("kube-apiserver", LogType.UNKNOWN),
        (f"Kube-Apiserver-{HASH}", LogType.UNKNOWN),
        (f"my-kube-scheduler-{HASH}", LogType.UNKNOWN),
        (f"kube-proxy-{HASH}", LogType.UNKNOWN),
    ],
)
def test_the_log_type_is_read_off_the_streams_prefix(name: str, log_type: LogType) -> None:
    """The audit prefix starts with the api prefix and is still audit; other names are unknown."""
    assert stream_of(name=name).log_type is log_type


@pytest.mark.parametrize(
    ("log_group", "cluster"),
    [
        ("/aws/eks/demo/cluster", "demo"),
        ("/aws/eks/My_prod-2/cluster", "My_prod-2"),
        ("/aws/eks/cluster/cluster", "cluster"),
        ("/aws/eks/demo/cluster/more", "unknown"),
        ("/x/aws/eks/demo/cluster", "unknown"),
        ("/aws/eks/a/b/cluster", "unknown"),
        ("/aws/eks//cluster", "unknown"),
        ("/aws/eks/demo/cluster\n", "unknown"),
        ("/aws/lambda/demo", "unknown"),
        ("", "unknown"),
    ],
)
def test_the_cluster_is_read_off_the_whole_log_group(log_group: str, cluster: str) -> None:
    """Any other log group has the cluster `unknown`."""
    assert stream_of(log_group).cluster == cluster


@pytest.mark.parametrize(
    ("fields", "account", "region"),
    [
        (None, OWNER, "us-east-1"),
        ({}, OWNER, "us-east-1"),
        ({"@aws.region": "eu-west-1"}, OWNER, "eu-west-1"),
        ({"@aws.region": None, "@aws.account": 1}, OWNER, "us-east-1"),
        ({"@aws.account": "", "@aws.region": ""}, OWNER, "us-east-1"),
        (["@aws.region"], OWNER, "us-east-1"),
        ({"@aws.account": "444455556666"}, "444455556666", "us-east-1"),
    ],
)
def test_a_record_names_the_account_and_the_region_of_its_source(
    fields: object, account: str, region: str
) -> None:
    """They are the payload's owner and the function's region, unless centralised logs name others."""
    event = LogEvent("41", 1_700_000_000_000, " {not json} \ud83d", unread(fields))
    assert record_of(stream_of(), event, Parsed(), 0, [], "us-east-1") == Record(
        timestamp=1_700_000_000_000,
        logGroup=LOG_GROUP,
        logStream=f"authenticator-{HASH}",
        message=" {not json} \ud83d",
        id="41",
        account=account,
        region=region,
        cluster="demo",
        logType=LogType.AUTHENTICATOR,
    )
