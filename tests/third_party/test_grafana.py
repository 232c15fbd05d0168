"""Grafana's own model of a dashboard, and its grammar of LogQL, about our dashboard for Loki."""

import json
import re
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.logql import names_in
from tests.third_party.npm import evaluated, unpacked
from tools import ROOT

PACKAGES = (
    (
        "@grafana/lezer-logql@0.4.2",
        "oFL37nFgQq3xWN8A7rIKQ2nrftq8l3i0U6TcbtLNlrzn7aVxmPCYaibRjnYDXZQ64QhFkcWVhspXWwSguZsyzQ==",
    ),
    (
        "@lezer/lr@1.4.10",
        "rnCpTIBafOx4mRp43xOxDJbFipJm/c0cia/V5TiGlhmMa+wsSdoGmUN3w5Bqrks/09Q/D4tNAmWaT8p6NRi77A==",
    ),
    (
        "@lezer/common@1.5.5",
        "Pw7PVCndruF1pb3ebCxpSVpkMHSDjwRCLcTRw+RizUKco5QbWylwq2g4lnG/RYN7yTTQDXE9F77MwtkAyphrjg==",
    ),
)
# For each query: the identifiers of its tree, and the places where the grammar does not fit.
SCRIPT = """
import { readFileSync } from "fs";
import { createRequire } from "module";
const { parser } = createRequire(process.cwd() + "/")("@grafana/lezer-logql");
const read = (query) => {
  const names = [], errors = [];
  parser.parse(query).iterate({ enter: (node) => {
    if (node.type.isError) errors.push(query.slice(Math.max(0, node.from - 20), node.from + 20));
    if (node.name === "Identifier") names.push(query.slice(node.from, node.to));
  } });
  return { names, errors };
};
process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(read)));
"""


TEXT = (ROOT / "collectors/loki/grafana-dashboard.json").read_text(encoding="utf-8")


def queries() -> list[str]:
    """The queries of the dashboard, as Grafana sends them."""
    found: list[str] = re.findall(r'"expr": ("(?:[^"\\]|\\.)*")', TEXT)
    expressions = [str(json.loads(one)) for one in found]
    return [one.replace("$__range", "6h").replace("$__auto", "1m") for one in expressions]


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the grammar reads in each query, and last in one with a fault."""
    folder = tmp_path_factory.mktemp("logql")
    for package, sha512 in PACKAGES:
        unpacked(package, sha512, folder)
    found = evaluated(SCRIPT, folder, json.dumps([*queries(), '{a="b"} | | c="d"']))
    assert isinstance(found, list)
    return found


def test_grafanas_grammar_reads_every_query(trees: list[dict[str, Any]]) -> None:
    """Without an error; the query with a fault has one."""
    assert len(trees) > 20
    assert trees[-1]["errors"]
    assert [tree["errors"] for tree in trees[:-1] if tree["errors"]] == []


def test_our_reading_finds_every_name_that_the_grammar_finds(trees: list[dict[str, Any]]) -> None:
    """But for the names that a query makes itself; templates are texts to the grammar."""
    made = {"seen"}
    for query, tree in zip(queries(), trees, strict=False):
        assert set(tree["names"]) - made <= names_in(query)


def test_grafanas_model_has_every_name_of_the_dashboard() -> None:
    """It drops what it does not know: nothing is lost on the way through it."""
    register_default_plugins()
    given = json.loads(TEXT)
    assert lost_between(given, json.loads(JSONEncoder().encode(Dashboard.from_json(given)))) == []
    given["panels"][0]["kynd"] = "stat"
    given["panels"][0]["targets"][0]["exp"] = "x"
    read = json.loads(JSONEncoder().encode(Dashboard.from_json(given)))
    assert lost_between(given, read) == [".panels[0].targets[0].exp", ".panels[0].kynd"]


def lost_between(given: object, read: object, path: str = "") -> list[str]:
    """The places of a JSON value that another one lacks or has differently."""
    if isinstance(given, dict) and isinstance(read, dict):
        return [
            place
            for name, part in given.items()
            for place in lost_between(part, read.get(name), f"{path}.{name}")
        ]
    if isinstance(given, list) and isinstance(read, list) and len(given) == len(read):
        pairs = enumerate(zip(given, read, strict=True))
        return [place for n, (one, other) in pairs for place in lost_between(one, other, f"{path}[{n}]")]
    return [] if given == read else [path]
