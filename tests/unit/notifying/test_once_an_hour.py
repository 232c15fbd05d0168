"""The same rule, actor and cluster is told once an hour."""

from eks_log_forwarder.notifying.alerts import Alert
from eks_log_forwarder.notifying.once_an_hour import HOUR_SECONDS, MAX_KEYS, OnceAnHour
from tests.unit.notifying.alert_lines import line


class Clock:
    """A clock that the test sets."""

    now = 1000.0

    def __call__(self) -> float:
        """The time, in seconds."""
        return self.now


def test_tells_again_after_an_hour_and_counts_what_came_between() -> None:
    """One more in the payload; then two and three within the hour; then one an hour later."""
    clock = Clock()
    memory = OnceAnHour(clock)
    assert memory.more_of(Alert(line(), 2), "request-1") == 1
    memory.remember(Alert(line(), 2), "request-1")
    clock.now += HOUR_SECONDS - 1
    assert memory.more_of(Alert(line(), 2), "request-2") is None
    assert memory.more_of(Alert(line(), 3), "request-3") is None
    clock.now += 1
    assert memory.more_of(Alert(line(), 1), "request-4") == 5
    memory.remember(Alert(line(), 1), "request-4")
    clock.now += HOUR_SECONDS
    assert memory.more_of(Alert(line(), 1), "request-5") == 0


def test_a_retry_counts_nothing_twice() -> None:
    """Lambda retries an invocation under the same request id."""
    clock = Clock()
    memory = OnceAnHour(clock)
    memory.remember(Alert(line(), 4), "request-1")
    assert memory.more_of(Alert(line(), 4), "request-1") is None
    assert memory.more_of(Alert(line(), 2), "request-2") is None
    assert memory.more_of(Alert(line(), 2), "request-2") is None
    clock.now += HOUR_SECONDS
    assert memory.more_of(Alert(line(), 1), "request-3") == 2


def test_another_rule_actor_or_cluster_is_told_at_once() -> None:
    """Only all three together are the same."""
    memory = OnceAnHour(Clock())
    memory.remember(Alert(line(), 1), "request-1")
    for other in (line(rule="rule-2"), line(actor="bob"), line(cluster="staging")):
        assert memory.more_of(Alert(other, 1), "request-1") == 0


def test_forgets_what_was_told_first() -> None:
    """A client that invents actors cannot fill the memory."""
    memory = OnceAnHour(Clock())
    for number in range(MAX_KEYS + 1):
        memory.remember(Alert(line(actor=f"actor-{number}"), 1), "request-1")
    assert len(memory) == MAX_KEYS
    assert memory.more_of(Alert(line(actor="actor-0"), 1), "request-2") == 0
    assert memory.more_of(Alert(line(actor="actor-1"), 1), "request-2") is None
