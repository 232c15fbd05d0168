"""What is sent to Amazon SNS and EventBridge, and what their refusals become."""

import boto3
import pytest
from botocore.stub import Stubber

from eks_log_forwarder.notifying.channels import AwsChannels

TOPIC = "arn:aws:sns:us-east-1:111122223333:eks-logs-alarms"
FAKE = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}


@pytest.fixture
def channels() -> AwsChannels:
    """Channels whose clients reach nothing."""
    return AwsChannels(TOPIC, boto3.client("sns", **FAKE), boto3.client("events", **FAKE))  # type: ignore[call-overload]


def test_mails_to_the_topic(channels: AwsChannels) -> None:
    """With a subject of its own."""
    with Stubber(channels.sns) as stub:
        stub.add_response(
            "publish", {"MessageId": "1"}, {"TopicArn": TOPIC, "Subject": "HIGH: x", "Message": "text"}
        )
        assert channels.mail("HIGH: x", "text") == ""
        stub.assert_no_pending_responses()


def test_a_refused_mail_has_a_reason_without_its_text(channels: AwsChannels) -> None:
    """The error's message could repeat what was sent."""
    with Stubber(channels.sns) as stub:
        stub.add_client_error("publish", "KMSAccessDenied", "secret text")
        assert channels.mail("HIGH: x", "text") == "sns:Publish: KMSAccessDenied"


def test_puts_events_on_the_default_bus(channels: AwsChannels) -> None:
    """Each has its own answer."""
    entry = {"Source": "eks-log-forwarder", "DetailType": "Detection"}
    with Stubber(channels.events) as stub:
        stub.add_response(
            "put_events",
            {"FailedEntryCount": 1, "Entries": [{"EventId": "1"}, {"ErrorCode": "ThrottlingException"}]},
            {"Entries": [entry | {"Detail": "{}"}, entry | {"Detail": '{"a":1}'}]},
        )
        assert channels.put_events(["{}", '{"a":1}']) == ["", "events:PutEvents: ThrottlingException"]


def test_a_refused_request_is_a_reason_for_each_event(channels: AwsChannels) -> None:
    """So that a retry puts all of them."""
    with Stubber(channels.events) as stub:
        stub.add_client_error("put_events", "AccessDeniedException")
        assert channels.put_events(["{}", "{}"]) == ["events:PutEvents: AccessDeniedException"] * 2


def test_no_connection_is_a_reason_too(channels: AwsChannels) -> None:
    """The SDK's own errors, by their class."""
    unreachable = boto3.client("sns", endpoint_url="http://127.0.0.1:9", **FAKE)  # type: ignore[call-overload]
    assert AwsChannels(TOPIC, unreachable, channels.events).mail("s", "t") == (
        "sns:Publish: EndpointConnectionError"
    )
