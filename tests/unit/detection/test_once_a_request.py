"""Which of a request's audit events a rule fires on."""

import pytest

from tests.unit.detection_rules import selects

ANY = "{objectRef.resource: pods}"
SESSIONS = [
    ("exec", "create", "RequestReceived", None, False),
    ("exec", "create", "ResponseStarted", 101, True),
    ("exec", "get", "ResponseStarted", 101, True),
    ("exec", "create", "ResponseComplete", 101, False),
    ("exec", "get", "ResponseComplete", 200, False),
    ("exec", "create", "ResponseComplete", 403, True),
    ("exec", "get", "ResponseComplete", 400, True),
    ("exec", "create", "ResponseComplete", 399, False),
    ("exec", "create", "ResponseComplete", None, False),
    ("exec", "create", None, 200, True),
    ("exec", "get", "", None, True),
    ("attach", "create", "ResponseStarted", 101, True),
    ("attach", "get", "ResponseComplete", 101, False),
    ("portforward", "create", "ResponseStarted", None, True),
    ("portforward", "create", "ResponseComplete", 500, True),
    ("portforward", "get", "ResponseComplete", 200, False),
    ("exec", "delete", "ResponseComplete", 200, True),
    ("log", "get", "ResponseComplete", 200, True),
    ("", "create", "ResponseComplete", 201, True),
    ("", "create", "RequestReceived", None, False),
    ("", "create", "Panic", 500, True),
    ("", "create", None, None, True),
]


def _event(subresource: str, verb: str, stage: str | None, code: int | None) -> dict[str, object]:
    event: dict[str, object] = {"verb": verb, "objectRef": {"resource": "pods", "subresource": subresource}}
    if stage is not None:
        event["stage"] = stage
    if code is not None:
        event["responseStatus"] = {"code": code}
    return event


@pytest.mark.parametrize(("subresource", "verb", "stage", "code", "expected"), SESSIONS)
def test_counts_one_event_a_request(
    subresource: str,
    verb: str,
    stage: str | None,
    code: int | None,
    expected: bool,  # noqa: FBT001  # a table's column
) -> None:
    """Never at RequestReceived; a session when it opens or is refused; every other request at its end."""
    assert selects(ANY, _event(subresource, verb, stage, code)) is expected


@pytest.mark.parametrize("stage", ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"])
def test_leaves_a_rule_that_names_the_stage_as_it_is(stage: str) -> None:
    """A rule that names a stage fires only at that stage."""
    selection = f"{{objectRef.resource: pods, stage: {stage}}}"
    assert [
        found
        for found in ("RequestReceived", "ResponseStarted", "ResponseComplete", "Panic")
        if selects(selection, _event("exec", "create", found, 200))
    ] == [stage]
