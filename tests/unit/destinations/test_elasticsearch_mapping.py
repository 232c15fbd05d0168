"""What a mapping does with our documents: dynamic mapping, and that of the index templates."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eks_log_forwarder.destinations.base import Destination
from eks_log_forwarder.destinations.elasticsearch_names import ANNOTATIONS, EXTRA, FIELDS, OTHER
from eks_log_forwarder.intake.log_type import LogType
from tests.elasticsearch_model import Index, RefusedError
from tests.records import AUDIT, RECORDS, RULE, any_records, record_of
from tests.unit.destination_requests import destination_of
from tools.index_templates.files import ELASTICSEARCH, FOLDER
from tools.make_event import LOG_TYPES_OF_LINES, example_lines

TEMPLATE = json.loads((FOLDER / ELASTICSEARCH / "component-template.json").read_text(encoding="utf-8"))
FORMATS = ["enriched", "parsed", "plain", "ocsf"]
BODIES: list[object] = [
    {"kind": "Pod", "status": {"phase": "Running"}, "spec": {"port": 8443}},
    {"kind": "Status", "status": "Success", "spec": {"port": "https"}},
    {
        "metadata": {
            "managedFields": [{"fieldsV1": {"f:labels": {".": {}, "f:tier": {}}}}],
            "labels": {"tier": "x"},
        }
    },
    {"metadata": {"labels": {"tier": "x", "tier.example.com/name": "y"}, "": {" ": 1}}},
    [
        {"op": "add", "path": "/spec/replicas", "value": 2},
        {"op": "add", "path": "/spec", "value": {"b": [1]}},
    ],
    [],
    {"since": "2026-02-03"},
    {"since": "never"},
]
# what `flattened` does not take: these events keep their message
ODD_BODIES: list[object] = [
    "a merge patch that is a text",
    7,
    ["a", "b"],
    [[{"a": 1}], "x"],
    {"k" * 40_000: "v"},
    {"data": {"cert.pem": "x" * 33_000}},
    {"n": 10**400},
]


def elasticsearch(record_format: str = "enriched", **options: object) -> Destination:
    """The destination with a record format."""
    return destination_of("elasticsearch", options=options, RECORD_FORMAT=record_format)


def document_of(destination: Destination, message: str, log_type: LogType = LogType.AUDIT) -> bytes:
    """The document of a line."""
    return destination.encode(record_of(log_type, message)).split(b"\n")[1]


def refused_of(index: Index, documents: list[bytes]) -> list[str]:
    """Why documents were refused, sorted; empty if all were taken."""
    refused = []
    for document in documents:
        try:
            index.put(document)
        except RefusedError as error:
            refused.append(str(error))
    return sorted(refused)


def audit_with(**members: object) -> str:
    """An audit event with other members."""
    return json.dumps(json.loads(AUDIT) | members)


def corpus() -> list[tuple[LogType, str]]:
    """Our own lines, and those of the folder that EKS_LOG_CORPUS names."""
    lines = [
        (LogType(LOG_TYPES_OF_LINES[stem]), line)
        for stem in ("audit", "authenticator", "api", "controller-manager", "scheduler")
        for line in example_lines(stem)
    ]
    if folder := os.environ.get("EKS_LOG_CORPUS"):
        for path in sorted(Path(folder).iterdir()):
            stem = path.stem.partition("_")[0]
            if stem in LOG_TYPES_OF_LINES and path.suffix in {".log", ".ndjson"}:
                text = path.read_text(encoding="utf-8")
                lines += [(LogType(LOG_TYPES_OF_LINES[stem]), line) for line in text.splitlines()]
    return lines


def test_dynamic_mapping_refuses_most_parsed_bodies() -> None:
    """That is why `parsed` needs the templates: a body has another type under the same name."""
    destination = elasticsearch("parsed", templates=True)
    documents = [document_of(destination, audit_with(requestObject=body)) for body in BODIES]
    assert len(refused_of(Index(), documents)) == 5
    assert refused_of(Index(TEMPLATE), documents) == []


@pytest.mark.parametrize(
    ("record_format", "templates"),
    [*((name, True) for name in FORMATS), *((name, False) for name in FORMATS if name != "parsed")],
)
def test_the_templates_take_every_line(record_format: str, templates: bool) -> None:  # noqa: FBT001  # parameters of a test
    """One data stream for all, although each log type has its own; and before the option is set, too."""
    destination = elasticsearch(record_format, templates=templates)
    documents = [document_of(destination, line, log_type) for log_type, line in corpus()]
    assert len(documents) > 25
    assert refused_of(Index(TEMPLATE), documents) == []


@pytest.mark.parametrize("record_format", ["enriched", "plain", "ocsf"])
def test_dynamic_mapping_takes_every_line_without_bodies(record_format: str) -> None:
    """Without the templates, each log type in an index of its own."""
    destination = elasticsearch(record_format)
    refused: Counter[str] = Counter()
    for log_type in LogType:
        documents = [document_of(destination, line, kind) for kind, line in corpus() if kind is log_type]
        refused.update(refused_of(Index(), documents))
    assert refused == Counter()


def test_the_templates_take_ecs_names() -> None:
    """The same data streams, with other names."""
    destination = elasticsearch(ecs=True, templates=True)
    documents = [destination.encode(record).split(b"\n")[1] for record in RECORDS]
    documents.append(destination.encode(record_of(detections=[RULE])).split(b"\n")[1])
    index = Index(TEMPLATE)
    assert refused_of(index, documents) == []


@pytest.mark.parametrize("ecs", [False, True])
@pytest.mark.parametrize("templates", [False, True])
def test_every_field_that_is_sent_is_in_the_templates(ecs: bool, templates: bool) -> None:  # noqa: FBT001  # parameters of a test
    """What is not would be stored, but not found."""
    destination = elasticsearch(ecs=ecs, templates=templates)
    records = [*RECORDS, record_of(detections=[RULE])]
    pending = [
        record_of(LogType(LOG_TYPES_OF_LINES["scheduler"]), line) for line in example_lines("scheduler")
    ]
    known = Index(TEMPLATE).fields
    unknown = set()
    for record in [*records, *pending]:
        document = json.loads(destination.encode(record).split(b"\n")[1])
        unknown |= {path for path in paths_of(document, known) if path not in known}
    assert unknown == set()


@pytest.mark.parametrize(
    "message", [AUDIT, audit_with(impersonatedUser={"username": "eve", "groups": ["x"]})]
)
def test_every_field_of_ocsf_is_in_the_templates(message: str) -> None:
    """But `data`, a body as one text, and the raw event is searched as words."""
    document = json.loads(document_of(elasticsearch("ocsf", templates=True), message))
    known = Index(TEMPLATE).fields
    assert [path for path in paths_of(document, known) if path not in known] == []


def paths_of(value: Any, known: dict[str, str], path: str = "") -> list[str]:  # noqa: ANN401  # any JSON
    """The paths of all values, but not within a flattened field."""
    if isinstance(value, list):
        return [found for part in value for found in paths_of(part, known, path)]
    if not isinstance(value, dict) or known.get(path) == "flattened":
        return [path]
    return [
        found
        for name, part in value.items()
        for found in paths_of(part, known, f"{path}.{name}" if path else name)
    ]


@pytest.mark.parametrize("body", ODD_BODIES, ids=lambda body: str(body)[:20])
@pytest.mark.parametrize("name", ["requestObject", "responseObject"])
def test_an_event_whose_body_does_not_fit_keeps_its_message(name: str, body: object) -> None:
    """It is sent as `enriched`: nothing is lost, and nothing is refused."""
    message = audit_with(**{name: body})
    document = document_of(elasticsearch("parsed", templates=True), message)
    assert refused_of(Index(TEMPLATE), [document]) == []
    assert json.loads(document)["message"] == message
    assert name not in json.loads(document)["audit"]


@pytest.mark.parametrize(
    "message",
    [
        AUDIT[:-1] + ',"requestObject":{"a":1,"a":{"b":2}}}',  # a patch is what the client sent
        AUDIT[:-1] + ',"requestObject":{"a":{"x:y":"\\":"},"b":{"c":1,"c":1}}}',
        AUDIT[:-1] + r',"requestObject":{"a":"\u003a","b":{"c":1,"c":1}}}',
        audit_with(requestObject={"a": {"b\0": "c"}}),
        audit_with(notOfKubernetes={"": 1}),
        audit_with(user="eve"),
        audit_with(responseStatus={"code": 2**70}),
    ],
)
def test_an_odd_event_keeps_its_message(message: str) -> None:
    """A name that stands twice, a member of no audit event, a type that is not Kubernetes' own."""
    document = document_of(elasticsearch("parsed", templates=True), message)
    assert refused_of(Index(TEMPLATE), [document]) == []
    assert json.loads(document)["message"] == message


