"""The listener's Elasticsearch: mappings that grow, templates, what it refuses and under which name."""

import json
from typing import Any

import pytest

from tools.listener.elasticsearch import COMPONENT_PATH, INDEX_PATH, PATH, Elasticsearch
from tools.listener.elasticsearch_fields import RefusedError
from tools.listener.elasticsearch_mapping import Mapping
from tools.listener.exchange import Outcome
from tools.listener.http_server import Incoming
from tools.listener.protocols import Collectors

PARSING = "document_parsing_exception"
ARGUMENT = "illegal_argument_exception"
STRICT = "strict_dynamic_mapping_exception"


def refusal_of(mapping: Mapping, *documents: dict[str, Any]) -> str:
    """The error of the last document; the others are taken."""
    for document in documents[:-1]:
        mapping.take(document)
    try:
        mapping.take(documents[-1])
    except RefusedError as error:
        return error.kind
    return ""


def bulk(*documents: dict[str, Any], index: str = "logs-x-default") -> Incoming:
    """A bulk request; a document's `_id` goes to its action line."""
    lines = []
    for document in documents:
        source = {"@timestamp": "2026-05-06T07:08:09Z", **document}
        identity = {"_id": source.pop("_id")} if "_id" in source else {}
        lines += [{"create": {"_index": index} | identity}, source]
    body = "".join(json.dumps(line) + "\n" for line in lines).encode()
    return Incoming("POST", PATH, {}, {"content-type": "application/x-ndjson"}, body)


def statuses_of(outcome: Outcome) -> list[tuple[int, str]]:
    """The status of each item with the type of its error."""
    items = [item["create"] for item in json.loads(outcome.body)["items"]]
    return [(item["status"], item.get("error", {}).get("type", "")) for item in items]


def put(path: str, template: dict[str, Any], to: Collectors) -> int:
    """Puts a template over the listener's own routes; the status."""
    return to.answer(Incoming("PUT", path, {}, {}, json.dumps(template).encode()), None).status


@pytest.mark.parametrize(
    ("documents", "refusal"),
    [
        # a field is an object or a value for ever
        ([{"a": {"b": 1}}, {"a": "text"}], PARSING),
        ([{"a": "text"}, {"a": {"b": 1}}], PARSING),
        ([{"labels": {"app": "web"}}, {"labels": {"app.part": "api"}}], PARSING),
        ([{"labels": {"tier.one": "x"}}, {"labels": {"tier": {"two": "y"}}}], ""),
        # the first value decides the type
        ([{"port": 9090}, {"port": "metrics"}], PARSING),
        ([{"port": 9090}, {"port": "9090"}], ""),
        ([{"port": "metrics"}, {"port": 9090}], ""),
        ([{"until": "2027-02-03T04:05:06Z"}, {"until": "soon"}], PARSING),
        ([{"until": "2027-02-03"}, {"until": "2028"}], ""),
        ([{"until": "2027-02-30"}, {"until": "soon"}], ""),
        ([{"until": "20270203"}, {"until": "soon"}], ""),
        ([{"on": True}, {"on": "yes"}], PARSING),
        ([{"size": 2**63}], PARSING),
        ([{"size": 1.5}, {"size": 2**70}], ""),
        # null and an empty list say nothing
        ([{"a": None}, {"a": []}, {"a": {"b": 1}}], ""),
        ([{"a": [[{"b": 1}], {"b": "x"}]}], PARSING),
        # names
        ([{"f:x": {".": {}}}], PARSING),
        ([{"a..b": 1}], PARSING),
        ([{"": 1}], PARSING),
        ([{"a.": 1}], PARSING),
    ],
)
def test_a_dynamic_mapping_refuses_what_contradicts_it(documents: list[dict[str, Any]], refusal: str) -> None:
    """By the documented type of the error; the documents before the last one are taken."""
    assert refusal_of(Mapping(), *documents) == refusal


