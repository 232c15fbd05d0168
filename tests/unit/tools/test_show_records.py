"""docs/records.md shows what the forwarder really makes of the lines in events/lines."""

import json

import msgspec
import pytest

from eks_log_forwarder.config.settings import RecordFormat
from eks_log_forwarder.intake.log_type import VENDED_LOG_TYPES, LogType
from tools.show_records import BEGIN, PAGE, default_stages, examples, page, record_of


def test_the_page_is_up_to_date() -> None:
    """`make records` would write the page as it stands."""
    text = PAGE.read_text(encoding="utf-8")
    assert text.count(BEGIN) == 1
    assert page(text) == text


def test_the_prose_is_kept() -> None:
    """The text above the examples is kept; old examples are replaced."""
    assert page(f"# Mine\n{BEGIN}old").startswith(f"# Mine\n{BEGIN}\n| example |")
    assert "old" not in page(f"# Mine\n{BEGIN}old").splitlines()


def test_shows_every_log_type_in_every_format() -> None:
    """Five log types and unknown streams, one type each of Auto Mode and of Capabilities, four formats."""
    text = PAGE.read_text(encoding="utf-8")
    stages = default_stages()
    left_out = set(VENDED_LOG_TYPES.values()) - {LogType.AUTO_MODE_COMPUTE, LogType.CAPABILITY_ARGOCD}
    assert {record_of(example, stages).logType for example in examples()} == set(LogType) - left_out
    assert [text.count(f"\n`{name}`, ") for name in RecordFormat] == [12, 12, 12, 12]


@pytest.mark.parametrize(
    ("heading", "marks"),
    [
        ("audit", {"detections"}),
        ("authenticator", {"detections"}),
        ("api", set()),
        ("scheduler", {"detections"}),
        ("autoModeCompute, as an example of Auto Mode", set()),
        ("capabilityArgocd, as an example of Capabilities", {"detections"}),
        ("An audit event that arrived cut", {"parsed", "truncated", "detections"}),
        ("A token that was taken out", {"redacted"}),
        ("A line that is not of its log type's format", {"parsed"}),
    ],
)
def test_examples_bear_the_marks_that_they_explain(heading: str, marks: set[str]) -> None:
    """The marks stand on the record where they say something, and only there."""
    (example,) = (example for example in examples() if example.heading == heading)
    record = json.loads(msgspec.json.encode(record_of(example, default_stages())))
    assert marks == {"parsed", "truncated", "redacted", "detections"} & set(record)
