"""What is kept between events is bounded in number and in size."""

import tracemalloc

from eks_log_forwarder.control_plane.audit import AuditHeader, ObjectRef, User
from eks_log_forwarder.detection.remembering import MAX_CHARACTERS, Memory
from eks_log_forwarder.detection.rule_set import RuleSet
from eks_log_forwarder.detection.source_addresses import parse_address
from eks_log_forwarder.intake.log_type import LogType
from tests.unit.shipped_rules import RULES


def test_keeps_a_bounded_number_of_short_keys() -> None:
    """Of ten keys a memory of three keeps the last one; a key of 257 characters is not kept."""
    memory: Memory[str, int] = Memory(3)
    for number in range(10):
        memory.keep(str(number), 1, number)
    memory.keep("long", MAX_CHARACTERS + 1, 11)
    assert memory.entries == {"9": 9}
    assert (memory.get("9"), memory.get("long")) == (9, None)


def test_long_requests_leave_nothing_behind() -> None:
    """A hundred events with texts of 100 kB in every field that a client chooses leave less than 200 kB."""
    rules = RuleSet.load(RULES)
    rules.match(LogType.AUDIT, _header("warm", "get"), None, "{}")
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(100):
        for verb in ("create", "patch", "delete", f"{number}" + "v" * 100_000):
            rules.match(LogType.AUDIT, _header(f"{number}" + "x" * 100_000, verb), None, "{}")
    del verb
    left = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert left < 200_000  # 69 rules remember some 110 kB of short texts


def test_many_short_requests_leave_a_bounded_amount() -> None:
    """Ten thousand different requests leave less than 10 MB, and ten thousand more do not add to it."""
    rules = RuleSet.load(RULES)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    left = []
    for batch in range(2):
        for number in range(10_000):
            rules.match(LogType.AUDIT, _header(f"{batch}-{number}", "create"), None, "{}")
        left.append(tracemalloc.get_traced_memory()[0] - before)
    tracemalloc.stop()
    assert max(left) < 10_000_000


def test_a_long_text_is_no_address() -> None:
    """No address has more than 64 characters, so a longer text is neither parsed nor kept."""
    assert parse_address("2001:db8::1") is not None
    assert parse_address("fe80::1%" + "x" * 100) is None


def _header(text: str, verb: str) -> AuditHeader:
    return AuditHeader(
        verb=verb,
        stage="ResponseComplete",
        request_uri=f"/{text}",
        user=User(username=f"system:{text}", groups=[text]),
        impersonated_user=User(username=text, groups=[text]),
        source_ips=[text],
        user_agent=f"kubectl/{text}",
        object_ref=ObjectRef(resource="pods", name=text, namespace=text),
    )
