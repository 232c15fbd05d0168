"""The Grafana dashboard for Loki: it asks for nothing that the forwarder does not send."""

import gzip
import json
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from eks_log_forwarder.config.settings import Settings
from eks_log_forwarder.destinations.registry import build_destination, for_redrive
from eks_log_forwarder.telemetry import publishing
from tests.logql import UnsupportedError, names_in
from tests.sample_records import sample_records
from tests.unit.destination_requests import request_of
from tools import ROOT

DASHBOARD: dict[str, Any] = json.loads(
    (ROOT / "collectors/loki/grafana-dashboard.json").read_text(encoding="utf-8")
)
LOKI = {"type": "loki", "uid": "${loki}"}
CLOUDWATCH = {"type": "cloudwatch", "uid": "${cloudwatch}"}
KINDS = {"row", "stat", "timeseries", "table", "logs"}
COLUMNS = 24
SUBJECTS = ["Who did what", "Denials", "Detections", "Pending pods", "Throttling", "What arrives in Loki"]


def panels() -> Iterator[dict[str, Any]]:
    """Every panel, those of collapsed rows as well."""
    for panel in DASHBOARD["panels"]:
        yield panel
        yield from panel.get("panels", [])


def targets(source: dict[str, str]) -> list[dict[str, Any]]:
    """Every query to one data source."""
    return [
        target for panel in panels() for target in panel.get("targets", []) if target["datasource"] == source
    ]


def sent_values() -> dict[str, set[str]]:
    """The labels and the structured metadata of every sample record, live and redriven."""
    settings = Settings.from_environ(
        {"DESTINATION": "loki", "DESTINATION_URL": "https://loki.example.internal"}
    )
    destination = for_redrive(build_destination(settings), settings)
    body = gzip.decompress(request_of(destination, sample_records()).body)
    found: dict[str, set[str]] = {}
    for stream in json.loads(body)["streams"]:
        for values in (stream["stream"], *(metadata for _, _, metadata in stream["values"])):
            for name, value in values.items():
                found.setdefault(name, set()).add(value)
    return found


def test_every_name_in_a_query_is_sent() -> None:
    """Labels and structured metadata, in every stage, grouping and legend."""
    queries = targets(LOKI)
    assert len(queries) >= 20
    used = {name for target in queries for name in names_in(target["expr"])}
    assert {"cluster", "log_type", "audit_verb", "detection_level", "klog_fields_pod"} <= used
    assert used - sent_values().keys() == set()


def test_every_value_in_a_query_is_sent() -> None:
    """A query that asks for another value shows nothing, and nobody notices."""
    sent = sent_values()
    asked = {
        comparison
        for target in targets(LOKI)
        for comparison in re.findall(r'(\w+)(=~|=)["`]([^"`${]+)["`]', target["expr"])
    }
    assert len(asked) >= 8
    missing = {
        (name, value)
        for name, sign, value in asked
        for one in (value.split("|") if sign == "=~" else [value])
        if one not in sent[name]
    }
    assert missing == {("audit_responseStatus_code", "429")}  # no sample was throttled


def test_the_page_names_what_the_dashboard_uses() -> None:
    """In the table of its rows."""
    page = (ROOT / "docs/destinations/loki-dashboard.md").read_text(encoding="utf-8")
    table = page.partition("| row | shows | from |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`(\w+)`", table))
    used = {name for target in targets(LOKI) for name in names_in(target["expr"])}
    assert len(named) == 17
    assert named <= used


