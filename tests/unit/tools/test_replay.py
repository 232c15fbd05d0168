"""`make replay`: what is read, what the forward function gets, and where an interrupted replay continues."""

import base64
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from eks_log_forwarder.intake.payload import decode_payload, was_seen_before
from tests.stubbed_aws import StubbedAws
from tools.log_groups import LogGroup, SubscriptionFilter
from tools.make_event import encode_event
from tools.replay.__main__ import filter_pattern, main, origin
from tools.replay.dry_run import DryRun
from tools.replay.payloads import MAX_TEXT_BYTES, Origin, chunks
from tools.replay.sending import replay
from tools.replay.span import Progress, Span, milliseconds, shown
from tools.stack import Stack

FUNCTION = "arn:aws:lambda:eu-central-1:111122223333:function:forwarder-forward"
STACK = Stack("forwarder", FUNCTION, "", frozenset(), parameters={"FilterPattern": "from-the-stack"})
GROUP = "/aws/eks/prod/cluster"
ORIGIN = Origin(STACK, GROUP, "forwarder")
SPAN = Span(GROUP, 0, 10)


def event(number: int, stream: str, message: str) -> dict[str, Any]:
    """A log event as FilterLogEvents gives it."""
    return {"eventId": f"{number:056d}", "logStreamName": stream, "timestamp": number, "message": message}


def payloads(events: list[dict[str, Any]], origin: Origin = ORIGIN) -> list[dict[str, Any]]:
    """All payloads of some events."""
    return [payload for chunk in chunks(events, origin) for payload in chunk.payloads]


def nowhere(_until_ms: int) -> None:
    """No progress bar."""


def test_keeps_ids_and_times_and_one_stream_a_payload() -> None:
    """Events of two streams that alternate make two payloads, each in order."""
    found = payloads([event(1, "a", "x"), event(2, "b", "y"), event(3, "a", "z")])
    assert [(payload["logStream"], payload["logEvents"]) for payload in found] == [
        (
            "a",
            [
                {"id": f"{1:056d}", "timestamp": 1, "message": "x"},
                {"id": f"{3:056d}", "timestamp": 3, "message": "z"},
            ],
        ),
        ("b", [{"id": f"{2:056d}", "timestamp": 2, "message": "y"}]),
    ]
    assert {(payload["owner"], payload["logGroup"]) for payload in found} == {("111122223333", GROUP)}


def test_splits_before_lambda_s_limit() -> None:
    """Five events of 150 kB make payloads of two, two and one; a payload stays below 1 MB as it is sent."""
    found = payloads([event(number, "a", "x" * 150_000) for number in range(5)])
    assert [len(payload["logEvents"]) for payload in found] == [2, 2, 1]
    assert MAX_TEXT_BYTES * 4 / 3 < 1_000_000
    assert max(len(encode_event(payload)) for payload in found) < 1_000_000


@pytest.mark.parametrize("seen", [True, False])
def test_marks_lines_that_were_seen_as_the_function_reads_it(seen: bool) -> None:  # noqa: FBT001  # a parameter
    """And no others."""
    (payload,) = payloads([event(1, "a", "x")], Origin(STACK, GROUP, "forwarder", seen=seen))
    assert was_seen_before(decode_payload(json.loads(encode_event(payload)))) is seen


def test_hands_all_pages_to_the_function_asynchronously(tmp_path: Path) -> None:
    """So that Lambda tries again and keeps what fails, as for CloudWatch. The filter pattern is used."""
    first = {"events": [event(1, "a", "x")], "nextToken": "more"}
    second = {"events": [event(2, "a", "y"), event(3, "b", "z")]}
    with StubbedAws(
        logs=[("filter_log_events", first), ("filter_log_events", second)],
        lambda_=[("invoke", {"StatusCode": 202}), ("invoke", {"StatusCode": 202})],
    ) as aws:
        sent: list[dict[str, Any]] = []
        read: list[dict[str, Any]] = []
        aws.client("lambda").meta.events.register(
            "provide-client-params.lambda.Invoke", lambda params, **_: sent.append(params)
        )
        aws.client("logs").meta.events.register(
            "provide-client-params.cloudwatch-logs.FilterLogEvents", lambda params, **_: read.append(params)
        )
        progress = Progress(tmp_path / "p.json", Span(GROUP, 0, 10, "audit"), seen=False)
        assert replay(aws.client, ORIGIN, progress, nowhere) == {"events": 3, "payloads": 2}
        aws.assert_all_was_asked()
    assert {params["InvocationType"] for params in sent} == {"Event"}
    assert [params["filterPattern"] for params in read] == ["audit", "audit"]
    data = json.loads(sent[0]["Payload"])["awslogs"]["data"]
    assert json.loads(gzip.decompress(base64.b64decode(data)))["logStream"] == "a"
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_replay_continues_where_it_was(tmp_path: Path) -> None:
    """The second chunk fails: the same command continues at the first's last event, another at its start."""
    large = "x" * 1_000_000
    events = [event(number, f"s{number % 2}", large) for number in range(1, 5)]
    progress = Progress(tmp_path / "p.json", SPAN, seen=False)
    with (
        StubbedAws(
            logs=[("filter_log_events", {"events": events})],
            lambda_=[*[("invoke", {"StatusCode": 202})] * 2, ("invoke", "TooManyRequestsException")],
        ) as aws,
        pytest.raises(Exception, match="TooManyRequests"),
    ):
        replay(aws.client, ORIGIN, progress, nowhere)
    assert progress.sent_until_ms() == 2
    assert Progress(progress.path, Span(GROUP, 0, 9), seen=False).sent_until_ms() is None
    assert Progress(progress.path, SPAN, seen=True).sent_until_ms() is None

    read: list[dict[str, Any]] = []
    with StubbedAws(
        logs=[("filter_log_events", {"events": events[1:]})],
        lambda_=[("invoke", {"StatusCode": 202})] * 3,
    ) as aws:
        aws.client("logs").meta.events.register(
            "provide-client-params.cloudwatch-logs.FilterLogEvents", lambda params, **_: read.append(params)
        )
        assert replay(aws.client, ORIGIN, progress, nowhere) == {"events": 3, "payloads": 3}
    assert read[0]["startTime"] == 2


