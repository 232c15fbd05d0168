"""The entry of the notify function: from a subscription payload to mails and events."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from eks_log_forwarder import notify_handler
from eks_log_forwarder.errors import NotifyingError, PayloadError, SettingsError
from eks_log_forwarder.notifying.notifier import Notifier
from tests.unit.notifying.alert_lines import Recorder, message
from tools.lambda_context import lambda_context
from tools.make_event import Source, control_message, data_message, encode_event


def event(payload: dict[str, Any]) -> Any:  # noqa: ANN401  # Lambda's JSON
    """What Lambda hands to the handler."""
    return json.loads(encode_event(payload))


def lines(*messages: str) -> Any:  # noqa: ANN401  # as above
    """A payload of the forward function's log."""
    return event(data_message(list(messages), Source("2026/01/14/[$LATEST]0a1b")))


@pytest.fixture
def channels(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """The channels of a new container."""
    recorder = Recorder()
    notifier = Notifier(recorder, "eu-central-1")
    monkeypatch.setattr(notify_handler, "notifier", lambda: notifier)
    return recorder


def test_tells_what_is_in_the_payload(channels: Recorder) -> None:
    """And answers with the counts."""
    answer = notify_handler.handler(lines(message(), "other", message(actor="bob")), lambda_context())
    assert answer == {"status": "OK", "alerts": 2, "mails": 2, "events": 2}
    assert [subject for subject, _ in channels.mails] == ["HIGH: Binding to cluster-admin in prod"] * 2


def test_a_control_message_tells_nothing(channels: Recorder) -> None:
    """CloudWatch checks with it whether the function can be reached."""
    answer = notify_handler.handler(event(control_message(["CWL CONTROL MESSAGE"])), lambda_context())
    assert answer == {"status": "OK", "alerts": 0, "mails": 0, "events": 0}
    assert channels.mails == []


def test_raises_what_could_not_be_sent_and_repeats_only_that(channels: Recorder) -> None:
    """Lambda invokes it again with the same payload and request id."""
    channels.event_faults = ["events:PutEvents: AccessDeniedException"]
    with pytest.raises(NotifyingError, match="AccessDeniedException"):
        notify_handler.handler(lines(message()), lambda_context())
    answer = notify_handler.handler(lines(message()), lambda_context())
    assert answer == {"status": "OK", "alerts": 1, "mails": 0, "events": 1}
    assert (len(channels.mails), len(channels.details)) == (1, 1)


def test_its_log_has_counts_and_no_text_of_a_client(channels: Recorder, printed: Callable[[], str]) -> None:
    """So its own log could not feed it, even if it were subscribed."""
    notify_handler.handler(lines(message()), lambda_context())
    written = printed()
    assert '"message":"notifying"' in written
    assert "mallory" not in written
    assert len(channels.mails) == 1


def test_what_is_no_payload_is_an_error() -> None:
    """Somebody invoked it by hand."""
    with pytest.raises(PayloadError, match="awslogs"):
        notify_handler.handler({}, lambda_context())


def test_a_missing_topic_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The template sets it."""
    monkeypatch.delenv("ALARM_TOPIC_ARN", raising=False)
    notify_handler.notifier.cache_clear()
    with pytest.raises(SettingsError, match="ALARM_TOPIC_ARN is missing"):
        notify_handler.notifier()
