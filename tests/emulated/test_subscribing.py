"""Further clusters: the sweep and the rule's function pick up new log groups, and their lines arrive."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.emulated.deployment import Deployed, create_stack, run_tool, table_rows
from tools import ROOT
from tools.local_aws import REGION, LocalAws
from tools.make_event import EVENTS, read_lines, stream_name

pytestmark = pytest.mark.emulated

STACK = "watchful"
CLUSTER_ROLE = "arn:aws:iam::000000000000:role/clusters"
_ARRIVAL_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Watchful:
    """A stack with automatic subscription."""

    aws: LocalAws
    outputs: dict[str, str]

    def invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        """Calls the subscribing function, as EventBridge would; its answer, or what it raised."""
        answer = self.aws.client("lambda").invoke(
            FunctionName=self.outputs["SubscribeFunctionName"], Payload=json.dumps(event).encode()
        )
        result: dict[str, Any] = json.loads(answer["Payload"].read())
        return result

    def filters(self, cluster: str) -> dict[str, str]:
        """Name and destination of the filters on a cluster's log group."""
        found = self.aws.client("logs").describe_subscription_filters(logGroupName=log_group(cluster))
        return {item["filterName"]: item["destinationArn"] for item in found["subscriptionFilters"]}

    def silence_alarms(self) -> list[str]:
        """The names of the alarms that the sweep has made."""
        found = self.aws.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{STACK}-silence-")
        return [alarm["AlarmName"] for alarm in found["MetricAlarms"]]


def log_group(cluster: str) -> str:
    """A cluster's log group."""
    return f"/aws/eks/{cluster}/cluster"


def create_cluster(aws: LocalAws, name: str, *, enabled: bool = True) -> None:
    """A cluster with its log group."""
    aws.client("eks").create_cluster(
        name=name,
        roleArn=CLUSTER_ROLE,
        resourcesVpcConfig={"subnetIds": ["subnet-1", "subnet-2"]},
        logging={"clusterLogging": [{"types": ["audit"], "enabled": enabled}]},
    )
    aws.client("logs").create_log_group(logGroupName=log_group(name))


def hear_of(aws: LocalAws, cluster: str) -> None:
    """The metric of a cluster's audit events; MiniStack makes none from EMF."""
    dimensions = {"cluster": cluster, "logType": "audit", "service": STACK}
    datum = {
        "MetricName": "EventsReceived",
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        "Value": 1.0,
    }
    aws.client("cloudwatch").put_metric_data(Namespace="EksLogForwarder", MetricData=[datum])