def test_a_body_that_fits_is_nested_as_it_is() -> None:
    """Quotes, colons and escapes within texts do not count as names."""
    body = {"a:b": 'x":"y\\', "c": {"d": ["é", "<"]}, "long": "z" * 20_000}
    message = audit_with(requestObject=body)
    document = json.loads(document_of(elasticsearch("parsed", templates=True), message))
    assert document["audit"]["requestObject"] == body
    assert "message" not in document


FREE_LINES = [
    'deadline="2026-03-04" pod="shop/web-0"',
    'deadline="soon" pod.name="web-0" .="x" a.="y" ="z"',
    'deadline="2026/03/04 10:00:00 Z" pod="shop/web-1" pod..name="x"',
    'deadline="+12026-03-04" pod="7"',
]


@pytest.mark.parametrize("templates", [False, True])
@pytest.mark.parametrize("turn", range(len(FREE_LINES)))
def test_no_field_of_a_klog_line_breaks_a_mapping(turn: int, templates: bool) -> None:  # noqa: FBT001  # as above
    """Whichever line comes first: a date and a text, a name and the same name with a dot, a blank name."""
    lines = [f'I0304 10:00:00.123456       1 a.go:1] "Done" {line}' for line in FREE_LINES]
    lines = lines[turn:] + lines[:turn]
    destination = elasticsearch(templates=templates)
    documents = [document_of(destination, line, LogType.API) for line in lines]
    assert refused_of(Index(TEMPLATE) if templates else Index(), documents) == []
    fields = [json.loads(document)["klog"]["fields"] for document in documents]
    assert sorted(found["pod"] for found in fields if "pod" in found) == ["7", "shop/web-0", "shop/web-1"]
    others = [found["pod_name"] for found in fields if "pod_name" in found]
    if not templates:
        others = [found["other"] for found in fields if "pod.name" in found["other"]]
    assert others == ["web-0"] if templates else ["deadline=soon pod.name=web-0 .=x a.=y"]


