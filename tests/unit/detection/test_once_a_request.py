"""Which of a request's audit events a rule fires on."""

import pytest

from tests.unit.detection_rules import selects

ANY = "{objectRef.resource: pods}"
STAGES = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic", "", None]
LONG_RUNNING = [
    ("get", "exec", "/x"),
    ("create", "exec", "/x"),
    ("create", "attach", "/x"),
    ("get", "portforward", "/x"),
    ("get", "log", "/x"),
    ("watch", "", "/x?watch=true"),
    ("proxy", "", "/x"),
    ("get", "", "/debug/pprof/profile"),
]
OTHERS = [("create", "", "/x"), ("get", "", "/x/log"), ("list", "", "/x"), ("patch", "scale", "/debug")]


def _event(verb: str, subresource: str, uri: str, stage: str | None, code: int | None) -> dict[str, object]:
    event: dict[str, object] = {
        "verb": verb,
        "requestURI": uri,
        "objectRef": {"resource": "pods", "subresource": subresource},
    }
    if stage is not None:
        event["stage"] = stage
    if code is not None:
        event["responseStatus"] = {"code": code}
    return event


def _stages(verb: str, subresource: str, uri: str, code: int | None) -> list[str | None]:
    return [stage for stage in STAGES if selects(ANY, _event(verb, subresource, uri, stage, code))]


@pytest.mark.parametrize("code", [None, 101, 200, 400, 403, 500])
@pytest.mark.parametrize(("verb", "subresource", "uri"), LONG_RUNNING)
def test_a_long_running_request_counts_as_it_starts(
    verb: str, subresource: str, uri: str, code: int | None
) -> None:
    """Never at its end, which may be hours later, whether it was refused or not."""
    assert _stages(verb, subresource, uri, code) == ["ResponseStarted", "", None]


@pytest.mark.parametrize("code", [None, 200, 400, 403, 500])
@pytest.mark.parametrize(("verb", "subresource", "uri"), OTHERS)
def test_any_other_request_counts_at_its_end(verb: str, subresource: str, uri: str, code: int | None) -> None:
    """The end is ResponseComplete or Panic; an event without a stage is the only one."""
    assert _stages(verb, subresource, uri, code) == ["ResponseComplete", "Panic", "", None]


def test_a_request_without_a_login_counts_as_it_is_refused() -> None:
    """The API server logs it at ResponseStarted only."""
    assert _stages("get", "", "/x", 401) == ["ResponseStarted", "ResponseComplete", "Panic", "", None]


def test_a_proxied_request_counts_at_both_stages() -> None:
    """The matcher drops the second event of a pair."""
    assert _stages("create", "proxy", "/x", 200) == ["ResponseStarted", "ResponseComplete", "Panic", "", None]


@pytest.mark.parametrize("stage", ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"])
def test_leaves_a_rule_that_names_the_stage_as_it_is(stage: str) -> None:
    """A rule that names a stage fires only at that stage."""
    selection = f"{{objectRef.resource: pods, stage: {stage}}}"
    assert [found for found in STAGES if selects(selection, _event("create", "exec", "/x", found, 200))] == [
        stage
    ]