def test_a_legend_and_a_column_have_the_names_of_their_query() -> None:
    """What a query does not group by is not there to be shown."""
    for panel in panels():
        for target in panel.get("targets", []):
            if target["datasource"] == LOKI:
                legend = set(re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")))
                assert legend <= names_in(target["expr"]), panel["title"]
        for change in panel.get("transformations", []):
            if change["id"] == "organize":
                shown = change["options"]["renameByName"].keys() | change["options"]["indexByName"].keys()
                (target,) = panel["targets"]
                assert shown - {"Value #A"} <= names_in(target["expr"]), panel["title"]


def test_every_metric_of_the_forwarder_is_published() -> None:
    """By the stack's name alone."""
    source = (ROOT / "functions/eks_log_forwarder/telemetry/publishing.py").read_text(encoding="utf-8")
    queries = targets(CLOUDWATCH)
    assert len(queries) == 7
    for target in queries:
        assert target["namespace"] == publishing.NAMESPACE
        assert target["dimensions"] == {"service": "$service"}
        assert f'"{target["metricName"]}"' in source


def test_the_dashboard_has_what_grafana_needs() -> None:
    """The classic JSON model: data source variables, ids, types, places that do not overlap."""
    assert DASHBOARD["schemaVersion"] >= 36
    assert not {"id", "__inputs", "__requires"} & DASHBOARD.keys()
    variables = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
    sources = {name: one["query"] for name, one in variables.items() if one["type"] == "datasource"}
    assert sources == {"loki": "loki", "cloudwatch": "cloudwatch"}
    assert variables["cluster"]["query"]["label"] == "cluster"
    ids = [panel["id"] for panel in panels()]
    assert len(set(ids)) == len(ids)
    for panel in panels():
        assert panel["type"] in KINDS
        place = panel["gridPos"]
        assert 0 <= place["x"] < place["x"] + place["w"] <= COLUMNS
        if panel["type"] != "row":
            assert panel["description"].endswith(".")
            assert panel["datasource"] in (LOKI, CLOUDWATCH)
            assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])
    for one, other in combinations((panel["gridPos"] for panel in DASHBOARD["panels"]), 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        assert beside or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]


def test_a_variable_in_a_query_is_one_of_the_dashboard() -> None:
    """Or Grafana's own."""
    own = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(DASHBOARD)))
    assert used == own | {"__range", "__auto", "__all"}


def test_the_dashboard_has_a_row_for_each_subject() -> None:
    """And one for the forwarder itself, folded, because it needs a second data source."""
    rows = [panel for panel in DASHBOARD["panels"] if panel["type"] == "row"]
    assert [row["title"] for row in rows[:-1]] == SUBJECTS
    assert rows[-1]["collapsed"] is True
    assert {target["datasource"]["type"] for panel in rows[-1]["panels"] for target in panel["targets"]} == {
        "cloudwatch"
    }


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ('{a="1", b=~`x|y`}', {"a", "b"}),
        ('{a="not=c"} |= "d=e" != "f" | g!="h" | i>=5', {"a", "g", "i"}),
        ('sum by (a, b) (count_over_time({c="$d"} | e="f" [$__range])) * 1000', {"a", "b", "c", "e"}),
        ('{a="1"} | line_format `{{.b}} x {{ .c_d }} .e {{__line__}}`', {"a", "b", "c_d"}),
        (
            'max_over_time({a="1"} | label_format b=`{{__timestamp__ | unixEpoch}}` | unwrap b [1h]) by (c)',
            {"a", "c"},
        ),
        ('topk(5, sum without (a) (rate({b!~"c"}[5m])))', {"a", "b"}),
    ],
)
def test_reads_the_names_of_a_query(query: str, names: set[str]) -> None:
    """And neither texts nor functions nor what the query makes itself."""
    assert names_in(query) == names


@pytest.mark.parametrize(
    "query",
    [
        '{a="1"} | json',
        '{a="1"} | logfmt b="c"',
        'quantile_over_time(0.9, {a="1"} | unwrap b [5m])',
        '{a="1"} | line_format `{{ ToUpper .b }}`',
        "{a=~$b}",
        '{a="1"',
        '{a="1"} | b=c',
    ],
)
def test_does_not_overlook_what_it_cannot_read(query: str) -> None:
    """It raises instead: an unread stage could use, or make, a name."""
    with pytest.raises(UnsupportedError):
        names_in(query)
