"""The pages in docs/destinations say what is sent: the fields of their queries, limits and tables."""

import gzip
import json
import re
from functools import cache
from typing import Any

import pytest

from eks_log_forwarder.destinations import loki_entries, otlp, otlp_records, severity, splunk_hec
from eks_log_forwarder.destinations.elasticsearch_bodies import MAX_LEAF_BYTES
from eks_log_forwarder.destinations.elasticsearch_document import SEVERITIES
from eks_log_forwarder.destinations.elasticsearch_values import MAX_NAME, MAX_VALUE
from eks_log_forwarder.intake.log_type import LogType
from tests.records import AUDIT, RULE, record_of
from tests.unit.destination_requests import destination_of, request_of
from tools import ROOT
from tools.index_templates.files import RETENTION, STREAMS
from tools.make_event import LOG_TYPES_OF_LINES, example_lines

FOLDER = ROOT / "docs" / "destinations"
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.md"))}
INDEX = (ROOT / "docs" / "destinations.md").read_text(encoding="utf-8")
OURS = ["elasticsearch", "fluent-bit", "loki", "opentelemetry", "splunk", "victorialogs", "xplg"]
FULL = {
    "requestReceivedTimestamp": "2026-01-14T10:00:00.100000Z",
    "stageTimestamp": "2026-01-14T10:00:00.123000Z",
    "objectRef": {
        "resource": "pods",
        "namespace": "shop",
        "name": "web-0",
        "uid": "u",
        "subresource": "exec",
    },
}
# what a page writes with a dot, but is no field of ours
NOT_OURS = re.compile(
    r"collectors\.|conf$|toml$|\.example\.|^elastic\.|prod-|\.global$|amazonaws|splunkcloud|^storage\.|\.jsp$|"
    r"^\d|\.md$|^limits|^props|\.json$|^logs-eks"
)


def records() -> list[Any]:
    """A record of each kind of line, with a detection."""
    lines = [(LogType.AUDIT, json.dumps(json.loads(AUDIT) | FULL))]
    lines += [
        (LogType(LOG_TYPES_OF_LINES[stem]), line)
        for stem in ("authenticator", "api", "scheduler", "controller-manager")
        for line in example_lines(stem)
    ]
    return [record_of(log_type, line, detections=[RULE]) for log_type, line in lines]


def paths_of(value: object, path: str = "") -> set[str]:
    """The paths of all members, objects too; lists as `{}` and without."""
    if isinstance(value, dict):
        below = {
            found
            for name, part in value.items()
            for found in paths_of(part, f"{path}.{name}" if path else name)
        }
        return below | {path}
    if isinstance(value, list):
        found = {path, f"{path}{{}}"}
        for part in value:
            found |= paths_of(part, path) | paths_of(part, f"{path}{{}}")
        return found
    return {path}


@cache
def fields_of_records() -> frozenset[str]:
    """Every field of a record, also under ECS names."""
    found: set[str] = set()
    for ecs in (False, True):
        destination = destination_of("elasticsearch", options={"ecs": ecs, "templates": True})
        for record in records():
            found |= paths_of(json.loads(destination.encode(record).split(b"\n")[1]))
    return frozenset(found)


def code_of(page: str, *languages: str) -> str:
    """The blocks of these languages, one after another."""
    return "\n".join(
        text
        for language, text in re.findall(r"^```(\w+)\n(.*?)^```", PAGES[page], re.MULTILINE | re.DOTALL)
        if language in languages
    )


@pytest.mark.parametrize("page", OURS)
def test_every_page_says_what_was_tried_and_what_the_collector_takes(page: str) -> None:
    """In its first table."""
    table = PAGES[page].split("\n\n")[1]
    rows = [line.split("|")[1].strip() for line in table.splitlines()[2:]]
    assert rows[0] == "tried with"
    assert {"oldest event", "longest event", "sent again"} <= set(rows)


@pytest.mark.parametrize("page", OURS)
def test_the_index_links_every_page(page: str) -> None:
    """In the table that compares them."""
    comparison = INDEX.partition("## What they take")[2].partition("\n## ")[0]
    assert f"](destinations/{page}.md)" in comparison


def test_delivered_is_explained_once_where_people_look() -> None:
    """A success is no proof that an event is stored."""
    texts = [INDEX, *PAGES.values()]
    assert sum('"Delivered" is the collector\'s word' in text for text in texts) == 1
    assert INDEX.index('"Delivered"') < INDEX.index("## ")