def test_a_refused_document_adds_nothing() -> None:
    """Its new fields would otherwise decide about later documents."""
    mapping = Mapping()
    assert refusal_of(mapping, {"a": 1}, {"new": "text", "a": "text"}) == PARSING
    assert mapping.types == {"a": "long"}
    assert refusal_of(mapping, {"new": {"b": "x"}}) == ""
    assert mapping.types == {"a": "long", "new": "object", "new.b": "text"}


def test_a_mapping_has_a_thousand_fields_and_twenty_levels() -> None:
    """A text counts twice, for its keyword; an object is a field, too."""
    assert refusal_of(Mapping(), {f"t{n}": "x" for n in range(500)}) == ""
    assert refusal_of(Mapping(), {f"t{n}": "x" for n in range(501)}) == ARGUMENT
    assert refusal_of(Mapping(), {"o": {f"n{n}": n for n in range(999)}}) == ""
    assert refusal_of(Mapping(), {"o": {f"n{n}": n for n in range(1000)}}) == ARGUMENT
    assert refusal_of(Mapping(), nested(19)) == ""
    assert refusal_of(Mapping(), nested(20)) == ARGUMENT
    few = Mapping(settings={"index.mapping.total_fields.limit": "3"})
    assert refusal_of(few, {"a": 1, "b": 2, "c": 3}, {"d": 4}) == ARGUMENT
    beyond = {
        "index.mapping.total_fields.limit": 3,
        "index.mapping.total_fields.ignore_dynamic_beyond_limit": True,
    }
    assert refusal_of(Mapping(settings=beyond), {f"n{n}": n for n in range(9)}) == ""


def nested(objects: int) -> dict[str, Any]:
    """This many objects below the document, and a number in the innermost one."""
    value: Any = 1
    for _ in range(objects):
        value = {"k": value}
    return {"k": value}


@pytest.mark.parametrize(
    ("config", "taken", "refused"),
    [
        ({"type": "flattened"}, [{"a": {"b": [1, True]}}, [{"a": 1}, {"a": {"b": 2}}], None], ["x", 5]),
        ({"type": "flat_object"}, [{".": {"x": "1"}}], ["x"]),
        ({"type": "flattened"}, [], [{"a": "é" * 17_000}]),
        ({"type": "flattened", "ignore_above": 100}, [{"a": "é" * 17_000}], []),
        ({"type": "flattened"}, [nested(20)["k"]], [nested(21)["k"]]),
        ({"type": "keyword"}, ["x", 5, True, ["a", 1]], [{"a": 1}, "x" * 32_767]),
        ({"type": "keyword", "ignore_above": 1024}, ["x" * 32_767], []),
        ({"type": "long"}, [7, "7", 7.9, -(2**63)], ["x", True, 2**63]),
        ({"type": "integer"}, [2**31 - 1], [2**31]),
        ({"type": "long", "ignore_malformed": True}, ["x"], [{"a": 1}]),
        ({"type": "float"}, [1, 1.5, "1e3"], ["x", "inf"]),
        ({"type": "boolean"}, [True, "false", ""], [1, "yes"]),
        ({"type": "ip"}, ["10.1.2.3", "2001:db8::7"], ["10.1.2", "host", 5]),
        ({"type": "date"}, ["2026-11-12T13:14:15.123456Z", 1_700_000_000_000], ["x", "2026-13-01"]),
        ({"type": "date", "format": "strict_date_optional_time"}, ["2026-11-12T13:14Z"], [1_700_000_000_000]),
        ({"type": "object", "enabled": False}, [{"a": 1}, "x", 5], []),
        ({"type": "object", "dynamic": False}, [{"a": {"b": 1}}, {"a": 1}], ["x"]),
        ({"dynamic": "strict", "properties": {"a": {"type": "long"}}}, [{"a": 1}], [{"b": 1}, {"a": "x"}]),
    ],
)  # fmt: skip
def test_a_field_takes_what_its_type_takes(
    config: dict[str, Any], taken: list[object], refused: list[object]
) -> None:
    """For the types that a template for our records needs."""
    mapping = Mapping({"properties": {"f": config}})
    assert [refusal_of(mapping, {"f": value}) for value in taken] == [""] * len(taken)
    assert all(refusal_of(mapping, {"f": value}) for value in refused)


