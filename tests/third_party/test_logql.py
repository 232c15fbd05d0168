"""Grafana's own grammar of LogQL about the queries of our dashboard, and about our reading of them."""

import json
import re
from typing import Any

import pytest

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


def queries() -> list[str]:
    """The queries of the dashboard, as Grafana sends them."""
    text = (ROOT / "collectors/loki/grafana-dashboard.json").read_text(encoding="utf-8")
    found: list[str] = re.findall(r'"expr": ("(?:[^"\\]|\\.)*")', text)
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