@pytest.mark.parametrize("first", [0, 1])
def test_no_field_of_the_authenticator_breaks_a_mapping(first: int) -> None:
    """Its time is any text, too."""
    lines = [
        'time="2026-03-04T10:00:00Z" level=info msg=x client.addr="a" until="2026-03-04"',
        'time="later" level=info msg=x client="b" until="never"',
    ]
    destination = elasticsearch()
    documents = [
        document_of(destination, line, LogType.AUTHENTICATOR) for line in (lines[first], lines[1 - first])
    ]
    assert refused_of(Index(), documents) == []
    entries = [json.loads(document)["authenticator"] for document in documents]
    assert sorted(entry.get("time", "none") for entry in entries) == ["2026-03-04T10:00:00Z", "none"]
    assert sorted(entry["fields"]["other"] for entry in entries) == [
        "client.addr=a until=2026-03-04",
        "until=never",
    ]


def test_no_common_name_stands_in_the_way_of_another() -> None:
    """One would be a value, and the other needs an object in its place."""
    for names in (FIELDS, ANNOTATIONS, EXTRA):
        assert OTHER not in names
        assert [(one, two) for one in names for two in names if two.startswith(f"{one}.")] == []


def test_an_index_without_the_templates_takes_any_number_of_names() -> None:
    """1,200 in lines, 1,200 annotations and 1,200 in `extra`, of which each index takes 1,000 at most."""
    for log_type in (LogType.CONTROLLER_MANAGER, LogType.AUDIT):
        index = Index()
        for number in range(1200):
            value = {f"n{number}.example.com/x": "2026-03-04"}
            message = f'I0304 10:00:00.123456       1 a.go:1] "Done" item="a" vol-{number}="2026-03-04"'
            if log_type is LogType.AUDIT:
                user = {"username": "eve", "extra": {name: [text] for name, text in value.items()}}
                message = audit_with(annotations=value, user=user, impersonatedUser=user)
            assert refused_of(index, [document_of(elasticsearch(), message, log_type)]) == []
        assert len(index.fields) < 60