def test_dynamic_false_ignores_and_strict_refuses_new_fields() -> None:
    """At the root, and in an object that inherits it."""
    known = {"properties": {"o": {"properties": {"n": {"type": "long"}}}}}
    assert refusal_of(Mapping({"dynamic": False} | known), {"o": {"x": {"y": 1}}, "z": 1}) == ""
    assert refusal_of(Mapping({"dynamic": "false"} | known), {"z": {"a": 1}}, {"z": 1}) == ""
    assert refusal_of(Mapping({"dynamic": "strict"} | known), {"o": {"n": 5}}) == ""
    assert refusal_of(Mapping({"dynamic": "strict"} | known), {"o": {"x": 5}}) == STRICT
    assert refusal_of(Mapping({"dynamic": "strict"} | known), {"z": None}) == STRICT


def test_a_dynamic_template_gives_new_fields_their_mapping() -> None:
    """By kind, name and path; the first one that matches counts."""
    mapping = Mapping(
        {
            "date_detection": False,
            "dynamic_templates": [
                {"bodies": {"path_match": "audit.*Object", "mapping": {"type": "flattened"}}},
                {"codes": {"match": "*_code", "unmatch": "zip_*", "mapping": {"type": "keyword"}}},
                {"texts": {"match_mapping_type": "string", "mapping": {"type": "keyword"}}},
            ],
        }
    )
    mapping.take({"audit": {"requestObject": {"x": 1}}, "exit_code": 1, "zip_code": 2, "t": "2026-01-02"})
    names = ("audit.requestObject", "exit_code", "zip_code", "t", "audit")
    assert [mapping.types[name] for name in names] == ["flattened", "keyword", "long", "keyword", "object"]


def test_an_index_begins_with_the_mapping_of_its_template() -> None:
    """Components in their order, then the template's own; the highest priority wins."""
    collectors = Collectors()
    first = {"template": {"mappings": {"properties": {"a": {"type": "long"}, "b": {"type": "ip"}}}}}
    second = {"template": {"settings": {"index": {"mapping": {"ignore_malformed": True}}}}}
    index = {
        "index_patterns": ["logs-eks.*-*"],
        "composed_of": ["first", "second"],
        "priority": 300,
        "data_stream": {},
        "template": {"mappings": {"properties": {"body": {"type": "flattened"}}}},
    }
    lower = {"index_patterns": "logs-*", "priority": 100, "template": {"mappings": {"dynamic": "strict"}}}
    assert put(f"{INDEX_PATH}eks", index, collectors) == 400  # its components do not exist yet
    assert put(f"{COMPONENT_PATH}first", first, collectors) == 200
    assert put(f"{COMPONENT_PATH}second", second, collectors) == 200
    assert put(f"{INDEX_PATH}eks", index, collectors) == 200
    assert put(f"{INDEX_PATH}lower", lower, collectors) == 200
    taken = {"a": "not a number", "b": "10.0.0.1", "body": {"a.b": {".": {}}}}
    request = bulk(taken, {"body": "x"}, index="logs-eks.audit-prod")
    assert statuses_of(collectors.answer(request, None)) == [(201, ""), (400, PARSING)]
    mapping = collectors.elasticsearch.mapping_of("logs-eks.audit-prod")
    assert [mapping.types[name] for name in ("a", "b", "body")] == ["long", "ip", "flattened"]
    assert statuses_of(collectors.answer(bulk({"a": 1}, index="logs-other-x"), None)) == [(400, STRICT)]


@pytest.mark.parametrize(
    "template",
    [
        {"template": {"mappings": {"properties": {"f": {"type": "unheard_of"}}}}, "index_patterns": ["x"]},
        {"template": {}},
        ["x"],
    ],
)
def test_a_template_that_is_not_valid_is_refused(template: Any) -> None:  # noqa: ANN401  # any JSON
    """So that a typing mistake in a template does not pass."""
    assert put(f"{INDEX_PATH}eks", template, Collectors()) == 400


