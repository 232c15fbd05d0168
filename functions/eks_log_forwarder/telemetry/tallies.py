"""The counts of an invocation with many payloads: one tally for each account, cluster and log type.

Each tally is a summary line of the log, which is billed, so that a hundred payloads of one cluster should not
write a hundred.
"""

from collections.abc import Iterator

from msgspec.structs import fields

from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.telemetry.tally import Tally

MAX_DETAILS = 10  # of a summary line; many payloads can each have their own

_COUNTS = tuple(field.name for field in fields(Tally) if field.type is int)
_LARGEST = tuple(field.name for field in fields(Tally) if field.type is float)


class Tallies:
    """The tallies that were added so far, in the order in which their keys came first."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, str, LogType], Tally] = {}

    def __iter__(self) -> Iterator[Tally]:
        return iter(self._tallies.values())

    def add(self, tally: Tally) -> None:
        """Adds the counts of one payload."""
        key = (tally.account, tally.cluster, tally.log_type)
        known = self._tallies.setdefault(key, tally)
        if known is not tally:
            _merge(known, tally)


def _merge(into: Tally, tally: Tally) -> None:
    """Adds counts; of ages and latencies the largest counts."""
    for name in _COUNTS:
        setattr(into, name, getattr(into, name) + getattr(tally, name))
    for name in _LARGEST:
        setattr(into, name, max(getattr(into, name), getattr(tally, name)))
    for reason, events in tally.reasons.items():
        into.give_reason(reason, events)
    into.details = sorted({*into.details, *tally.details})[:MAX_DETAILS]
    into.detections.merge(tally.detections)
    into.api_answers.merge(tally.api_answers)
    for request, count in tally.api_requests.items():
        into.api_requests[request] = into.api_requests.get(request, 0) + count