@pytest.fixture(scope="module")
def watchful(deployed: Deployed) -> Iterator[Watchful]:
    """Its own cluster is subscribed by the template; tags exempt the clusters of the other tests."""
    aws = deployed.aws
    logs = aws.client("logs")
    aws.client("iam").create_role(RoleName="clusters", AssumeRolePolicyDocument="{}")
    for cluster in ("home", "sandbox"):
        create_cluster(aws, cluster)
    groups = logs.describe_log_groups(logGroupNamePrefix="/aws/eks/")["logGroups"]
    for group in groups:
        if group["logGroupName"] != log_group("home"):
            arn = group["arn"].removesuffix(":*")
            logs.tag_resource(resourceArn=arn, tags={"eks-log-forwarder": "off"})
    outputs = aws.deploy(
        deployed.build_dir,
        STACK,
        {
            "ClusterName": "home",
            "DestinationUrl": deployed.listener.url,
            "DestinationSecretArn": deployed.parameters["DestinationSecretArn"],
            "OtherClusters": "automatic",
        },
    )
    # MiniStack checks this list against the resource *, where AWS takes the ARNs of the template.
    iam, role = aws.client("iam"), {"RoleName": role_name(aws), "PolicyName": "ListInMiniStack"}
    statement = {"Effect": "Allow", "Action": "cloudwatch:DescribeAlarms", "Resource": "*"}
    iam.put_role_policy(
        **role, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    # dev has no silence alarms, and MiniStack refuses the other alarms of staging.
    functions, name = aws.client("lambda"), outputs["SubscribeFunctionName"]
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    variables |= {"SILENCE_MINUTES": "15"}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    yield Watchful(aws, outputs)
    iam.delete_role_policy(**role)
    aws.client("cloudformation").delete_stack(StackName=STACK)


def role_name(aws: LocalAws) -> str:
    """The subscribing function's role."""
    resource = aws.client("cloudformation").describe_stack_resource(
        StackName=STACK, LogicalResourceId="SubscribeRole"
    )
    name: str = resource["StackResourceDetail"]["PhysicalResourceId"]
    return name


def test_the_sweep_picks_up_a_new_log_group_and_its_lines_arrive(
    deployed: Deployed, watchful: Watchful
) -> None:
    """With a filter, a silence alarm after its first audit event, and through the one permission for all."""
    logs = watchful.aws.client("logs")
    create_cluster(watchful.aws, "green")
    logs.create_log_group(logGroupName="/aws/eks/green/nodes")
    answer = watchful.invoke({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
    assert (answer["status"], answer["subscribed"]) == ("OK", [log_group("green")])
    assert watchful.filters("green") == {STACK: watchful.outputs["ForwardFunctionArn"]}
    assert watchful.silence_alarms() == []
    hear_of(watchful.aws, "green")
    assert watchful.invoke({})["alarms_written"] == 1
    assert watchful.silence_alarms() == [f"{STACK}-silence-green"]
    assert watchful.filters("sandbox") == {}
    assert list(watchful.filters("home").values()) == [watchful.outputs["ForwardFunctionArn"]]

    stream, lines = stream_name("audit", "green"), read_lines(EVENTS / "lines" / "audit.log")
    logs.create_log_stream(logGroupName=log_group("green"), logStreamName=stream)
    now_ms = int(time.time() * 1000)
    logs.put_log_events(
        logGroupName=log_group("green"),
        logStreamName=stream,
        logEvents=[{"timestamp": now_ms + n, "message": line} for n, line in enumerate(lines)],
    )
    give_up_at = time.monotonic() + _ARRIVAL_SECONDS
    arrived: list[Any] = []
    while len(arrived) < len(lines) and time.monotonic() < give_up_at:
        time.sleep(0.1)
        arrived = [one["message"] for one in list(deployed.listener.records) if one["cluster"] == "green"]
    assert arrived == lines


def test_a_second_sweep_changes_nothing(watchful: Watchful) -> None:
    """Neither filters nor alarms."""
    first = watchful.invoke({})
    second = watchful.invoke({})
    assert (second["subscribed"], second["alarms_written"]) == ([], 0)
    assert second["already"] == len(first["subscribed"]) + first["already"]


def test_a_recorded_event_of_a_new_log_group_subscribes_it_at_once(watchful: Watchful) -> None:
    """And no other; filters of other owners stay."""
    logs = watchful.aws.client("logs")
    event = json.loads((EVENTS / "create-log-group.json").read_text(encoding="utf-8"))
    blue = event["detail"]["requestParameters"]["logGroupName"]
    other = "arn:aws:lambda:us-east-1:000000000000:function:other"
    for name in ("blue", "black"):
        create_cluster(watchful.aws, name)
    logs.put_subscription_filter(
        logGroupName=blue, filterName="other", filterPattern="", destinationArn=other
    )
    assert watchful.invoke(event)["subscribed"] == [blue]
    assert watchful.filters("blue") == {"other": other, STACK: watchful.outputs["ForwardFunctionArn"]}
    assert watchful.filters("black") == {}


def test_its_own_log_group_is_never_subscribed(watchful: Watchful) -> None:
    """Not even when an event names it."""
    own = watchful.outputs["ForwardLogGroupName"]
    event = {"detail": {"eventName": "CreateLogGroup", "requestParameters": {"logGroupName": own}}}
    assert (watchful.invoke(event)["subscribed"], watchful.invoke({})["status"]) == ([], "OK")
    found = watchful.aws.client("logs").describe_subscription_filters(logGroupName=own)
    destinations = {one["destinationArn"].rpartition(":")[2] for one in found["subscriptionFilters"]}
    assert destinations == {"watchful-notify"}


def test_two_filters_of_others_stay_and_are_reported(watchful: Watchful) -> None:
    """The invocation fails, so that there is an alarm."""
    logs = watchful.aws.client("logs")
    create_cluster(watchful.aws, "full")
    others = {f"other-{n}": f"arn:aws:lambda:us-east-1:000000000000:function:other-{n}" for n in (1, 2)}
    for name, arn in others.items():
        logs.put_subscription_filter(
            logGroupName=log_group("full"), filterName=name, filterPattern="", destinationArn=arn
        )
    answer = watchful.invoke({})
    assert "/aws/eks/full/cluster: it has two subscription filters already" in answer["errorMessage"]
    assert watchful.filters("full") == others
    logs.delete_log_group(logGroupName=log_group("full"))


def test_a_dead_cluster_and_one_without_logging_get_nothing(watchful: Watchful) -> None:
    """Neither does a log group of the class Infrequent Access, which takes no filters."""
    logs, eks = watchful.aws.client("logs"), watchful.aws.client("eks")
    create_cluster(watchful.aws, "dead")
    create_cluster(watchful.aws, "quiet", enabled=False)
    create_cluster(watchful.aws, "rare")
    logs.delete_log_group(logGroupName=log_group("rare"))
    logs.create_log_group(logGroupName=log_group("rare"), logGroupClass="INFREQUENT_ACCESS")
    eks.delete_cluster(name="dead")
    answer = watchful.invoke({})
    assert (answer["status"], answer["subscribed"]) == ("OK", [])
    assert [watchful.filters(name) for name in ("dead", "quiet", "rare")] == [{}, {}, {}]


def test_make_subscribe_restores_the_filter_of_the_stack_s_own_cluster(watchful: Watchful) -> None:
    """By the name and with the pattern that the template gives it, as the runbook on silence says."""
    logs, name = watchful.aws.client("logs"), watchful.outputs["SubscriptionFilterName"]
    logs.delete_subscription_filter(logGroupName=log_group("home"), filterName=name)
    done = run_tool(watchful.aws, "tools.subscribe", "home", "--stack", STACK)
    assert done.returncode == 0, done.stderr
    assert watchful.filters("home") == {name: watchful.outputs["ForwardFunctionArn"]}
    assert f"{STACK}-silence-home" not in watchful.silence_alarms()


def test_subscription_yaml_subscribes_one_more_cluster(watchful: Watchful) -> None:
    """By the name of the forwarder's stack alone, with three alarms that tell its topic."""
    create_cluster(watchful.aws, "yellow")
    cloudformation = watchful.aws.client("cloudformation")
    cloudformation.create_stack(
        StackName="yellow",
        TemplateBody=(ROOT / "subscription.yaml").read_text(encoding="utf-8"),
        Parameters=[
            {"ParameterKey": "ClusterName", "ParameterValue": "yellow"},
            {"ParameterKey": "ForwarderStackName", "ParameterValue": STACK},
        ],
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName="yellow", WaiterConfig={"Delay": 1})
    assert watchful.filters("yellow") == {STACK: watchful.outputs["ForwardFunctionArn"]}
    listed = cloudformation.describe_stack_resources(StackName="yellow")["StackResources"]
    names = [
        item["PhysicalResourceId"] for item in listed if item["ResourceType"] == "AWS::CloudWatch::Alarm"
    ]
    alarms = watchful.aws.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    assert [alarm["AlarmActions"] for alarm in alarms] == [[watchful.outputs["AlarmTopicArn"]]] * 3
    assert watchful.invoke({})["subscribed"] == []
    cloudformation.delete_stack(StackName="yellow")


VENDED = "/aws/vendedlogs/platform"
GITOPS = "/platform/gitops"


def put_lines(aws: LocalAws, log_group: str, stem: str) -> list[str]:
    """Puts the lines of a file in events/lines into a stream whose name says nothing; returns them."""
    logs, lines = aws.client("logs"), read_lines(EVENTS / "lines" / f"{stem}.log")
    logs.create_log_stream(logGroupName=log_group, logStreamName="0a1b2c")
    now_ms = int(time.time() * 1000)
    logs.put_log_events(
        logGroupName=log_group,
        logStreamName="0a1b2c",
        logEvents=[{"timestamp": now_ms + n, "message": line} for n, line in enumerate(lines)],
    )
    return lines


def arrived_from(deployed: Deployed, log_group: str, count: int) -> list[dict[str, Any]]:
    """The records of a log group, once there are so many, or the time is over."""
    give_up_at = time.monotonic() + _ARRIVAL_SECONDS
    found: list[dict[str, Any]] = []
    while len(found) < count and time.monotonic() < give_up_at:
        time.sleep(0.1)
        found = [one for one in list(deployed.listener.records) if one["logGroup"] == log_group]
    return found


def test_subscription_yaml_sends_a_log_of_auto_mode_with_its_cluster_and_type(
    deployed: Deployed, watchful: Watchful
) -> None:
    """Neither log group nor stream names them; the function's policy allows exactly this log group."""
    aws = watchful.aws
    aws.client("logs").create_log_group(logGroupName=VENDED)
    create_stack(
        aws,
        "violet-compute",
        ROOT / "subscription.yaml",
        {
            "ClusterName": "violet",
            "ForwarderStackName": STACK,
            "LogGroupName": VENDED,
            "LogType": "autoModeCompute",
        },
    )
    lines = put_lines(aws, VENDED, "auto-mode-compute")
    found = arrived_from(deployed, VENDED, len(lines))
    assert [one["message"] for one in found] == lines
    assert {(one["cluster"], one["logType"]) for one in found} == {("violet", "autoModeCompute")}
    assert found[2]["klog"]["message"] == "launched nodeclaim"
    policy = json.loads(
        aws.client("lambda").get_policy(FunctionName=watchful.outputs["ForwardFunctionArn"])["Policy"]
    )
    arns = [statement.get("Condition", {}).get("ArnLike", {}) for statement in policy["Statement"]]
    assert f"log-group:{VENDED}:*" in json.dumps(arns)
    aws.client("cloudformation").delete_stack(StackName="violet-compute")


def deliver(aws: LocalAws, cluster: str, log_group: str) -> None:
    """Argo CD's log of a cluster, delivered to a new log group."""
    logs = aws.client("logs")
    logs.create_log_group(logGroupName=log_group)
    (group,) = logs.describe_log_groups(logGroupNamePrefix=log_group)["logGroups"]
    logs.put_delivery_source(
        name="gitops",
        resourceArn=f"arn:aws:eks:{REGION}:000000000000:capability/{cluster}/argocd/gitops/0c4e",
        logType="EKS_CAPABILITY_ARGOCD_SERVER_LOGS",
    )
    destination = logs.put_delivery_destination(
        name="gitops", deliveryDestinationConfiguration={"destinationResourceArn": group["arn"]}
    )["deliveryDestination"]
    logs.create_delivery(deliverySourceName="gitops", deliveryDestinationArn=destination["arn"])


def test_make_subscribe_takes_a_log_group_and_a_log_type(deployed: Deployed, watchful: Watchful) -> None:
    """As make clusters says it, which finds the log group by the deliveries of vended logs."""
    aws = watchful.aws
    deliver(aws, "indigo", GITOPS)
    command = f"make subscribe CLUSTER=indigo LOG_GROUP={GITOPS} LOG_TYPE=capabilityArgocd"
    assert command in run_tool(aws, "tools.clusters", "--stack", STACK, columns=300).stdout
    arguments = ("indigo", "--log-group", GITOPS, "--log-type", "capabilityArgocd", "--stack", STACK)
    done = run_tool(aws, "tools.subscribe", *arguments)
    again = run_tool(aws, "tools.subscribe", *arguments)
    assert (done.returncode, again.returncode) == (0, 0), done.stderr + again.stderr
    assert f"{GITOPS} is subscribed by the filter {STACK}/indigo/capabilityArgocd." in done.stdout
    assert "nothing to do" in again.stdout
    lines = put_lines(aws, GITOPS, "capability-argocd")
    found = arrived_from(deployed, GITOPS, len(lines))
    assert [one["message"] for one in found] == lines
    assert {(one["cluster"], one["logType"]) for one in found} == {("indigo", "capabilityArgocd")}
    assert [one["title"] for record in found for one in record.get("detections", [])] == [
        "Argo CD Denied a Request"
    ]
    listed = run_tool(aws, "tools.clusters", "--stack", STACK, columns=300)
    rows = {cells[2]: cells for cells in table_rows(listed.stdout) if len(cells) > 2}
    assert rows[GITOPS] == ["indigo", "EKS_CAPABILITY_ARGOCD_SERVER_LOGS", GITOPS, "1 of 2", "yes"]
    assert command not in listed.stdout


def test_subscription_yaml_leads_to_a_destination_of_another_account(watchful: Watchful) -> None:
    """With a role, and without a permission of Lambda; MiniStack does not look for the destination."""
    aws, name = watchful.aws, "amber"
    create_cluster(aws, name)
    destination = f"arn:aws:logs:{REGION}:111122223333:destination:central"
    before = aws.client("lambda").get_policy(FunctionName=watchful.outputs["ForwardFunctionArn"])["Policy"]
    outputs = create_stack(
        aws,
        name,
        ROOT / "subscription.yaml",
        {
            "ClusterName": name,
            "ForwarderStackName": "central",
            "DestinationArn": destination,
            "FilterRoleName": CLUSTER_ROLE.rpartition("/")[2],
        },
    )
    assert outputs == {"SubscribedLogGroupName": log_group(name), "SubscriptionFilterName": "central"}
    (found,) = aws.client("logs").describe_subscription_filters(logGroupName=log_group(name))[
        "subscriptionFilters"
    ]
    assert (found["destinationArn"], found["roleArn"]) == (destination, CLUSTER_ROLE)
    after = aws.client("lambda").get_policy(FunctionName=watchful.outputs["ForwardFunctionArn"])["Policy"]
    assert after == before
    aws.client("cloudformation").delete_stack(StackName=name)
    aws.client("eks").delete_cluster(name=name)
