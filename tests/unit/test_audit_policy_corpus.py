"""The shipped policies over published audit lines: a k3s cluster's, and those of rule tests."""

import json
import os
from pathlib import Path

import pytest

from eks_log_forwarder.audit_policy import Action, load_policy, trim
from eks_log_forwarder.control_plane.audit import AuditHeader
from tests.unit.test_shipped_policies import POLICIES
from tools.policy_savings import Report, measure


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """Every line of the corpus's audit files."""
    folder = os.environ.get("EKS_LOG_CORPUS")
    if not folder:
        pytest.skip("EKS_LOG_CORPUS names no folder of published log lines")
    files = sorted(Path(folder).glob("audit*.ndjson"))
    return [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def report_of(lines: list[str], name: str) -> Report:
    """Measure a shipped policy."""
    policy = load_policy(POLICIES, name)
    assert policy is not None
    return measure(lines, policy)
