"""`readsEverything` tells a list from a watch that continues one, and how a query is read."""

import pytest

from eks_log_forwarder.detection.request_fields import MAX_URI
from eks_log_forwarder.detection.request_query import query_values
from tests.unit.detection_rules import selects

URI = "/apis/apps/v1/namespaces/shop/deployments/cart"


def _event(verb: str, query: str) -> dict[str, object]:
    return {
        "verb": verb,
        "requestURI": URI + query,
    }


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


def test_a_watch_with_a_long_uri_reads_everything() -> None:
    """Its query is not read."""
    query = "?resourceVersion=7&x="
    fits = query + "y" * (MAX_URI - len(URI) - len(query))
    assert not selects("{readsEverything: true}", _event("watch", fits))
    assert selects("{readsEverything: true}", _event("watch", fits + "y"))


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
