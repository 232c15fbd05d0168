"""`make redrive-from`: messages go to another queue, and none is deleted before it was sent."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.stubbed_aws import StubbedAws
from tools.redrive_from import move

SOURCE = "https://sqs.eu-central-1.amazonaws.com/111122223333/old"
TARGET = "https://sqs.eu-central-1.amazonaws.com/111122223333/new"
REASON = {"reason": {"DataType": "String", "StringValue": "http_503"}}


def received(*bodies: str) -> tuple[str, dict[str, Any]]:
    """An answer of ReceiveMessage."""
    messages = [{"Body": body, "ReceiptHandle": f"r-{body}", "MessageAttributes": REASON} for body in bodies]
    return ("receive_message", {"Messages": messages} if messages else {})


def calls(aws: StubbedAws) -> list[tuple[str, str]]:
    """What is asked of SQS from now on: operation, and the body or the receipt."""
    seen: list[tuple[str, str]] = []

    def keep(params: dict[str, Any], model: Any, **_: object) -> None:  # noqa: ANN401  # botocore's model
        if model.name == "SendMessage":
            assert (params["QueueUrl"], params["MessageAttributes"]) == (TARGET, REASON)
            seen.append(("send", params["MessageBody"]))
        elif model.name == "DeleteMessage":
            assert params["QueueUrl"] == SOURCE
            seen.append(("delete", params["ReceiptHandle"]))

    aws.client("sqs").meta.events.register("provide-client-params.sqs", keep)
    return seen


def test_sends_each_message_with_its_attributes_and_then_deletes_it() -> None:
    """Until an answer is empty."""
    sent = ("send_message", {"MessageId": "m"})
    answers = [
        received("a", "b"),
        sent,
        ("delete_message", {}),
        sent,
        ("delete_message", {}),
        received("c"),
        sent,
        ("delete_message", {}),
        received(),
    ]
    moved: list[int] = []
    with StubbedAws(sqs=answers) as aws:
        seen = calls(aws)
        assert move(aws.client, SOURCE, TARGET, lambda: moved.append(1)) == 3
        aws.assert_all_was_asked()
    assert seen == [step for body in "abc" for step in (("send", body), ("delete", f"r-{body}"))]
    assert sum(moved) == 3


def test_a_message_that_cannot_be_sent_stays() -> None:
    """It is visible again after ten minutes, and the same command moves it."""
    with StubbedAws(sqs=[received("a"), ("send_message", "KmsAccessDenied")]) as aws:
        seen = calls(aws)
        with pytest.raises(ClientError, match="KmsAccessDenied"):
            move(aws.client, SOURCE, TARGET, lambda: None)
    assert seen == [("send", "a")]
