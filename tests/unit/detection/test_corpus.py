"""Rules over published log lines: nothing raises, the index changes nothing, and it is cheap."""

import os
from collections import Counter
from pathlib import Path

import pytest

from eks_log_forwarder.detection.event import Event
from eks_log_forwarder.intake.log_type import LogType
from tests.cost import calls_of
from tests.unit.detection_rules import detections_of, found_in, header_of, rule_text
from tests.unit.shipped_rules import found

MOST_ALARMS = 10  # detections of level high or above per 10,000 events of a cluster that nobody attacks
CAPTURED = 1783  # the first lines come from one cluster; the others test single rules

SELECTIONS = [
    "{verb: [delete, deletecollection], userAgent|startswith: kubectl/}",
    "{verb: create, objectRef.resource: pods, hostPath: '*'}",
    "{verb: create, objectRef.resource: [pods, deployments, daemonsets], privileged: true}",
    "{verb: create, objectRef.resource: [pods, deployments], capabilities.add: [SYS_ADMIN, ALL]}",
    "{objectRef.resource: pods, objectRef.subresource: exec, verb: [get, create]}",
    "{objectRef.resource: secrets, verb: list, objectRef.namespace: null}",
    "{objectRef.resource: secrets, responseStatus.code: [401, 403]}",
    "{objectRef.resource: [roles, clusterroles], requestObject.rules.verbs: '\\*'}",
    "{objectRef.resource: clusterrolebindings, requestObject.roleRef.name: cluster-admin}",
    "{user.username: 'system:anonymous', responseStatus.code|lt: 400}",
    "{user.username|startswith: 'system:', sourceIPPublic: true}",
    "{impersonatedUser.groups: 'system:masters'}",
]


@pytest.fixture(scope="module")
def messages() -> list[str]:
    """The audit events of the corpus."""
    folder = os.environ.get("EKS_LOG_CORPUS")
    if not folder:
        pytest.skip("EKS_LOG_CORPUS names no folder of published log lines")
    text = (Path(folder) / "audit.ndjson").read_text(encoding="utf-8")
    return text.splitlines()


def test_matches_published_lines_as_without_an_index(messages: list[str]) -> None:
    """For each line, index and header give the same result as every rule on the whole event."""
    detections = detections_of(*(rule_text(f"s: {selection}\ncondition: s") for selection in SELECTIONS))
    hits = 0
    for message in messages:
        found = found_in(detections, message)
        assert found == [rule.detection.id for rule in detections.rules if rule.matches(Event(message))]
        hits += len(found)
    assert hits > 0


def test_costs_little_for_published_lines(messages: list[str]) -> None:
    """A dozen rules take at most 26 calls an event."""
    detections = detections_of(*(rule_text(f"s: {selection}\ncondition: s") for selection in SELECTIONS))
    events = [(header_of(message), message) for message in messages]
    typed = [(header, message) for header, message in events if header is not None]

    def match_all() -> None:
        for header, message in typed:
            detections.match(LogType.AUDIT, header, None, message)

    match_all()  # without what is done once a container
    assert calls_of(match_all) / len(typed) <= 26


def test_a_quiet_cluster_raises_few_alarms(messages: list[str]) -> None:
    """The 893 captured events that EKS would log too raise 0 alarms, by any rule, and 0 other detections."""
    quiet = [message for message in messages[:CAPTURED] if '"stage":"RequestReceived"' not in message]
    assert len(quiet) == 893
    alarms: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for message in quiet:
        for stem, level in found(LogType.AUDIT, message).items():
            (alarms if level in {"high", "critical"} else others)[stem] += 1
    most = MOST_ALARMS * len(quiet) / 10_000
    assert alarms.total() <= most, dict(alarms)
    assert {stem: count for stem, count in alarms.items() if count > most} == {}
    assert (alarms, others) == (Counter(), Counter())
