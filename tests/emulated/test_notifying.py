"""From a line in the cluster's log group to the mail and the EventBridge event about it."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from eks_log_forwarder.telemetry.detection_line import ALERT_WORD
from tests.emulated.deployment import Deployed
from tools import ROOT, demo
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

    def receive(self, url: str, about: str) -> dict[str, Any]:
        """The first message that holds a text. Others are about the lines of the demo."""
        sqs = self.deployed.aws.client("sqs")
        give_up_at = time.monotonic() + _SECONDS
        while time.monotonic() < give_up_at:
            for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2).get("Messages", []):
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                if about in message["Body"]:
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
        policy = {
            "Effect": "Allow",
            "Principal": {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]},
            "Action": "sqs:SendMessage",
            "Resource": arns[name],
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [policy]})
        sqs.set_queue_attributes(QueueUrl=urls[name], Attributes={"Policy": document})
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
    mail = inbox.receive(inbox.mails_url, about="mallory@example.com")
    assert mail["TopicArn"] == inbox.deployed.outputs["AlarmTopicArn"]
    assert mail["Subject"] == "HIGH: Binding to cluster-admin in demo"
    shown = (ROOT / "docs" / "notifications.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```text\n(.*?)^```$", shown, re.MULTILINE | re.DOTALL)
    subject, _, text = example.partition("\n\n")
    assert subject == f"Subject: {mail['Subject']}"
    # CloudWatch gives each event another id
    assert without_ids(mail["Message"]) == without_ids(text.rstrip())
    event = inbox.receive(inbox.events_url, about="mallory@example.com")
    assert (event["source"], event["detail-type"]) == ("eks-log-forwarder", "Detection")
    assert event["detail"].pop("event_id")
    assert event["detail"] == {
        "rule": "b5d60852-49f9-4742-a34a-a8e2ce1db5e8",
        "title": "Binding to cluster-admin",
        "rule_level": "high",
        "cluster": "demo",
        "account": "000000000000",
        "region": "us-east-1",
        "log_type": "audit",
        "verb": "create",
        "actor": "mallory@example.com",
        "groups": ["platform-team", "system:authenticated"],
        "arn": "arn:aws:sts::111122223333:assumed-role/Operator/mallory",
        "session": "mallory",
        "impersonated": "",
        "source_addresses": ["203.0.113.77"],
        "user_agent": "kubectl/v1.31.0 (linux/amd64)",
        "target": "clusterrolebindings backdoor",
        "namespace": "",
        "response_code": 201,
        "reason": "",
        "time": "2026-01-14T10:00:00.123456Z",
        "more": 0,
        "summary": "HIGH: Binding to cluster-admin in demo: mallory@example.com create"
        " clusterrolebindings backdoor from 203.0.113.77 (HTTP 201)",
    }


def test_the_word_in_a_text_of_a_client_tells_nobody(inbox: Inbox) -> None:
    """A detection of level medium reaches the function by a forged name, and is ignored."""
    forged = f'","notify":"{ALERT_WORD}","rule_level":"critical'
    inbox.put(binding(forged, verb="delete", requestObject=None))
    give_up_at = time.monotonic() + _SECONDS
    while time.monotonic() < give_up_at and not (ignored := [n for n in inbox.told() if not n["alerts"]]):
        time.sleep(0.5)
    assert [(told["mails"], told["events"]) for told in ignored] == [(0, 0)]


def without_ids(text: str) -> str:
    """The text of a mail without the event's id."""
    return re.sub(r"(?m)^Event: .*$", "Event:", text)
