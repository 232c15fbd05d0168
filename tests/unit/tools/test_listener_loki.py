"""The listener's Loki: it stores the good part of a request that it answers with 400."""

import json
from typing import Any

import pytest

from eks_log_forwarder.destinations.loki_answer import oldest_accepted_ms
from tools.listener.exchange import Outcome
from tools.listener.http_server import Incoming
from tools.listener.loki import PATH, Loki
from tools.listener.loki_limits import LokiLimits

NOW_S = 1_790_000_000
HOUR_S = 3600
LABELS = {"cluster": "c1", "log_type": "api"}


def push(*entries: list[Any], labels: dict[str, str] | None = None, **headers: str) -> Incoming:
    """A push of one stream; an underscore in a header's name stands for a hyphen."""
    body = json.dumps({"streams": [{"stream": labels or LABELS, "values": entries}]}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Incoming("POST", PATH, {}, {"content-type": "application/json"} | named, body)


def entry(seconds_ago: float, line: str = "x", **metadata: str) -> list[Any]:
    """An entry of some seconds before now."""
    return [str(int((NOW_S - seconds_ago) * 1e9)), line, metadata]


def lines_of(outcome: Outcome) -> list[object]:
    """The lines that are stored."""
    return [record["message"] for record in outcome.records]


def loki(**limits: Any) -> Loki:  # noqa: ANN401  # limits of several types
    """A Loki of this test's own, at a fixed time."""
    return Loki(LokiLimits(**limits), lambda: NOW_S)


def test_the_good_entries_of_a_bad_request_are_stored() -> None:
    """And the answer names the oldest time that is accepted, as the destination reads it."""
    request = push(entry(200 * HOUR_S, "old"), entry(9, "a"), entry(8, "b"))
    outcome = loki(max_age_hours=168).receive(request, None)
    assert (outcome.status, lines_of(outcome)) == (400, ["a", "b"])
    assert outcome.body == (
        'entry for stream \'{cluster="c1", log_type="api"}\' has timestamp too old: '
        "2026-09-13T06:13:20Z, oldest acceptable timestamp is: 2026-09-14T14:13:20Z"
    )
    assert oldest_accepted_ms(outcome.body.encode()) == (NOW_S - 168 * HOUR_S + 1) * 1000
    assert outcome.fault == "1 of 3 entries are refused"


def test_an_entry_may_be_an_hour_behind_the_newest_of_its_stream() -> None:
    """In this and later requests; another stream has its own newest one."""
    collector = loki()
    assert collector.receive(push(entry(0, "new")), None).status == 204
    outcome = collector.receive(push(entry(HOUR_S, "just"), entry(HOUR_S + 1, "behind")), None)
    assert (outcome.status, lines_of(outcome)) == (400, ["just"])
    assert "reason: 'entry too far behind" in outcome.body
    assert oldest_accepted_ms(outcome.body.encode()) == (NOW_S - HOUR_S + 1) * 1000
    redriven = LABELS | {"redriven": "2026-09-21T12"}
    assert collector.receive(push(entry(5 * HOUR_S), labels=redriven), None).status == 204


def test_equal_entries_are_stored_again() -> None:
    """With stream sharding Loki does not look for them."""
    collector, request = loki(), push(entry(1, "a"), entry(1, "a"))
    outcomes = [collector.receive(request, None) for _ in range(2)]
    assert [lines_of(outcome) for outcome in outcomes] == [["a", "a"]] * 2


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (entry(1, "é" * 131_073), "max entry size '262144' bytes exceeded"),
        (entry(1, **{f"m{n}": "x" for n in range(129)}), "too many structured metadata labels"),
        (entry(1, m="x" * 65_536), "structured metadata too large"),
        (entry(-601), "has timestamp too new"),
    ],
)
def test_an_entry_over_a_limit_is_refused_alone(bad: list[Any], fault: str) -> None:
    """With the limits that Loki has if it is left as it is."""
    outcome = loki(max_age_hours=168).receive(push(entry(2, "a"), bad), None)
    assert (outcome.status, lines_of(outcome), fault in outcome.body) == (400, ["a"], True)
    assert oldest_accepted_ms(outcome.body.encode()) is None


def test_a_bad_label_refuses_its_stream() -> None:
    """A name with a dot is none."""
    assert loki().receive(push(entry(1), labels={"a.b": "x"}), None).status == 400


def test_a_multi_tenant_loki_wants_a_tenant() -> None:
    """401 without X-Scope-OrgID."""
    collector = loki(multi_tenant=True)
    assert (outcome := collector.receive(push(entry(1)), None)).status == 401
    assert outcome.body == "no org id\n"
    assert collector.receive(push(entry(1), x_scope_orgid="team-b"), None).status == 204


def test_loki_adds_a_service_and_a_level_where_none_is_sent() -> None:
    """As its discovery does."""
    names = ("service_name", "detected_level")
    (record,) = loki().receive(push(entry(1)), None).records
    assert [record[name] for name in names] == ["unknown_service", "unknown"]
    labels = LABELS | {"service_name": "eks"}
    (record,) = loki().receive(push(entry(1, level="error"), labels=labels), None).records
    assert [record[name] for name in names] == ["eks", "error"]


def test_the_pieces_of_a_line_are_one_record() -> None:
    """They belong together by their id."""
    pieces = [entry(2, "ab", id="1", part="1", parts="2"), entry(1, "cd", id="1", part="2", parts="2")]
    assert lines_of(loki().receive(push(*pieces, entry(0, "ef", id="2")), None)) == ["abcd", "ef"]
