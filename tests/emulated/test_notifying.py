"""From a line in the cluster's log group to the mail and the EventBridge event about it."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.emulated.deployment import STACK, Deployed
from tools import demo
from tools.make_event import stream_name

pytestmark = pytest.mark.emulated

_SECONDS = 60
DETECTION_RULE = {"source": ["eks-log-forwarder"], "detail-type": ["Detection"]}


@dataclass(frozen=True, slots=True)
class Inbox:
    """What subscribers of the topic and a rule on the default bus receive."""

    deployed: Deployed
    mails_url: str
    events_url: str

    def receive(self, url: str) -> dict[str, Any]:
        """The next message of a queue; it is deleted."""
        sqs = self.deployed.aws.client("sqs")
        give_up_at = time.monotonic() + _SECONDS
        while time.monotonic() < give_up_at:
            for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2).get("Messages", []):
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found: dict[str, Any] = json.loads(message["Body"])
                return found
        pytest.fail(f"nothing arrived in {url}")

    def told(self) -> list[dict[str, Any]]:
        """What the notify function has logged about each of its invocations."""
        lines = self.deployed.aws.log_lines(self.deployed.outputs["NotifyLogGroupName"])
        logged = (json.loads(line) for line in lines if line.startswith("{"))
        return [line for line in logged if line.get("message") == "notifying"]

    def put(self, *messages: dict[str, Any]) -> None:
        """Puts audit lines into the cluster's log group."""
        logs = self.deployed.aws.client("logs")
        now_ms = int(time.time() * 1000)
        logs.put_log_events(
            logGroupName=demo.LOG_GROUP,
            logStreamName=stream_name("audit", demo.CLUSTER),
            logEvents=[{"timestamp": now_ms, "message": json.dumps(message)} for message in messages],
        )


@pytest.fixture(scope="module")
def inbox(deployed: Deployed) -> Iterator[Inbox]:
    """One queue that is subscribed to the topic, and one that is the target of a rule."""
    sqs, sns, events = (deployed.aws.client(name) for name in ("sqs", "sns", "events"))
    urls, arns = {}, {}
    for name in ("mails", "events"):
        urls[name] = sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=urls[name], AttributeNames=["QueueArn"])
        arns[name] = attributes["Attributes"]["QueueArn"]
    topic = deployed.outputs["AlarmTopicArn"]
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arns["mails"])["SubscriptionArn"]
    events.put_rule(Name="detections", EventPattern=json.dumps(DETECTION_RULE))
    events.put_targets(Rule="detections", Targets=[{"Id": "queue", "Arn": arns["events"]}])
    yield Inbox(deployed, urls["mails"], urls["events"])
    sns.unsubscribe(SubscriptionArn=subscription)
    events.remove_targets(Rule="detections", Ids=["queue"])
    events.delete_rule(Name="detections")


def binding(actor: str, **changes: object) -> dict[str, Any]:
    """An audit event: somebody binds cluster-admin to a user."""
    return {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "RequestResponse",
        "auditID": "5e0b7a52-0000-4000-8000-000000000001",
        "stage": "ResponseComplete",
        "requestURI": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        "verb": "create",
        "user": {
            "username": actor,
            "groups": ["platform-team", "system:authenticated"],
            "extra": {
                "arn": ["arn:aws:sts::111122223333:assumed-role/Operator/mallory"],
                "sessionName": ["mallory"],
            },
        },
        "sourceIPs": ["203.0.113.77"],
        "userAgent": "kubectl/v1.31.0 (linux/amd64)",
        "objectRef": {
            "resource": "clusterrolebindings",
            "name": "backdoor",
            "apiGroup": "rbac.authorization.k8s.io",
            "apiVersion": "v1",
        },
        "responseStatus": {"metadata": {}, "code": 201},
        "requestObject": {
            "kind": "ClusterRoleBinding",
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "metadata": {"name": "backdoor"},
            "subjects": [{"kind": "User", "name": "mallory", "apiGroup": "rbac.authorization.k8s.io"}],
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "cluster-admin",
            },
        },
        "requestReceivedTimestamp": "2026-01-14T10:00:00.123456Z",
        "stageTimestamp": "2026-01-14T10:00:00.234567Z",
    } | changes


def test_a_line_in_the_clusters_log_becomes_a_mail_and_an_event(inbox: Inbox) -> None:
    """The mail says who, what, from where, to what, whether it succeeded and what to do next."""
    inbox.put(binding("mallory@example.com"))
    notification = inbox.receive(inbox.mails_url)
    assert notification["TopicArn"] == inbox.deployed.outputs["AlarmTopicArn"]
    print(notification["Subject"])
    print(notification["Message"])
    event = inbox.receive(inbox.events_url)
    print(json.dumps(event))
    assert 0
