"""Parsers and rules do work that is proportional to the event, whatever its structure."""

from collections.abc import Callable, Iterator

import pytest

from tests import growth
from tests.unit.shipped_rules import RULES

HEADER = (
    '{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"7",'
    '"stage":"ResponseComplete","requestURI":"/x","verb":"VERB","user":{"username":"robin"},'
    '"sourceIPs":["10.1.2.3"],"objectRef":{"resource":"RESOURCE","name":"cart"},"responseStatus":{"code":200}'
)
VALUES = {
    "brackets": ("[", "]"),
    "members": ("{},", ""),
    "numbers": ("1,", ""),
    "long numbers": (f"{'9' * 400},", ""),
    "texts": ('"ab",', ""),
    "containers": ('{"securityContext":{"capabilities":{"add":["A"]}}},', ""),
    "rules": ('{"verbs":["a"],"resources":["b"]},', ""),
}
BODIES = [
    (
        "create",
        "pods",
        '"requestObject":{"spec":{"containers":[{"securityContext":{"capabilities":{"add":[%s',
    ),
    ("create", "roles", '"requestObject":{"rules":[%s'),
    ("get", "pods", '"x":[%s'),
]
# What stands behind the values: nothing, where the event is cut.
ENDS = {"whole": "0", "cut": ""}
SIZES = (400, 800, 1600)
HEADER_TEXTS = ["userAgent", "requestURI", "stage"]

type Match = Callable[[str], object]


@pytest.fixture(scope="module")
def match() -> Iterator[Match]:
    """Parse a message and match it with the shipped rules, in a package whose patterns count."""
    with growth.instrumented() as load:
        rules = load("eks_log_forwarder.detection.rule_set").RuleSet.load(RULES)
        parse = load("eks_log_forwarder.control_plane.parsing").parse
        log_type = load("eks_log_forwarder.intake.log_type").LogType.AUDIT
        log_event = load("eks_log_forwarder.intake.payload").LogEvent

        def matched(message: str) -> object:
            parsed = parse(log_type, log_event(id="1", timestamp=0, message=message))
            return rules.match(log_type, parsed.audit, parsed.audit_fields, message)

        yield matched


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("body", BODIES, ids=str)
def test_work_grows_with_the_body(match: Match, body: tuple[str, str, str], value: str, end: str) -> None:
    """Twice the body takes at most about twice the steps, characters and memory."""
    verb, resource, start = body
    opening, closing = VALUES[value]
    close_body = "".join({"{": "}", "[": "]"}[bracket] for bracket in reversed(start) if bracket in "{[")

    def make(size: int) -> str:
        times = size // len(opening)
        header = HEADER.replace("VERB", verb).replace("RESOURCE", resource)
        begun = f"{header},{start % (opening * times)}{ENDS[end]}"
        return f"{begun}{closing * times}{close_body}}}" if ENDS[end] else begun

    growth.assert_linear(make, match, sizes=SIZES, counted_text=False)


@pytest.mark.parametrize("field", HEADER_TEXTS)
@pytest.mark.parametrize("text", ["x", "%2F", "é", "dryRun=All&"])
def test_work_grows_with_the_header(match: Match, field: str, text: str) -> None:
    """Long texts that a client chooses cost their length."""
    header = HEADER.replace("VERB", "create").replace("RESOURCE", "pods")
    growth.assert_linear(
        lambda size: f'{header},"{field}":"{text * (size // len(text))}"}}',
        match,
        sizes=SIZES,
        counted_text=False,
    )
