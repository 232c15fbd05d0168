"""How an event is spelt in JSON changes nothing about what is found in it."""

import json
from random import Random
from typing import Any

import pytest

from tests.unit.shipped_rules import Line, found, lines, log_types

LINES = [line for line in lines() if log_types()[line.rule] == "audit" and line.message.endswith("}")]


def spelt(value: Any, random: Random) -> str:  # noqa: ANN401  # JSON
    """The JSON of a value with random escapes, white space and order of keys."""
    space = random.choice(["", "", " ", "\n\t", "\r\n  "])
    if isinstance(value, dict):
        members = list(value.items())
        random.shuffle(members)
        inner = f"{space},{space}".join(
            f"{_text(key, random)}{space}:{space}{spelt(each, random)}" for key, each in members
        )
        return f"{{{space}{inner}{space}}}"
    if isinstance(value, list):
        return f"[{space}{f',{space}'.join(spelt(each, random) for each in value)}{space}]"
    return _text(value, random) if isinstance(value, str) else json.dumps(value)


def _text(text: str, random: Random) -> str:
    return '"' + "".join(_character(character, random) for character in text) + '"'


def _character(character: str, random: Random) -> str:
    if character == "/" and random.random() < 0.5:
        return r"\/"
    if random.random() < 0.3:
        units = character.encode("utf-16-be")
        digits = random.choice(["{:04x}", "{:04X}"])
        return "".join(
            "\\u" + digits.format(int.from_bytes(units[at : at + 2])) for at in range(0, len(units), 2)
        )
    return json.dumps(character, ensure_ascii=False)[1:-1]


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.rule}-{line.number}")
def test_spelling_changes_no_detection(line: Line) -> None:
    """Three spellings of a line, with escapes, white space and another order of keys, are found as it is."""
    expected = found(log_types()[line.rule], line.message)
    event = json.loads(line.message)
    for seed in range(3):
        message = spelt(event, Random(f"{line.rule}{line.number}{seed}"))  # noqa: S311  # repeatable, no secret
        assert json.loads(message) == event
        assert found(log_types()[line.rule], message) == expected, message
        odd = f'{message.rstrip()[:-1]},"odd":[{"9" * 5000},"\\ud800"]}}'
        assert found(log_types()[line.rule], odd) == expected, odd


def test_letter_case_of_values_changes_no_detection() -> None:
    """The API server's own names in capitals are found as well, since Sigma compares without case."""
    line = next(line for line in LINES if line.rule == "audit_pod_privileged" and line.matches)
    event = json.loads(line.message)
    event["verb"] = event["verb"].upper()
    event["objectRef"]["resource"] = event["objectRef"]["resource"].upper()
    assert found(log_types()[line.rule], json.dumps(event)) == found(log_types()[line.rule], line.message)
