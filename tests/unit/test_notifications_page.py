"""The JSON of docs/notifications.md: what AWS's own models accept, and fields that the events have."""

import json
import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from eks_log_forwarder.notifying.alerts import alerts_of
from eks_log_forwarder.notifying.notifier import Notifier
from eks_log_forwarder.record.record import Details
from eks_log_forwarder.telemetry.detection_line import ALERT_WORD, DetectionLine
from tests.template.test_tampering import matches
from tests.unit.notifying.alert_lines import Recorder, events, message

PAGE = (Path(__file__).parents[2] / "docs" / "notifications.md").read_text(encoding="utf-8")
SNIPPETS: dict[str, Any] = {
    name: json.loads(text)
    for name, text in re.findall(r"`([\w-]+\.json)`[^`]*```json\n(.*?)```", PAGE, re.DOTALL)
}
AWKWARD = 'a"b\\c <!channel> <summary>'


def event(**varied: Any) -> dict[str, Any]:  # noqa: ANN401  # what a line may vary
    """The event as a rule sees it (EventBridge user guide, "Event structure")."""
    channels = Recorder()
    Notifier(channels, "eu-central-1").tell(alerts_of(events(message(**varied))), "r1")
    (detail,) = channels.details
    return {
        "version": "0",
        "id": "0a1b2c3d-0000-4000-8000-000000000001",
        "detail-type": "Detection",
        "source": "eks-log-forwarder",
        "account": "111122223333",
        "time": "2026-01-14T10:00:09Z",
        "region": "eu-central-1",
        "resources": [],
        "detail": detail,
    }


def value_at(path: str, found: dict[str, Any]) -> Any:  # noqa: ANN401  # a node of JSON
    """The value at a path such as `$.detail.summary`."""
    value: Any = found
    for step in path.split(".")[1:]:
        value = value[step]
    return value


def transformed(target: dict[str, Any], found: dict[str, Any]) -> Any:  # noqa: ANN401  # a node of JSON
    """What a target receives; a variable without quotes is written as JSON."""
    transformer = target["InputTransformer"]
    values = {name: value_at(path, found) for name, path in transformer["InputPathsMap"].items()}
    text = re.sub(r"<(\w+)>", lambda variable: json.dumps(values[variable[1]]), transformer["InputTemplate"])
    return json.loads(text)


def faults(service: str, operation: str, arguments: dict[str, Any]) -> str:
    """What the model of an AWS service does not accept in a request."""
    model = botocore.session.get_session().get_service_model(service).operation_model(operation)
    assert model.input_shape is not None
    report = ParamValidator().validate(arguments, model.input_shape)
    return str(report.generate_report())


def test_the_page_has_two_patterns_and_three_receivers() -> None:
    """Each under its file's name."""
    names = ["detections.json", "critical.json", "slack.json", "pagerduty.json", "security-hub.json"]
    assert list(SNIPPETS) == names


@pytest.mark.parametrize(
    ("pattern", "varied", "is_matched"),
    [
        ("detections.json", {}, True),
        ("detections.json", {"level": "critical"}, True),
        ("critical.json", {"level": "critical"}, True),
        ("critical.json", {"level": "high"}, False),
        ("critical.json", {"level": "critical", "cluster": "staging"}, False),
    ],
)
def test_a_pattern_matches_what_the_page_says(
    pattern: str, varied: dict[str, str], *, is_matched: bool
) -> None:
    """By level and cluster."""
    assert matches(SNIPPETS[pattern], event(**varied)) is is_matched


def test_slack_gets_plain_text() -> None:
    """With nothing that Slack interprets, whatever a client sends."""
    (target,) = SNIPPETS["slack.json"]
    assert faults("events", "PutTargets", {"Rule": "detections", "Targets": [target]}) == ""
    found = event(actor=AWKWARD)
    ((block,),) = transformed(target, found).values()
    assert block == {"type": "section", "text": {"type": "plain_text", "text": found["detail"]["summary"]}}
    assert AWKWARD in block["text"]["text"]


def test_pagerduty_gets_what_it_requires() -> None:
    """PagerDuty developer documentation, "Send an alert event": summary, source and severity."""
    (target,) = SNIPPETS["pagerduty.json"]
    assert faults("events", "PutTargets", {"Rule": "detections", "Targets": [target]}) == ""
    found = event(actor=AWKWARD)
    sent = transformed(target, found)
    assert sent["event_action"] == "trigger"
    assert sent["payload"] == {
        "summary": found["detail"]["summary"],
        "source": "prod",
        "severity": "critical",
        "timestamp": "2026-01-14T10:00:09Z",
        "custom_details": found["detail"],
    }


def test_security_hub_accepts_the_finding() -> None:
    """The model of BatchImportFindings does; every path of the definition is one of the event."""
    state = SNIPPETS["security-hub.json"]["States"]["Import"]
    found = event()
    text = json.dumps(state["Arguments"])
    paths = set(re.findall(r"\$states\.input((?:\.\w+)+)", text))
    assert len(paths) == 11
    assert [path for path in paths if not isinstance(value_at(f"${path}", found), str)] == []
    # every expression makes a text
    assert faults("securityhub", "BatchImportFindings", state["Arguments"]) == ""


def test_the_page_explains_every_field() -> None:
    """Of the line, of the event, and of no other."""
    _, _, rest = PAGE.partition("| field | meaning |")
    table = rest.partition("\n\n")[0]
    cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert named == set(DetectionLine.__struct_fields__)
    assert set(Details.__struct_fields__) < named
    assert f"`{ALERT_WORD}`" in PAGE
    assert set(event()["detail"]) - named == {"more", "summary"}
