"""Where detections are told: the alarm topic (Amazon SNS) and the default event bus (Amazon EventBridge)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

EVENT_SOURCE = "eks-log-forwarder"
DETAIL_TYPE = "Detection"
MAX_ENTRIES = 10  # of one PutEvents request (Amazon EventBridge API reference)
# A notification is worth a wait, but ten that fail must end before the function's timeout.
_CONFIG = Config(connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 2, "mode": "standard"})


class Channels(Protocol):
    """What the notifier needs. Both return the reason of a failure, or "" for success; they do not raise."""

    def mail(self, subject: str, text: str) -> str:
        """Publishes one message to the topic."""

    def put_events(self, details: Sequence[str]) -> list[str]:
        """Puts at most MAX_ENTRIES events, each with a JSON text as its detail; one reason for each."""


@dataclass(frozen=True, slots=True)
class AwsChannels:
    """The channels of the deployed function."""

    topic_arn: str
    sns: Any
    events: Any

    @classmethod
    def to(cls, topic_arn: str) -> "AwsChannels":
        """Channels with clients of their own."""
        sns, events = boto3.client("sns", config=_CONFIG), boto3.client("events", config=_CONFIG)
        return cls(topic_arn, sns, events)

    def mail(self, subject: str, text: str) -> str:
        """See `Channels.mail`."""
        try:
            self.sns.publish(TopicArn=self.topic_arn, Subject=subject, Message=text)
        except (ClientError, BotoCoreError) as error:
            return f"sns:Publish: {_reason(error)}"
        return ""

    def put_events(self, details: Sequence[str]) -> list[str]:
        """See `Channels.put_events`."""
        entries = [
            {"Source": EVENT_SOURCE, "DetailType": DETAIL_TYPE, "Detail": detail} for detail in details
        ]
        try:
            answer = self.events.put_events(Entries=entries)
        except (ClientError, BotoCoreError) as error:
            return [f"events:PutEvents: {_reason(error)}"] * len(details)
        codes = (entry.get("ErrorCode", "") for entry in answer["Entries"])
        return [f"events:PutEvents: {code}" if code else "" for code in codes]


def _reason(error: Exception) -> str:
    """The error's code or class: its text could repeat what was sent."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__
