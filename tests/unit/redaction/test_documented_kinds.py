"""docs/redaction.md says what is found and what stays; each row of its tables is a test."""

import json
import re
from pathlib import Path

import pytest

from eks_log_forwarder.redaction import redact

DOCS = Path(__file__).parents[3] / "docs" / "redaction.md"
ROW = re.compile(
    r"\| (?P<kind>[^|]+) \| (?:(?P<where>env|args|body) \| )?`(?P<found>[^|]+)` \| `(?P<kept>[^|]+)` \|"
)
ROWS = [match.groups() for line in DOCS.read_text().splitlines() if (match := ROW.fullmatch(line))]
CHARACTERS = "a0B1c2D3e4F5g6H7"
SECRET = re.compile("«([^»]*)»")


def _random(text: str) -> str:
    return re.sub(r"<(\d+)>", lambda count: (CHARACTERS * 4)[: int(count[1])], text)


def _before(text: str) -> str:
    return text.replace("«", "").replace("»", "")


def _after(text: str) -> str:
    return SECRET.sub(lambda secret: f"[REDACTED:{len(secret[1])}]", text)


def _event(where: str, text: str) -> str:
    """An audit event with the text where the table says."""
    container: object = {"name": "a"}
    if where == "env":
        name, _, value = text.partition("=")
        container = {"name": "a", "env": [{"name": name, "value": value}]}
    elif where == "args":
        script = re.fullmatch("(sh) (-c) '(.*)'", text)
        container = {"name": "a", "args": list(script.groups()) if script else text.split(" ")}
    body = json.loads(text) if where == "body" else {"kind": "Pod", "spec": {"containers": [container]}}
    event = {"auditID": "a", "objectRef": {"resource": "pods"}, "requestObject": body}
    return json.dumps(event, separators=(",", ":"))


def test_the_tables_have_rows() -> None:
    """The pattern for a row fits each row."""
    lines = [line for line in DOCS.read_text().splitlines() if line.startswith("| ") and "`" in line]
    assert len([line for line in lines if "«" in line]) == len(ROWS)
    assert len(ROWS) > 60


@pytest.mark.parametrize(("kind", "where", "found", "kept"), [row for row in ROWS if row[1] is None])
def test_finds_what_the_table_says_in_any_text(kind: str, where: None, found: str, kept: str) -> None:
    """In plain text, in a string of a body, and at the cut; what stays is the same object."""
    del kind, where
    found, kept = _random(found), _random(kept)
    assert redact(f"x {_before(found)} y")[0].replace("\n", "\\n") == f"x {_after(found)} y"
    event = '{"auditID":"a","requestObject":{"a":"x TEXT","b":"y"}}'
    assert redact(event.replace("TEXT", _before(found))) == (event.replace("TEXT", _after(found)), 1)
    for text in (f"x {kept} y", event.replace("TEXT", kept)):
        assert redact(text) == (text, 0)


@pytest.mark.parametrize(("kind", "where", "found", "kept"), [row for row in ROWS if row[1] is not None])
def test_finds_what_the_table_says_in_bodies(kind: str, where: str, found: str, kept: str) -> None:
    """As a body, and as JSON in an annotation of a body."""
    del kind
    found, kept = _random(found), _random(kept)
    before, after, stays = (_event(where, text) for text in (_before(found), _after(found), kept))
    assert redact(before) == (after, 1)
    assert redact(stays) == (stays, 0)
    nested = {"auditID": "a", "responseObject": {"metadata": {"annotations": {"last-applied": before}}}}
    text = json.dumps(nested)
    assert redact(text)[0].count("[REDACTED:") == 1
