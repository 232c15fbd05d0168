"""The subject and the text of a mail, and the query that it links."""

import re

import pytest

from eks_log_forwarder.detection.details import MAX_CHARACTERS
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.notifying.insights import query_link, query_of
from eks_log_forwarder.notifying.mail import (
    MAX_SUBJECT,
    MAX_SUMMARY,
    MAX_TEXT,
    subject_of,
    summary_of,
    text_of,
)
from eks_log_forwarder.record.record import Details
from tests.unit.notifying.alert_lines import DETAILS, line

LONG = "x" * MAX_CHARACTERS + "…"
SHORT = "x" * 128 + "…"
LONGEST = Details(
    account="1" * 12,
    region="eu-central-1",
    verb=SHORT,
    groups=[SHORT] * 10,
    arn=LONG,
    session=SHORT,
    impersonated=LONG,
    source_addresses=[SHORT] * 10,
    user_agent=LONG,
    namespace=SHORT,
    response_code=201,
    reason=SHORT,
    time=SHORT,
)


def test_the_subject_says_level_title_and_cluster() -> None:
    """In this order."""
    assert subject_of(line()) == "HIGH: Binding to cluster-admin in prod"


@pytest.mark.parametrize(
    ("title", "cluster", "subject"),
    [
        ("t" * 200, "prod", f"HIGH: {'t' * 82}... in prod"),
        ("Short", "c" * 100, f"HIGH: Short in {'c' * 37}..."),
        ("t" * 200, "c" * 100, f"HIGH: {'t' * 46}... in {'c' * 37}..."),
        ("Zugriff für\nKonten \N{SKULL}", "prod", "HIGH: Zugriff f?r?Konten ? in prod"),
    ],
)
def test_a_subject_is_short_and_ascii(title: str, cluster: str, subject: str) -> None:
    """SNS refuses any other, and then there would be no mail at all."""
    found = subject_of(line(title=title, cluster=cluster))
    assert found == subject
    assert len(found) <= MAX_SUBJECT < 100
    assert found.isascii()


def test_the_text_answers_the_questions() -> None:
    """Who, what, from where, to what, whether it succeeded, what to do next."""
    text = text_of(line(), 0, 0, "eu-central-1")
    assert text.splitlines()[:11] == [
        "A detection rule of level high matched an event of the EKS cluster prod.",
        "",
        "Rule:       Binding to cluster-admin (level high, rule-1)",
        "Cluster:    prod in account 111122223333, eu-central-1",
        "Time:       2026-01-14T10:00:00.123456Z",
        f"Who:        mallory@example.com ({DETAILS.arn}) session mallory",
        "Groups:     platform-team, system:authenticated",
        "What:       create clusterrolebindings backdoor",
        "From where: 203.0.113.77",
        "Client:     kubectl/v1.31.0",
        "Succeeded:  YES (HTTP 201)",
    ]
    assert "\nWhat to do next:\n1. " in text
    assert "more with the same" not in text
    assert "get no mail" not in text


@pytest.mark.parametrize(
    ("details", "answer"),
    [
        (Details(response_code=200), "YES (HTTP 200)"),
        (Details(response_code=101), "YES (HTTP 101)"),
        (Details(response_code=403, reason="Forbidden"), "no (HTTP 403 Forbidden)"),
        (Details(response_code=404, reason="NotFound"), "no (HTTP 404 NotFound)"),
        (Details(reason="access denied"), "see the reason: access denied"),
        (Details(), "unknown"),
    ],
)
def test_says_whether_it_succeeded(details: Details, answer: str) -> None:
    """By the response code, or by the text of a line without one."""
    assert f"\nSucceeded:  {answer}\n" in text_of(line(details=details), 0, 0, "eu-central-1")


def test_counts_what_it_does_not_show() -> None:
    """Further detections of the group, and groups without a mail."""
    text = text_of(line(), 7, 3, "eu-central-1")
    assert "...and 7 more with the same rule, actor and cluster." in text
    assert "3 further groups of detections get no mail." in text


