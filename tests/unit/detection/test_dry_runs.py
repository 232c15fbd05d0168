"""Dry runs fire no rule; what only looks like one does."""

import json

import pytest

from eks_log_forwarder.control_plane.parsing import parse
from eks_log_forwarder.detection.matcher import Matcher
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent
from tests.unit.detection_rules import detections_of, rule_text

ANY = rule_text("s: {objectRef.resource: '*'}\ncondition: s")
AT_THE_END = rule_text("s: {stage: ResponseComplete}\ncondition: s")
URI = "/apis/apps/v1/namespaces/shop/deployments/cart"
DRY = "?fieldManager=me&dryRun=All&force=true"


def _event(verb: str, query: str, resource: str = "deployments", subresource: str = "") -> dict[str, object]:
    return {
        "kind": "Event",
        "auditID": "a",
        "verb": verb,
        "requestURI": URI + query,
        "objectRef": {"resource": resource, "subresource": subresource},
    }


def _is_found(event: dict[str, object], rule: str = ANY) -> bool:
    message = json.dumps(event)
    line = LogEvent("37", 0, message)
    return bool(Matcher(detections_of(rule))(LogType.AUDIT, parse(LogType.AUDIT, line), line))


@pytest.mark.parametrize("verb", ["create", "update", "patch", "delete", "deletecollection"])
@pytest.mark.parametrize("query", [DRY, "?dryRun=All", "?dryRun=%41ll", "?dryRun=All&dryRun=All"])
def test_a_dry_run_in_the_query_fires_no_rule(verb: str, query: str) -> None:
    """Not even a rule that names the stage."""
    event = _event(verb, query) | {"stage": "ResponseComplete"}
    assert not _is_found(event)
    assert not _is_found(event, AT_THE_END)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?dryRun=",
        "?dryRun=all",
        "?dryrun=All",
        "?fieldManager=dryRun=All",
        "?fieldManager=x%26dryRun=All",
        "?x=1;dryRun=All",
        "?dryRun=All;x",
        "?dryRun=All%",
        "?xdryRun=All",
        "/dryRun=All",
    ],
)
def test_a_query_that_only_looks_like_a_dry_run_hides_nothing(query: str) -> None:
    """The parameter has to have exactly this name and this value."""
    assert _is_found(_event("create", query))


@pytest.mark.parametrize("verb", ["delete", "deletecollection"])
@pytest.mark.parametrize(
    ("query", "body", "is_dry"),
    [
        ("", {"kind": "DeleteOptions", "dryRun": ["All"]}, True),
        (DRY, {"kind": "DeleteOptions", "dryRun": ["All"]}, True),
        (DRY, None, True),
        ("", {"kind": "DeleteOptions"}, False),
        ("", {"dryRun": []}, False),
        ("", {"dryRun": "All"}, False),
        ("", {"dryRun": ["all"]}, False),
        ("", {"metadata": {"dryRun": ["All"]}}, False),
        (DRY, {"kind": "DeleteOptions", "propagationPolicy": "Background"}, False),
        (DRY, "All", False),
    ],
)
def test_the_body_of_a_deletion_decides(verb: str, query: str, body: object, *, is_dry: bool) -> None:
    """The API server reads the query of a deletion only if the deletion has no body."""
    event = _event(verb, query) | ({} if body is None else {"requestObject": body})
    assert _is_found(event) is not is_dry


@pytest.mark.parametrize("verb", ["create", "update", "patch"])
def test_the_body_of_another_write_does_not_matter(verb: str) -> None:
    """There `dryRun` is a field that the API server ignores."""
    assert _is_found(_event(verb, "") | {"requestObject": {"dryRun": ["All"]}})


@pytest.mark.parametrize(
    ("verb", "resource", "subresource"),
    [
        ("get", "secrets", ""),
        ("list", "secrets", ""),
        ("watch", "secrets", ""),
        ("create", "pods", "exec"),
        ("create", "pods", "attach"),
        ("create", "pods", "portforward"),
        ("create", "nodes", "proxy"),
        ("delete", "services", "proxy"),
        ("create", "serviceaccounts", "token"),
        ("create", "selfsubjectrulesreviews", ""),
        ("create", "tokenreviews", ""),
    ],
)
def test_a_request_without_dry_runs_cannot_hide_behind_the_parameter(
    verb: str, resource: str, subresource: str
) -> None:
    """The API server ignores the parameter where it reads, connects or computes an answer."""
    assert _is_found(_event(verb, DRY, resource, subresource))


def test_an_escaped_name_of_the_parameter_is_read() -> None:
    """JSON may spell any letter as an escape."""
    event = _event("delete", "") | {"requestObject": {"dryRun": ["All"]}}
    message = json.dumps(event).replace("dryRun", "d\\u0072yRun")
    line = LogEvent("37", 0, message)
    assert Matcher(detections_of(ANY))(LogType.AUDIT, parse(LogType.AUDIT, line), line) == []
