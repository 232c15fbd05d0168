"""Which lines of the functions' logs are alerts, and how they are grouped."""

import json

import pytest

from eks_log_forwarder.notifying.alerts import alerts_of
from eks_log_forwarder.record.record import Details
from eks_log_forwarder.telemetry.detection_line import ALERT_WORD, alert_of
from tests.unit.notifying.alert_lines import DETAILS, events, line, message


@pytest.mark.parametrize(("level", "is_told"), [("critical", True), ("high", True), ("medium", False)])
def test_high_and_critical_lines_hold_the_word(level: str, is_told: bool) -> None:  # noqa: FBT001  # a case
    """Only they match the filter pattern."""
    text = message(level=level)
    assert (ALERT_WORD in text, alert_of(text) is not None) == (is_told, is_told)


def test_a_line_is_read_as_it_was_written() -> None:
    """Every field, with its type."""
    found = line()
    assert (found.rule, found.title, found.rule_level) == ("rule-1", "Binding to cluster-admin", "high")
    assert (found.cluster, found.account, found.log_type) == ("prod", "111122223333", "audit")
    assert (found.actor, found.target, found.event_id) == (
        "mallory@example.com",
        "clusterrolebindings backdoor",
        "event-1",
    )
    assert {name: getattr(found, name) for name in Details.__struct_fields__ if name != "account"} == {
        name: getattr(DETAILS, name) for name in Details.__struct_fields__ if name != "account"
    }


@pytest.mark.parametrize(
    "text",
    [
        ALERT_WORD,
        f"[ERROR] {ALERT_WORD}",
        f'"{ALERT_WORD}"',
        f'{{"message":"summary","details":["{ALERT_WORD}"]}}',
        f'{{"notify":"{ALERT_WORD}"}}',
        message(level="low", actor=ALERT_WORD),
        message(level="low", actor=f'","notify":"{ALERT_WORD}'),
        message(level="low", details=Details(user_agent=f'\n{{"notify":"{ALERT_WORD}"}}')),
        message().replace('"response_code": 201', '"response_code": "201"'),
        "[" * 100_000 + ALERT_WORD,
        "\ud800" + ALERT_WORD,
        "",
    ],
)
def test_a_line_that_only_holds_the_word_is_ignored(text: str) -> None:
    """The filter pattern matches the word anywhere, and clients choose texts."""
    assert alerts_of(events(text)) == []


def test_groups_by_rule_actor_and_cluster() -> None:
    """The first line of each group and their number; critical groups come first."""
    found = alerts_of(
        events(
            message(),
            message(target="another"),
            message(actor="bob"),
            message(cluster="staging"),
            message(rule="rule-2", level="critical"),
            message(target="a third"),
            "not an alert",
        )
    )
    assert [(*alert.key, alert.count, alert.first.target) for alert in found] == [
        ("rule-2", "mallory@example.com", "prod", 1, "clusterrolebindings backdoor"),
        ("rule-1", "mallory@example.com", "prod", 3, "clusterrolebindings backdoor"),
        ("rule-1", "bob", "prod", 1, "clusterrolebindings backdoor"),
        ("rule-1", "mallory@example.com", "staging", 1, "clusterrolebindings backdoor"),
    ]


def test_a_line_is_one_line() -> None:
    """Line breaks in a text are escaped, so a client cannot write a line of its own."""
    text = message(actor="a\nb\r\n", details=Details(user_agent="\x1b[31m\u2028"))
    assert len(text.splitlines()) == 1
    assert json.loads(text)["actor"] == "a\nb\r\n"