def test_a_text_is_bounded() -> None:
    """With the longest value of every field, the advice is still in it."""
    longest = line(title="t" * 500, actor=LONG, target=LONG, details=LONGEST)
    text = text_of(longest, 10**9, 10**9, "eu-central-1")
    assert len(text) <= MAX_TEXT
    assert text.endswith("docs/runbooks/detections.md")


def test_an_even_longer_text_is_cut() -> None:
    """A line that somebody else wrote into the log could have longer fields."""
    assert len(text_of(line(actor="x" * 100_000), 0, 0, "eu-central-1")) == MAX_TEXT


def test_the_query_asks_what_the_actor_did() -> None:
    """By the user of audit events, by the text of other lines."""
    assert 'filter user.username = "mallory@example.com"\n' in f"{query_of(line())}\n"
    authenticator = query_of(line(log_type=LogType.AUTHENTICATOR, actor="arn:aws:iam::1:role/ci"))
    assert '| filter @message like "arn:aws:iam::1:role/ci"\n' in authenticator


@pytest.mark.parametrize("actor", ["", "x" * 257, "Bearer [REDACTED:99]"])
def test_a_query_without_a_usable_actor_shows_every_request(actor: str) -> None:
    """A filter by half a name would find nothing."""
    assert "| filter ispresent(auditID)\n" in query_of(line(actor=actor))


def test_an_actor_cannot_leave_its_quotes() -> None:
    """It would change the query that a person runs."""
    assert r'user.username = "a\\\" or 1 = \"1"' in query_of(line(actor='a\\" or 1 = "1'))


def test_the_link_is_the_console_s() -> None:
    """Half an hour around the event; the characters of a text are escaped."""
    link = query_link(line(), "us-east-1")
    start = (
        "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1"
        "#logsV2:logs-insights$3FqueryDetail$3D$257E$2528end$257E$25272026-01-14T10*3a30*3a00.000Z"
        "$257Estart$257E$25272026-01-14T09*3a30*3a00.000Z$257EtimeType$257E$2527ABSOLUTE$257Etz$257E$2527UTC"
        "$257EeditorString$257E$2527fields*20*40timestamp*2c*20verb"
    )
    assert link.startswith(start)
    assert link.endswith("$257Esource$257E$2528$257E$2527*2faws*2feks*2fprod*2fcluster$2529$2529")
    assert re.fullmatch(r"[\w:/.?=#$*-]+", link)


@pytest.mark.parametrize(
    ("region", "console"),
    [
        ("us-east-1", "us-east-1.console.aws.amazon.com"),
        ("cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_the_link_leads_to_the_partition_s_console(region: str, console: str) -> None:
    """China and GovCloud have consoles of their own; without a time, the query is about the last hour."""
    link = query_link(line(details=Details(region=region, time="yesterday")), "eu-west-1")
    assert link.startswith(f"https://{console}/cloudwatch/home?region={region}#")
    assert "start$257E-3600$257EtimeType$257E$2527RELATIVE" in link


def test_the_reader_chooses_the_log_group_of_a_line_of_auto_mode() -> None:
    """It can have any name, and no line names its log type."""
    found = line(log_type=LogType.AUTO_MODE_COMPUTE, actor="autoModeCompute")
    assert query_link(found, "us-east-1").endswith("limit*20200$2529")
    assert "| filter ispresent(@message)\n" in query_of(found)


def test_a_summary_is_one_bounded_line() -> None:
    """Also without actor, target, address and code, and with the longest of each."""
    assert summary_of(line(actor="", target="", details=Details())) == (
        "HIGH: Binding to cluster-admin in prod: somebody audit"
    )
    assert len(summary_of(line(actor=LONG, target=LONG, details=LONGEST))) == MAX_SUMMARY
