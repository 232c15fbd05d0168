"""Dry runs fire no rule, and `readsEverything` tells a list from a watch that continues one."""

import pytest

from eks_log_forwarder.detection.request_fields import MAX_URI
from eks_log_forwarder.detection.request_query import query_values
from tests.unit.detection_rules import selects

ANY = "{objectRef.resource: '*'}"
URI = "/apis/apps/v1/namespaces/shop/deployments/cart"
DRY = "?fieldManager=me&dryRun=All&force=true"


def _event(verb: str, query: str, resource: str = "deployments", subresource: str = "") -> dict[str, object]:
    return {
        "verb": verb,
        "requestURI": URI + query,
        "objectRef": {"resource": resource, "subresource": subresource},
    }


@pytest.mark.parametrize("verb", ["create", "update", "patch", "delete", "deletecollection"])
@pytest.mark.parametrize("query", [DRY, "?dryRun=All", "?dryRun=%41ll", "?dryRun=All&dryRun=All"])
def test_a_dry_run_in_the_query_fires_no_rule(verb: str, query: str) -> None:
    """Not even a rule that names the stage."""
    event = _event(verb, query) | {"stage": "ResponseComplete"}
    assert not selects(ANY, event)
    assert not selects("{stage: ResponseComplete}", event)


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
    assert selects(ANY, _event("create", query))


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
    assert selects(ANY, event) is not is_dry


@pytest.mark.parametrize("verb", ["create", "update", "patch"])
def test_the_body_of_another_write_does_not_matter(verb: str) -> None:
    """There `dryRun` is a field that the API server ignores."""
    assert selects(ANY, _event(verb, "") | {"requestObject": {"dryRun": ["All"]}})


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
    assert selects(ANY, _event(verb, DRY, resource, subresource))


@pytest.mark.parametrize(
    ("verb", "query", "expected"),
    [
        ("list", "", True),
        ("list", "?resourceVersion=7", True),
        ("get", "", False),
        ("watch", "", True),
        ("watch", "?watch=true", True),
        ("watch", "?watch=true&resourceVersion=", True),
        ("watch", "?watch=true&resourceVersion=0", True),
        ("watch", "?watch=true&resourceVersion=0&resourceVersion=7", True),
        ("watch", "?watch=true&resourceVersion=7;", True),
        ("watch", "?watch=true&fieldSelector=resourceVersion=7", True),
        ("watch", "?watch=true&resourceVersion=7&sendInitialEvents=true", True),
        ("watch", "?watch=true&resourceVersion=7&sendInitialEvents=1", True),
        ("watch", "?watch=true&resourceVersion=7", False),
        ("watch", "?watch=true&resourceVersion=%37", False),
        ("watch", "?watch=true&resourceVersion=7&sendInitialEvents=false", False),
        ("watch", "?watch=true&resourceVersion=7&sendInitialEvents=0", False),
        ("watch", "?watch=true&resourceVersion=7&resourceVersion=0", False),
    ],
)
def test_tells_whether_everything_is_read(verb: str, query: str, *, expected: bool) -> None:
    """A list, and a watch that begins with all objects."""
    assert selects("{readsEverything: true}", _event(verb, query)) is expected


def test_a_long_query_hides_nothing() -> None:
    """It is not read: the request is no dry run, and a watch reads everything."""
    more = "&x=" + "y" * (MAX_URI - len(URI) - len(DRY) - 3)
    assert not selects(ANY, _event("create", DRY + more))
    assert selects(ANY, _event("create", DRY + more + "y"))
    assert selects("{readsEverything: true}", _event("watch", "?resourceVersion=7&x=" + "y" * MAX_URI))


@pytest.mark.parametrize(
    ("uri", "values"),
    [
        ("/x", []),
        ("/x?", []),
        ("/x?a", [""]),
        ("/x?a=1&b=2&a=3", ["1", "3"]),
        ("/x?a=1?a=2", ["1?a=2"]),
        ("/x?%61=b+c%20d", ["b c d"]),
        ("/x?a=%zz&a=%4&a=1;2", []),
        ("/x?A=1&&=2", []),
    ],
)
def test_reads_a_query_as_go_does(uri: str, values: list[str]) -> None:
    """Pairs with a semicolon or an invalid escape are dropped."""
    assert query_values(uri, "a") == values