def test_an_id_is_stored_once() -> None:
    """A repeat is a conflict, which is no fault; without an id every document is new."""
    collector = Elasticsearch()
    outcome = collector.receive(bulk({"_id": "1", "n": 1}, {"_id": "2", "n": 2}, {"_id": "1"}), None)
    conflict = (409, "version_conflict_engine_exception")
    assert statuses_of(outcome) == [(201, ""), (201, ""), conflict]
    assert (outcome.records, outcome.fault) == (({"n": 1}, {"n": 2}), "")
    assert statuses_of(collector.receive(bulk({"_id": "2"}), None)) == [conflict]
    assert statuses_of(collector.receive(bulk({"n": 1}, {"n": 1}), None)) == [(201, "")] * 2
    assert statuses_of(collector.receive(bulk({"_id": "1"}, index="logs-y-default"), None)) == [(201, "")]


def test_a_refused_document_is_an_item_among_the_others() -> None:
    """Status 200, `errors`, and the documents around it are stored."""
    outcome = Elasticsearch().receive(bulk({"a": 1}, {"a": {"b": 1}}, {"a": 2}), None)
    assert (outcome.status, json.loads(outcome.body)["errors"]) == (200, True)
    assert statuses_of(outcome) == [(201, ""), (400, PARSING), (201, "")]
    assert (outcome.records, outcome.fault) == (({"a": 1}, {"a": 2}), "1 of 3 documents are refused")


@pytest.mark.parametrize(
    "text", ['{"a":1,"a":2}', '{"a":{"b":1,"b":1}}', '{"a":"\\ud800"}', "[1]", "{", "\xff"]
)
def test_a_document_is_a_json_object_without_doubles(text: str) -> None:
    """A line that is none is refused alone, with its item; only a bad action refuses the request."""
    good = bulk({"n": 1}).body
    bad = b'{"create":{"_index":"logs-x-default"}}\n' + text.encode("latin-1") + b"\n"
    headers = {"content-type": "application/x-ndjson"}
    outcome = Elasticsearch().receive(Incoming("POST", PATH, {}, headers, good + bad + good), None)
    assert statuses_of(outcome) == [(201, ""), (400, PARSING), (201, "")]
    assert Elasticsearch().receive(Incoming("POST", PATH, {}, headers, good + b"{\n{}\n"), None).status == 400


def test_a_roll_over_begins_with_the_templates_of_now() -> None:
    """And without the ids of before: the same document is then stored again."""
    collectors = Collectors()

    def sent(method: str, path: str) -> Outcome:
        return collectors.answer(Incoming(method, path, {}, {}), None)

    assert json.loads(sent("GET", "/_data_stream/logs-*").body) == {"data_streams": []}
    assert sent("POST", "/logs-x-default/_rollover").status == 404
    document = {"_id": "1", "body": {"a": 1}}
    assert statuses_of(collectors.answer(bulk(document), None)) == [(201, "")]
    flattened = {"template": {"mappings": {"properties": {"body": {"type": "flattened"}}}}}
    assert put(f"{INDEX_PATH}x", {"index_patterns": ["logs-x-*"], **flattened}, collectors) == 200
    assert collectors.elasticsearch.mapping_of("logs-x-default").types["body"] == "object"
    assert json.loads(sent("GET", "/_data_stream/logs-*").body) == {
        "data_streams": [{"name": "logs-x-default"}]
    }
    assert sent("POST", "/logs-x-default/_rollover").status == 200
    assert statuses_of(collectors.answer(bulk(document), None)) == [(201, "")]
    assert collectors.elasticsearch.mapping_of("logs-x-default").types["body"] == "flattened"


def test_the_cluster_is_closed_without_the_key() -> None:
    """For templates as for documents."""
    closed = [
        Collectors().answer(Incoming(method, path, {}, {}, b"{}"), "the-key").status
        for method, path in (("GET", "/"), ("PUT", f"{INDEX_PATH}x"), ("POST", PATH))
    ]
    assert closed == [401, 401, 401]
