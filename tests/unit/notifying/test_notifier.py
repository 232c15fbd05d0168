"""One mail and one event for each group; a retry repeats only what failed."""

import pytest

from eks_log_forwarder.errors import NotifyingError
from eks_log_forwarder.notifying.alerts import alerts_of
from eks_log_forwarder.notifying.notifier import MAX_MAILS, Notifier
from tests.unit.notifying.alert_lines import Recorder, events, message


def test_a_group_gets_one_mail_and_one_event() -> None:
    """Both say how many more there were; the event has every field, empty ones too, but not the word."""
    channels = Recorder()
    alerts = alerts_of(events(message(), message(), message(actor="bob")))
    assert Notifier(channels, "eu-central-1").tell(alerts, "r1") == {"mails": 2, "events": 2}
    assert [("...and 1 more" in text, "bob" in text) for _, text in channels.mails] == [
        (True, False),
        (False, True),
    ]
    assert channels.batches == [2]
    assert channels.details[0] == {
        "rule": "rule-1",
        "title": "Binding to cluster-admin",
        "rule_level": "high",
        "cluster": "prod",
        "account": "111122223333",
        "region": "eu-central-1",
        "log_type": "audit",
        "verb": "create",
        "actor": "mallory@example.com",
        "groups": ["platform-team", "system:authenticated"],
        "arn": "arn:aws:sts::111122223333:assumed-role/Operator/mallory",
        "session": "mallory",
        "source_addresses": ["203.0.113.77"],
        "user_agent": "kubectl/v1.31.0",
        "target": "clusterrolebindings backdoor",
        "response_code": 201,
        "time": "2026-01-14T10:00:00.123456Z",
        "event_id": "event-1",
        "impersonated": "",
        "namespace": "",
        "reason": "",
        "more": 1,
        "summary": "HIGH: Binding to cluster-admin in prod: mallory@example.com create clusterrolebindings"
        " backdoor from 203.0.113.77 (HTTP 201)",
    }


def test_the_same_is_not_told_twice_within_the_hour() -> None:
    """Neither by mail nor as an event."""
    channels = Recorder()
    notifier = Notifier(channels, "eu-central-1")
    alerts = alerts_of(events(message()))
    notifier.tell(alerts, "r1")
    assert notifier.tell(alerts, "r2") == {"mails": 0, "events": 0}
    assert (len(channels.mails), len(channels.details)) == (1, 1)


def test_a_retry_repeats_only_what_failed() -> None:
    """One mail of two, and one event of two; each is told exactly once in the end."""
    channels = Recorder(mail_faults=["", "sns:Publish: Throttled"], event_faults=["events:PutEvents: X"])
    notifier = Notifier(channels, "eu-central-1")
    alerts = alerts_of(events(message(), message(actor="bob")))
    with pytest.raises(NotifyingError, match=r"2 notification\(s\).*events:PutEvents: X; sns:Publish: Thr"):
        notifier.tell(alerts, "r1")
    assert (len(channels.mails), [one["actor"] for one in channels.details]) == (1, ["bob"])
    assert notifier.tell(alerts, "r1") == {"mails": 1, "events": 1}
    assert ["bob" in text for _, text in channels.mails] == [False, True]
    assert [one["actor"] for one in channels.details] == ["bob", "mallory@example.com"]
    assert notifier.tell(alerts, "r1") == {"mails": 0, "events": 0}


def test_a_payload_makes_at_most_ten_mails() -> None:
    """The last one says how many groups get none; each group has an event, ten in a request."""
    channels = Recorder()
    many = alerts_of(events(*(message(actor=f"actor-{number}") for number in range(25))))
    assert Notifier(channels, "eu-central-1").tell(many, "r1") == {"mails": MAX_MAILS, "events": 25}
    assert MAX_MAILS == 10
    assert ["15 further groups" in text for _, text in channels.mails] == [False] * 9 + [True]
    assert channels.batches == [10, 10, 5]


def test_what_got_no_mail_gets_one_the_next_time() -> None:
    """It was not told, so the hour has not begun."""
    channels = Recorder()
    notifier = Notifier(channels, "eu-central-1")
    many = alerts_of(events(*(message(actor=f"actor-{number}") for number in range(12))))
    notifier.tell(many, "r1")
    assert notifier.tell(many, "r2") == {"mails": 2, "events": 0}


def test_an_error_s_text_is_bounded() -> None:
    """Lambda keeps it with the payload."""
    channels = Recorder(event_faults=[f"events:PutEvents: {number}{'x' * 99}" for number in range(10)])
    many = alerts_of(events(*(message(actor=f"actor-{number}") for number in range(10))))
    with pytest.raises(NotifyingError) as raised:
        Notifier(channels, "eu-central-1").tell(many, "r1")
    assert len(str(raised.value)) <= 500
