"""The shipped policies over published audit lines: a k3s cluster's, and those of rule tests."""

import json
import os
from pathlib import Path

import msgspec
import pytest

from eks_log_forwarder.audit_policy import Action, trim
from eks_log_forwarder.control_plane.audit import AuditHeader
from tests.unit.audit_policy.test_shipped_policies import shipped
from tools.policy_savings import measure


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """Every line of audit.ndjson."""
    folder = os.environ.get("EKS_LOG_CORPUS")
    if not folder:
        pytest.skip("EKS_LOG_CORPUS names no folder of published log lines")
    return (Path(folder) / "audit.ndjson").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    ("name", "events", "saved"),
    [
        (
            "quiet",
            {Action.KEEP: 548, Action.DROP: 498},
            {"enriched": 952_426, "parsed": 547_114, "plain": 520_403, "ocsf": 1_447_466},
        ),
        (
            "security",
            {Action.KEEP: 1045, Action.TRIM: 1},
            {"enriched": -2, "parsed": -1, "plain": -1, "ocsf": -2},
        ),
    ],
)
def test_measures_the_corpus(
    name: str, events: dict[Action, int], saved: dict[str, int], lines: list[str]
) -> None:
    """docs/audit-policy.md's figures; the cluster logged Metadata, so there is next to nothing to trim."""
    report = measure(lines, shipped(name))
    assert report.total.events == events
    assert report.total.saved == saved
    assert (report.request_received, report.no_event, report.denials) == (890, 0, 29)
    assert report.from_k3s


@pytest.mark.parametrize("name", ["quiet", "security"])
def test_no_line_loses_more_than_is_promised(name: str, lines: list[str]) -> None:
    """Denials stay whole; a trimmed line differs only in its bodies and level."""
    policy = shipped(name)
    for line in lines:
        header = msgspec.json.decode(line, type=AuditHeader)
        decision = policy.decide(header)
        if header.response_status is not None and header.response_status.code in (401, 403):
            assert decision.action is Action.KEEP
        event, left = json.loads(line), json.loads(trim(line, decision))
        ignored = ("level", *decision.strip)
        assert {key: one for key, one in left.items() if key != "level"} == {
            key: one for key, one in event.items() if key not in ignored
        }
        assert decision.level is None or left.get("level") in (None, decision.level)
