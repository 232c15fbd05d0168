"""The files in `collectors/`: what is sent to which path of Elasticsearch and of OpenSearch.

Sources: Elasticsearch reference, "Create or update an index template", "Data stream lifecycle"; OpenSearch
documentation, "Index State Management", "Data streams".
"""

import json
from collections.abc import Iterator
from typing import NamedTuple

from eks_log_forwarder.config.index_templates import COVERED
from tools import ROOT
from tools.index_templates.mappings import Json, in_opensearch, mappings

FOLDER = ROOT / "collectors"
NAME = "eks-control-plane"
STREAMS = f"{COVERED}*-*"
RETENTION = "90d"
ELASTICSEARCH, OPENSEARCH = "elasticsearch", "opensearch"
POLICY_PATH = f"/_plugins/_ism/policies/{NAME}"

_PRIORITY = 250  # above Elastic's own template for logs-*-*, which has 100
_META = {"description": "EKS control-plane logs, as the EKS log forwarder sends them"}


class Part(NamedTuple):
    """A file's name, the path that it is sent to with PUT, and its content."""

    name: str
    path: str
    body: Json


def parts(product: str, retention: str = RETENTION) -> Iterator[Part]:
    """What has to be applied, in this order."""
    if product == OPENSEARCH:
        yield Part("lifecycle-policy.json", POLICY_PATH, _policy(retention))
    yield Part("component-template.json", f"/_component_template/{NAME}", _component(product))
    yield Part("index-template.json", f"/_index_template/{NAME}", _index(product, retention))


def text_of(part: Part) -> str:
    """The content of the file."""
    return json.dumps(part.body, indent=2) + "\n"


def write() -> None:
    """Writes all files again."""
    for product in (ELASTICSEARCH, OPENSEARCH):
        folder = FOLDER / product
        folder.mkdir(parents=True, exist_ok=True)
        for part in parts(product):
            (folder / part.name).write_text(text_of(part), encoding="utf-8")


def _component(product: str) -> Json:
    # logsdb, the default mode of logs-*-* from Elasticsearch 9 on, would build _source from the index
    index: Json = {"mode": "standard"} if product == ELASTICSEARCH else {}
    mapping = mappings() if product == ELASTICSEARCH else in_opensearch(mappings())
    settings = {"index": index | {"mapping": {"ignore_malformed": True}}}
    return {"template": {"settings": settings, "mappings": mapping}, "_meta": _META}


def _index(product: str, retention: str) -> Json:
    body: Json = {
        "index_patterns": [STREAMS],
        "data_stream": {},
        "priority": _PRIORITY,
        "composed_of": [NAME],
        "_meta": _META,
    }
    if product == ELASTICSEARCH:
        body["template"] = {"lifecycle": {"data_retention": retention}}
    return body


def _policy(retention: str) -> Json:
    states = [
        {
            "name": "written",
            "actions": [{"rollover": {"min_index_age": "1d", "min_primary_shard_size": "30gb"}}],
            "transitions": [{"state_name": "deleted", "conditions": {"min_index_age": retention}}],
        },
        {"name": "deleted", "actions": [{"delete": {}}], "transitions": []},
    ]
    return {
        "policy": {
            "description": _META["description"],
            "default_state": "written",
            "states": states,
            "ism_template": [{"index_patterns": [STREAMS], "priority": _PRIORITY}],
        }
    }