def test_the_common_names_leave_room_for_those_of_the_record() -> None:
    """All of them together, and the other records of the index."""
    user = {"username": "eve", "extra": {name: ["x"] for name in [*EXTRA, OTHER]}}
    annotations = dict.fromkeys([*ANNOTATIONS, OTHER], "x")
    messages = [(LogType.AUDIT, audit_with(annotations=annotations, user=user, impersonatedUser=user))]
    messages += [
        (LogType.SCHEDULER, f'I0304 10:00:00.123456       1 a.go:1] "Done" {name}="x"')
        for name in [*FIELDS, OTHER]
    ]
    index = Index()
    documents = [document_of(elasticsearch(), message, log_type) for log_type, message in messages]
    assert refused_of(index, documents) == []
    assert len(index.fields) < 250  # a text counts twice, as text and as keyword


@pytest.mark.parametrize("first", [0, 1])
def test_a_value_of_extra_is_no_date(first: int) -> None:
    """An AWS session may be called like a day."""
    users = [
        {"username": "eve", "extra": {"sessionName": ["2026-03-04"], "scopes.x": ["a", "b"]}},
        {"username": "eve", "extra": {"sessionName": ["alice"], "scopes": ["c"]}},
    ]
    ordered = users[first:] + users[:first]
    documents = [document_of(elasticsearch(), audit_with(user=user)) for user in ordered]
    assert refused_of(Index(), documents) == []
    extras = [json.loads(document)["audit"]["user"]["extra"] for document in documents]
    assert sorted(extras, key=str) == [
        {"sessionName": ['"2026-03-04"'], "other": ["scopes.x=a", "scopes.x=b"]},
        {"sessionName": ["alice"], "other": ["scopes=c"]},
    ]


ANNOTATED = {
    "authorization.k8s.io/decision": "2027-01-01",
    "deprecation.example.com/until": "2027-01-01",
    "..": "a",
    "k" * 300: "b",
    "nul\0.": "c",
}


@pytest.mark.parametrize(
    ("templates", "expected"),
    [
        (
            True,
            {
                "authorization.k8s.io/decision": "2027-01-01",
                "deprecation.example.com/until": "2027-01-01",
                "__": "a",
                "k" * 256: "b",
                "nul__": "c",
            },
        ),
        (
            False,
            {
                "authorization.k8s.io/decision": '"2027-01-01"',
                "other": f"deprecation.example.com/until=2027-01-01 ..=a {'k' * 300}=b nul\0.=c",
            },
        ),
    ],
    ids=["templates", "none"],
)
def test_annotations_keep_the_names_of_the_api_server(*, templates: bool, expected: dict[str, str]) -> None:
    """With the templates, only a name that a mapping refuses is changed."""
    document = document_of(elasticsearch(templates=templates), audit_with(annotations=ANNOTATED))
    assert json.loads(document)["audit"]["annotations"] == expected
    assert refused_of(Index(TEMPLATE) if templates else Index(), [document]) == []


def test_an_immense_value_is_cut() -> None:
    """OpenSearch's flat_object has no limit of its own, and Lucene has one."""
    line = f'I0304 10:00:00.123456       1 a.go:1] "Done" err="{"ü" * 40_000}" {"n" * 40_000}="x"'
    document = json.loads(document_of(elasticsearch(templates=True), line, LogType.API))
    assert {name: len(value) for name, value in document["klog"]["fields"].items()} == {
        "err": 7500,
        "n" * 256: 1,
    }


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=8),
    lambda values: (
        st.lists(values, max_size=3) | st.dictionaries(st.text('.:\0 ab"\\', max_size=3), values, max_size=3)
    ),
    max_leaves=8,
)


@given(bodies=st.lists(json_values, min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_the_templates_take_any_body(bodies: list[object]) -> None:
    """Any JSON at all, also names of dots and blanks."""
    destination = elasticsearch("parsed", templates=True)
    documents = [document_of(destination, audit_with(requestObject=body)) for body in bodies]
    assert refused_of(Index(TEMPLATE), documents) == []


@given(records=st.lists(any_records(), min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_the_templates_take_any_record(records: list[Any]) -> None:
    """Whatever the log group, the stream and the message say."""
    for record_format in FORMATS:
        destination = elasticsearch(record_format, templates=True)
        documents = [destination.encode(record).split(b"\n")[1] for record in records]
        assert refused_of(Index(TEMPLATE), documents) == []
