"""Who and what a detection is about, and a parsed line as the rules see it."""

import msgspec
import pytest

from eks_log_forwarder.control_plane.audit import AuditHeader, ObjectRef, User
from eks_log_forwarder.detection.matcher import actor_and_target, line_fields
from eks_log_forwarder.intake.log_type import LogType

ARN = "arn:aws:iam::1:role/R"
ALICE = User(username="alice")
POD = ObjectRef(resource="pods", namespace="shop", name="web", subresource="exec")
AUDIT = [
    (AuditHeader(user=ALICE, object_ref=POD), ("alice", "pods/exec shop/web")),
    (AuditHeader(user=ALICE, object_ref=ObjectRef(resource="nodes", name="a")), ("alice", "nodes a")),
    (AuditHeader(user=ALICE, object_ref=ObjectRef(resource="secrets")), ("alice", "secrets")),
    (AuditHeader(user=ALICE, request_uri="/metrics?token=x"), ("alice", "/metrics")),
    (AuditHeader(), ("", "")),
    (None, ("", "")),
]
LINES: list[tuple[LogType, dict[str, object] | None, tuple[str, str]]] = [
    (LogType.AUTHENTICATOR, {"arn": ARN, "client": "127.0.0.1:1"}, (ARN, "127.0.0.1:1")),
    (LogType.AUTHENTICATOR, {"arn": "", "username": "bob"}, ("bob", "")),
    (LogType.AUTHENTICATOR, {}, ("", "")),
    (LogType.SCHEDULER, {"pod": "shop/web", "err": "0/3 nodes"}, ("scheduler", "shop/web")),
    (LogType.CONTROLLER_MANAGER, {"node": "ip-10-0-0-1"}, ("controllerManager", "ip-10-0-0-1")),
    (LogType.CAPABILITY_ARGOCD, {"application": "cart", "namespace": "x"}, ("capabilityArgocd", "cart")),
    (LogType.API, {"pod": 3}, ("api", "")),
    (LogType.API, None, ("api", "")),
]


@pytest.mark.parametrize(("header", "expected"), AUDIT)
def test_names_user_and_object_of_an_audit_event(
    header: AuditHeader | None, expected: tuple[str, str]
) -> None:
    """A request without an object is named by its path, without what follows the question mark."""
    assert actor_and_target(LogType.AUDIT, header, None) == expected


@pytest.mark.parametrize(("log_type", "fields", "expected"), LINES)
def test_names_actor_and_target_of_a_line(
    log_type: LogType, fields: dict[str, object] | None, expected: tuple[str, str]
) -> None:
    """The authenticator's identity and client; the component and the object of a klog line."""
    assert actor_and_target(log_type, None, fields) == expected


class _Line(msgspec.Struct, omit_defaults=True):
    level: str = ""
    arn: str = ""
    groups: list[str] = []
    fields: dict[str, str] = {}


def test_puts_a_lines_fields_on_one_level() -> None:
    """The line's own fields win over the rest, and empty ones are absent."""
    line = _Line(level="warning", fields={"client": "127.0.0.1:1", "level": "other"})
    assert line_fields(line) == {"level": "warning", "client": "127.0.0.1:1"}
    assert line_fields(_Line()) == {}
