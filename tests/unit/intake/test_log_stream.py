"""Cluster, log type and account of a stream."""

import json

import pytest

from eks_log_forwarder.control_plane.parsing import Parsed, parse
from eks_log_forwarder.intake.log_stream import LogStream, origin_of
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent, SubscriptionPayload, unread
from eks_log_forwarder.record.record import Record, record_of
from tests.payloads import LOG_GROUP, OWNER

HASH = "0123456789abcdef0123456789abcdef"


def stream_of(
    log_group: str = LOG_GROUP, name: str = f"authenticator-{HASH}", filters: object = None
) -> LogStream:
    """Return the stream of a payload without events."""
    return LogStream.of(SubscriptionPayload("DATA_MESSAGE", OWNER, log_group, name, unread(filters), []))


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


VENDED = "/aws/vendedlogs/eks"


@pytest.mark.parametrize(
    ("log_group", "cluster", "log_type"),
    [
        (f"{VENDED}/cluster/AUTO_MODE_COMPUTE_LOGS/shop-2", "shop-2", "autoModeCompute"),
        (f"{VENDED}/cluster/AUTO_MODE_BLOCK_STORAGE_LOGS/shop-2", "shop-2", "autoModeBlockStorage"),
        (f"{VENDED}/cluster/AUTO_MODE_LOAD_BALANCING_LOGS/shop-2", "shop-2", "autoModeLoadBalancing"),
        (f"{VENDED}/cluster/AUTO_MODE_IPAM_LOGS/shop-2", "shop-2", "autoModeIpam"),
        (f"{VENDED}/shop-2/EKS_CAPABILITY_ACK_LOGS", "shop-2", "capabilityAck"),
        (f"{VENDED}/shop-2/EKS_CAPABILITY_KRO_LOGS", "shop-2", "capabilityKro"),
        (f"{VENDED}/shop-2/EKS_CAPABILITY_ARGOCD_APPLICATION_LOGS", "shop-2", "capabilityArgocd"),
        (f"{VENDED}/shop-2/EKS_CAPABILITY_ARGOCD_APPLICATIONSET_LOGS", "shop-2", "capabilityArgocd"),
        (f"{VENDED}/shop-2/EKS_CAPABILITY_ARGOCD_COMMITSERVER_LOGS", "shop-2", "capabilityArgocd"),
        (f"{VENDED}/shop-2/EKS_CAPABILITY_ARGOCD_REPOSERVER_LOGS", "shop-2", "capabilityArgocd"),
        (f"{VENDED}/shop-2/EKS_CAPABILITY_ARGOCD_SERVER_LOGS", "shop-2", "capabilityArgocd"),
        # other spellings
        (f"{VENDED}/shop-2/auto-mode-compute", "shop-2", "autoModeCompute"),
        (f"{VENDED}/shop-2/auto-mode-compute-logs", "shop-2", "autoModeCompute"),
        (f"{VENDED}/shop-2/autoModeIpam", "shop-2", "autoModeIpam"),
        ("/aws/eks/shop-2/capabilities/ack", "shop-2", "capabilityAck"),
        ("/aws/eks/shop-2/capability/argocd", "shop-2", "capabilityArgocd"),
        ("/aws/eks/shop-2/auto-mode/block-storage", "shop-2", "autoModeBlockStorage"),
        ("AUTO_MODE_IPAM_LOGS/shop-2", "shop-2", "autoModeIpam"),
        # EKS's own prefix says which part is the cluster
        ("/aws/eks/shop-2/team-a/auto-mode-ipam", "shop-2", "autoModeIpam"),
        ("/aws/eks/AUTO_MODE_IPAM_LOGS/shop-2", "shop-2", "autoModeIpam"),
        # the last part is the cluster where the path is the usual one, whatever its name
        (f"{VENDED}/cluster/AUTO_MODE_IPAM_LOGS/eks-cluster", "eks-cluster", "autoModeIpam"),
        (f"{VENDED}/cluster/EKS_CAPABILITY_KRO_LOGS/eks", "eks", "capabilityKro"),
        (f"{VENDED}/cluster/capabilities/kro", "unknown", "capabilityKro"),
        (f"{VENDED}/cluster/eks-cluster/AUTO_MODE_IPAM_LOGS", "unknown", "autoModeIpam"),
        # more than one part, or none, can be a cluster
        ("/team-a/shop-2/AUTO_MODE_IPAM_LOGS", "unknown", "autoModeIpam"),
        (f"{VENDED}/cluster/AUTO_MODE_IPAM_LOGS", "unknown", "autoModeIpam"),
        (f"{VENDED}/cluster/AUTO_MODE_IPAM_LOGS/-shop", "unknown", "autoModeIpam"),
        # no type
        (f"{VENDED}/cluster/AUTO_MODE_FUTURE_LOGS/shop-2", "unknown", "unknown"),
        ("/aws/eks/shop-2/argocd-server", "unknown", "unknown"),
        ("/aws/containerinsights/shop-2/application", "unknown", "unknown"),
        (f"/aws/eks/{'x' * 600}/AUTO_MODE_IPAM_LOGS", "unknown", "unknown"),
    ],
)
def test_the_name_of_a_vended_log_group_can_say_both(log_group: str, cluster: str, log_type: str) -> None:
    """Any case and punctuation will do; a doubtful cluster is unknown rather than wrong."""
    stream = stream_of(log_group, "controller-0a1b", ["forwarder"])
    assert (stream.cluster, stream.log_type) == (cluster, log_type)


