"""The table in docs/detections.md shows the rules as they are."""

import pytest

from tests.unit.shipped_rules import STEMS
from tools.show_rules import BEGIN, END, PAGE, page, refused, table


def test_the_page_is_up_to_date() -> None:
    """`make rules` would write the page as it is."""
    text = PAGE.read_text(encoding="utf-8")
    assert (text.count(BEGIN), text.count(END)) == (1, 1)
    assert page(text) == text


def test_every_rule_has_a_row() -> None:
    """The gravest rules come first."""
    rows = table().splitlines()[2:]
    assert sorted(row.split("`")[1] for row in rows) == STEMS
    assert rows[0].startswith("| `audit_binding_for_anonymous` | Role Bound to Anonymous Users | critical | ")


def test_the_prose_is_kept() -> None:
    """Only the old table is replaced."""
    written = page(f"# Before\n{BEGIN}old\n{END}after\n")
    assert written.startswith(f"# Before\n{BEGIN}\n| file")
    assert written.endswith(f"{END}after\n")
    assert "old" not in written.splitlines()


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("audit_kubectl_delete", "ignored"),
        ("audit_kubectl_delete_denied", "only"),
        ("audit_node_proxy_used", "also"),
        ("audit_anonymous_request_allowed", "ignored"),
        ("scheduler_pod_unschedulable", "n/a"),
    ],
)
def test_tells_what_a_rule_does_with_refused_requests(stem: str, expected: str) -> None:
    """It is tried on the lines of the rule, not read from its text."""
    assert refused(stem) == expected
