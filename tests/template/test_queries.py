"""The saved queries of queries.yaml name fields and formats that EKS's lines have."""

import json
import re
from typing import Any

import pytest

from tests.template.resolve import source
from tools.make_event import LOG_TYPES_OF_LINES, example_lines, stream_name

QUERIES = {
    name: resource["Properties"]
    for name, resource in source("queries.yaml")["Resources"].items()
    if resource["Type"] == "AWS::Logs::QueryDefinition"
}
TEXTS = {name: properties["QueryString"] for name, properties in QUERIES.items()}
KEYWORDS = {
    *(
        "filter",
        "fields",
        "display",
        "stats",
        "sort",
        "limit",
        "parse",
        "like",
        "not",
        "and",
        "or",
        "in",
        "as",
    ),
    *("by", "asc", "desc", "count", "max", "min", "latest"),
}
LINES = {stream_name(log_type, "demo"): example_lines(stem) for stem, log_type in LOG_TYPES_OF_LINES.items()}
"""The example lines by the name of their stream."""


def regexes(text: str) -> list[tuple[str, str]]:
    """Each regular expression with the field that it reads, in Python's syntax."""
    found = re.findall(r"(@\w+) (?:not )?(?:like )?/((?:[^/\\]|\\.)+)/", text)
    return [(field, expression.replace("(?<", "(?P<")) for field, expression in found]


def fields_of(text: str) -> set[str]:
    """The fields that a query reads and does not make itself."""
    bare = re.sub(r"#.*|/(?:[^/\\\n]|\\.)+/|\"[^\"]*\"", " ", text)
    made = set(re.findall(r"\bas (\w+)", bare)) | set(re.findall(r"\(\?<(\w+)>", text))
    return set(re.findall(r"(?<![@\w.])[A-Za-z][\w.]*", bare)) - KEYWORDS - made


def value_of(event: Any, path: str) -> Any:  # noqa: ANN401  # JSON
    """The value at a dotted path, in which numbers are positions of a list; None if there is none."""
    for part in path.split("."):
        if isinstance(event, list):
            event = event[int(part)] if int(part) < len(event) else None
        else:
            event = event.get(part) if isinstance(event, dict) else None
    return event


def streams_of(text: str) -> list[str]:
    """The example streams that a query reads."""
    (expression,) = [expression for field, expression in regexes(text) if field == "@logStream"]
    return [stream for stream in LINES if re.search(expression, stream)]


def test_there_is_a_query_for_each_question() -> None:
    """Named after the cluster, on its log group, and each says in its first line what it shows."""
    assert len(QUERIES) == 9
    names = [properties["Name"]["Fn::Sub"] for properties in QUERIES.values()]
    assert len(set(names)) == len(names)
    for properties in QUERIES.values():
        assert properties["Name"]["Fn::Sub"].startswith("eks/${ClusterName}/")
        assert properties["LogGroupNames"] == [{"Fn::Sub": "/aws/eks/${ClusterName}/cluster"}]
        assert re.match(r"# [A-Z].+\.\n", properties["QueryString"])
        assert len(properties["QueryString"]) <= 10_000  # PutQueryDefinition


@pytest.mark.parametrize("name", TEXTS)
def test_a_query_reads_streams_of_one_log_type(name: str) -> None:
    """Only controller managers have two streams."""
    streams = streams_of(TEXTS[name])
    assert len(streams) == (2 if name == "ControllerErrors" else 1)


@pytest.mark.parametrize("name", TEXTS)
def test_each_field_of_a_query_is_one_of_an_audit_event(name: str) -> None:
    """Queries on text lines have none but those that they parse."""
    fields = fields_of(TEXTS[name])
    (stream, *_) = streams_of(TEXTS[name])
    if "audit" not in stream:
        assert fields == set()
        return
    assert len(fields) >= 4
    events = [json.loads(line) for line in LINES[stream]]
    assert {field for field in fields if all(value_of(event, field) is None for event in events)} == set()


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (
            "DeniedIdentities",
            {"arn": "arn:aws:iam::111122223333:role/ci-deployer", "reason": "ARN is not mapped"},
        ),
        ("PendingPods", {"pod": "prod/checkout-6f7c9d5b8-x2x7k"}),
        ("SlowRequests", {"h1": "10", "m1": "00"}),
        ("ControllerErrors", {"controller": "horizontal"}),
    ],
)
def test_what_a_query_parses_is_in_the_lines(name: str, found: dict[str, str]) -> None:
    """Every line that passes the filters gives every name; one of them is the expected one."""
    text = TEXTS[name]
    filters = [line for line in text.splitlines() if line.lstrip("| ").startswith("filter")]
    parses = [
        expression
        for line in text.splitlines()
        if "parse @message" in line
        for _, expression in regexes(line)
    ]
    results = []
    for stream in streams_of(text):
        for line in LINES[stream]:
            if all(passes(line, one) for one in filters):
                groups: dict[str, str] = {}
                for expression in parses:
                    match = re.search(expression, line)
                    groups |= match.groupdict() if match else {}
                results.append(groups)
    assert any(found.items() <= groups.items() for groups in results), results


def passes(line: str, text: str) -> bool:
    """Whether a line passes a filter's tests on @message, which are joined by `or` alone or `and` alone."""
    tests = re.findall(r"@message (not )?like /((?:[^/\\]|\\.)+)/", text)
    verdicts = [bool(re.search(expression, line)) is not bool(negated) for negated, expression in tests]
    return not verdicts or (any(verdicts) if " or " in text else all(verdicts))