@pytest.mark.parametrize(
    ("page", "languages", "queries"),
    [("elasticsearch", ("esql",), 5), ("splunk", ("spl", "ini"), 5)],
)
def test_a_query_names_fields_that_are_sent(page: str, languages: tuple[str, ...], queries: int) -> None:
    """A name with a dot is a field, also in quotes."""
    code = code_of(page, *languages)
    names = set(re.findall(r"[a-zA-Z_][\w-]*(?:\{\})?(?:\.\w+(?:\{\})?)+", code))
    names = {name for name in names if not NOT_OURS.search(name)}
    assert len([line for line in code.splitlines() if line.startswith(("FROM ", "index="))]) == queries
    assert sorted(names - fields_of_records()) == []


def test_the_filter_for_fluent_bit_finds_a_level_that_is_sent() -> None:
    """Its accessor names the members one by one."""
    ((accessor, pattern),) = re.findall(r"regex \$(\S+) (\S+)", code_of("fluent-bit", "ini"))
    record = json.loads(destination_of("http").encode(record_of(detections=[RULE])))
    for part in re.findall(r"\w+", accessor):
        record = record[int(part) if part.isdecimal() else part]
    assert re.search(pattern, record)


def test_the_queries_for_kibana_name_fields_that_are_sent() -> None:
    """Those before a colon, and of the paragraph about ECS names."""
    section = PAGES["elasticsearch"].partition("## Queries")[2]
    names = set(re.findall(r"([a-z][\w]*(?:\.\w+)+):? ", section)) - {"logs-eks"}
    names = {name for name in names if not NOT_OURS.search(name)}
    assert {"detections.level", "klog.scheduling.available", "event.severity"} <= names
    assert sorted(names - fields_of_records()) == []


def test_the_queries_for_loki_name_labels_and_metadata_that_are_sent() -> None:
    """Labels are in braces, metadata behind a bar."""
    request = request_of(destination_of("loki"), records())
    streams = json.loads(gzip.decompress(request.body))["streams"]
    labels = {name for stream in streams for name in stream["stream"]}
    metadata = {name for stream in streams for entry in stream["values"] for name in entry[2]}
    code = code_of("loki", "logql") + code_of("victorialogs", "logsql").replace("} ", "} | ")
    in_braces = re.findall(r"\{([^}]*)\}", code)
    assert {name for part in in_braces for name in re.findall(r"(\w+)=", part)} == {"cluster", "log_type"}
    assert {"cluster", "log_type", "service_name"} == labels
    named = set(re.findall(r"\| (\w+)(?:!?=|=?~|!~|:)", code)) | set(re.findall(r"by \((\w+)\)", code))
    assert len(named) >= 4
    assert sorted(named - metadata) == []
    for name in ("detection_level", "detection_ids", "detection_titles", "level"):
        assert name in metadata
        assert f"`{name}`" in PAGES["loki"]


def test_the_page_on_opentelemetry_lists_every_attribute_of_the_resource() -> None:
    """And every severity."""
    page = PAGES["opentelemetry"]
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    listed = [name for row in rows for name in re.findall(r"`([a-z.0-9_]+)`", row)]
    assert sorted(listed) == sorted(otlp_records.resource_of(otlp_records.source_of(record_of())))
    for level, number in severity.LEVELS.items():
        assert f"{level} {number}" in page
    assert otlp.MAX_EVENT_BYTES // 1024**2 == 3  # 4 MiB less the resource
    assert "cuts an event at 4 MiB" in page


def test_the_numbers_on_the_pages_are_those_of_the_code() -> None:
    """Limits, retention and levels."""
    assert splunk_hec.MAX_EVENT_BYTES == 1_000_000
    assert "over 1 MB" in PAGES["splunk"]
    pieces = [piece for piece, _ in loki_entries.pieces_of("x" * 1_000_000, {})]
    assert (loki_entries.MAX_LINE_BYTES // 1024, len(pieces[0]) // 1024) == (256, 192)
    assert "at most 192 KB" in PAGES["loki"]
    elastic = PAGES["elasticsearch"]
    assert f"{MAX_LEAF_BYTES:,} bytes" in elastic
    assert f"names over {MAX_NAME} characters, values over {MAX_VALUE:,}" in elastic
    assert f"`{STREAMS}`" in elastic
    assert f"{RETENTION.removesuffix('d')} days" in elastic
    assert all(f"{number} {level}" in elastic for level, number in SEVERITIES.items())


@pytest.mark.parametrize("page", OURS)
def test_the_settings_on_a_page_are_accepted(page: str) -> None:
    """Each `parameter_overrides` names a destination and options that exist."""
    found = re.findall(r"^parameter_overrides = '(.*)'$", PAGES[page], re.MULTILINE)
    for line in found:
        named = dict(re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|\S+)', line))
        options = json.loads(json.loads(named.get("DestinationOptions", '"{}"')))
        assert destination_of(named["Destination"], named["DestinationUrl"], options) is not None
    assert found or page == "xplg"