@pytest.mark.parametrize("text", ["", "{", "[]", '{"sent_until_ms": 3}'])
def test_a_damaged_file_of_a_replay_is_ignored(tmp_path: Path, text: str) -> None:
    """Then the replay starts at its start; duplicates keep their ids."""
    path = tmp_path / "p.json"
    path.write_text(text, encoding="utf-8")
    assert Progress(path, SPAN, seen=False).sent_until_ms() is None


@pytest.mark.parametrize(
    ("filters", "pattern"),
    [
        ([("other", "arn:other", "x"), ("ours", FUNCTION, "audit")], "audit"),
        ([("ours", f"{FUNCTION}:live", "")], ""),
        ([("other", "arn:other", "x")], "from-the-stack"),
        ([], "from-the-stack"),
    ],
    ids=["ours", "ours, an alias, all lines", "another's", "deleted"],
)
def test_takes_the_pattern_of_the_stack_s_filter(filters: list[tuple[str, str, str]], pattern: str) -> None:
    """If the filter is gone, which is why lines were lost, the stack's parameter is used."""
    group = LogGroup(GROUP, None, tuple(SubscriptionFilter(*one) for one in filters))
    assert filter_pattern(group, STACK) == pattern


def test_a_dry_run_counts_by_log_type_and_names_the_cost() -> None:
    """Two audit lines and one of the authenticator are two payloads."""
    dry = DryRun()
    lines = [
        event(1, "kube-apiserver-audit-1", "xx"),
        event(2, "authenticator-1", "y"),
        event(3, "kube-apiserver-audit-1", "z"),
    ]
    for chunk in chunks(lines, ORIGIN):
        dry.count(chunk)
    text = "\n".join(dry.report(seen=False))
    assert (dry.events, dry.payloads, dry.size_bytes) == (Counter(audit=2, authenticator=1), 2, 4)
    assert "3 events (0.0 MB) would be sent in 2 payloads" in text
    assert "raise alarms again; SEEN=yes prevents it" in text
    assert "raise no metric" in "\n".join(dry.report(seen=True))


@pytest.mark.parametrize("text", ["yesterday", "", "10:00", "1931-01-31T10:00", "2026-13-01", "0001-01-01"])
def test_a_wrong_time_gives_a_sentence(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """It says how to write one, and nothing is sent."""
    with pytest.raises(SystemExit):
        main(["prod", text, "2026-01-31T10:00"])
    assert f"{text!r} is not a time: write it like 2026-01-31T10:00 (UTC)" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    [
        "1970-01-01T01:00:01+01:00",
        "1970-01-01T00:00:01",
        "1970-01-01 00:00:01Z",
        "1970-01-01T00:00:01.000+00:00",
    ],
)
def test_reads_times_with_and_without_an_offset(text: str) -> None:
    """Also those that the tool itself prints."""
    assert milliseconds(text) == 1000
    assert milliseconds(shown(1000)) == 1000


def test_an_end_before_the_start_gives_a_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is read."""
    answer = {
        "Stacks": [
            {
                "StackName": "forwarder",
                "CreationTime": "2026-01-01T00:00:00Z",
                "StackStatus": "CREATE_COMPLETE",
                "Outputs": [{"OutputKey": "ForwardFunctionArn", "OutputValue": FUNCTION}],
            }
        ]
    }
    with StubbedAws(cloudformation=[("describe_stacks", answer)]) as aws:
        monkeypatch.setattr("tools.replay.__main__.client_factory", lambda *_: aws.client)
        assert main(["prod", "2026-01-31", "2026-01-30", "--stack", "forwarder"]) == 2
    assert "END (2026-01-30T00:00:00.000+00:00) is before START" in capsys.readouterr().err


VENDED = "/aws/vendedlogs/eks/any"
OTHER_FILTER = SubscriptionFilter("other", "arn:aws:lambda:eu-central-1:111122223333:function:other", "no")
OUR_FILTER = SubscriptionFilter("forwarder/west/autoModeIpam", FUNCTION, "warn")


@pytest.mark.parametrize(
    ("filters", "name", "pattern"),
    [
        ((OTHER_FILTER, OUR_FILTER), "forwarder/west/autoModeIpam", "warn"),
        ((OTHER_FILTER,), "forwarder/shop/mixed", ""),
        ((), "forwarder/shop/mixed", ""),
    ],
)
def test_lines_of_auto_mode_keep_the_name_of_their_filter(
    filters: tuple[SubscriptionFilter, ...], name: str, pattern: str
) -> None:
    """It says their cluster and type. The stack's own pattern is for control-plane lines."""
    group = LogGroup(VENDED, None, filters)
    (payload,) = payloads([event(1, "a", "x")], origin(group, STACK, "shop", seen=True))
    assert payload["subscriptionFilters"] == [name, "replay:seen"]
    assert filter_pattern(group, STACK) == pattern


def test_a_dry_run_counts_lines_of_auto_mode_by_their_type() -> None:
    """As the function does."""
    dry = DryRun()
    for chunk in chunks([event(1, "a", "x")], Origin(STACK, VENDED, OUR_FILTER.name)):
        dry.count(chunk)
    assert dry.events == Counter({"autoModeIpam": 1})