@pytest.mark.parametrize(
    ("filters", "cluster", "log_type"),
    [
        (["forwarder/shop-2/capabilityKro"], "shop-2", "capabilityKro"),
        (["other", "forwarder/shop-2/capabilityKro"], "shop-2", "capabilityKro"),
        (["replay:seen", "forwarder/shop-2/audit"], "shop-2", "audit"),
        (["forwarder/shop-2/mixed"], "shop-2", "autoModeIpam"),
        (["forwarder"], "west", "autoModeIpam"),
        ([], "west", "autoModeIpam"),
        (None, "west", "autoModeIpam"),
        ("forwarder/shop-2/capabilityKro", "west", "autoModeIpam"),
        ([1, "forwarder/shop-2/capabilityKro"], "west", "autoModeIpam"),
    ],
)
def test_the_name_of_the_filter_outweighs_that_of_a_vended_log_group(
    filters: object, cluster: str, log_type: str
) -> None:
    """A value that is not a list of texts says nothing."""
    stream = stream_of("/eks-auto-mode-logs/AUTO_MODE_IPAM_LOGS/west", "s", filters)
    assert (stream.cluster, stream.log_type) == (cluster, log_type)


@pytest.mark.parametrize(
    ("name", "log_type"),
    [
        ("AUTO_MODE_COMPUTE_LOGS/0a1b", "autoModeCompute"),
        ("eks-capability-kro-logs", "capabilityKro"),
        (f"kube-apiserver-audit-{HASH}", "audit"),
        ("0a1b", "unknown"),
    ],
)
def test_streams_of_a_shared_log_group_say_their_types(name: str, log_type: str) -> None:
    """One group may take several types; the cluster is the filter's."""
    stream = stream_of("/platform/logs", name, ["forwarder/shop-2/mixed"])
    assert (stream.cluster, stream.log_type) == ("shop-2", log_type)


def test_a_streams_name_never_says_the_cluster() -> None:
    """It is a dimension of metrics, and whoever writes to a log group can create streams."""
    stream = stream_of("/platform/AUTO_MODE_IPAM_LOGS", "AUTO_MODE_COMPUTE_LOGS/shop-2")
    assert (stream.cluster, stream.log_type) == ("platform", LogType.AUTO_MODE_COMPUTE)


def test_no_filter_renames_a_cluster() -> None:
    """Its own log group and streams outweigh the name of a filter."""
    stream = stream_of("/aws/eks/west/cluster", f"kube-scheduler-{HASH}", ["forwarder/shop-2/audit"])
    assert (stream.cluster, stream.log_type) == ("west", LogType.SCHEDULER)
    stream = stream_of("/aws/eks/west/cluster", "karpenter", ["forwarder/shop-2/autoModeCompute"])
    assert (stream.cluster, stream.log_type) == ("west", LogType.UNKNOWN)


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


CAPABILITY = "arn:aws:eks:us-east-1:111122223333:capability/shop-2/argocd/gitops/0c4e8a52"


@pytest.mark.parametrize(
    ("log_group", "log_type", "arn", "cluster"),
    [
        ("/platform/logs", "capabilityArgocd", CAPABILITY, "shop-2"),
        ("/platform/logs", "autoModeIpam", "arn:aws-cn:eks:cn-north-1:1:cluster/west", "west"),
        ("/platform/logs", "autoModeIpam", "arn:aws:eks:us-east-1:1:nodegroup/west/a/b", "unknown"),
        ("/platform/logs", "autoModeIpam", "arn:aws:eks:us-east-1:1:cluster/-", "unknown"),
        ("/platform/logs", "autoModeIpam", f"arn:aws:eks:us-east-1:1:cluster/{'w' * 101}", "unknown"),
        ("/platform/logs", "autoModeIpam", "", "unknown"),
        # where a name says the cluster, the line does not
        ("/aws/vendedlogs/AUTO_MODE_IPAM_LOGS/east", "autoModeIpam", CAPABILITY, "east"),
        # other log types have no such field
        ("/platform/logs", "scheduler", CAPABILITY, "unknown"),
    ],
)
def test_a_line_of_a_shared_log_group_says_its_cluster(
    log_group: str, log_type: str, arn: str, cluster: str
) -> None:
    """CloudWatch puts the ARN of the cluster or the capability into each line of vended logs."""
    stream = LogStream(log_group, "s", OWNER, origin_of(log_group, "s", ())[0], LogType(log_type))
    event = LogEvent("41", 1_700_000_000_000, json.dumps({"message": "x", "resource_arn": arn}))
    record = record_of(stream, event, parse(stream.log_type, event), 0, [], "us-east-1")
    assert record.cluster == cluster
