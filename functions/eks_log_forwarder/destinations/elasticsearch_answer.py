"""The answer to a `_bulk` request: one outcome for each event, in the order of the request."""

import re

import msgspec

from eks_log_forwarder.destinations.http_parts import read_json
from eks_log_forwarder.destinations.outcomes import (
    Delivered,
    EventOutcome,
    Outcome,
    PerEvent,
    Rejected,
    Unreachable,
    Unreadable,
    outcome_of_status,
)

BYTES_PER_ITEM = 2048  # room for an unfiltered answer, which has index, id and reason for each event
_ALREADY_STORED = 409
# If every item has one of these, the index or the permissions are wrong, not the events.
_OF_THE_INDEX = frozenset({401, 403, 404})
_ERROR_TYPE = re.compile(r"[a-z_]{1,64}")


class _Error(msgspec.Struct):
    type: str = ""


class _Result(msgspec.Struct):
    status: int
    error: _Error = msgspec.field(default_factory=_Error)


class _Item(msgspec.Struct):
    create: _Result


class _Answer(msgspec.Struct):
    errors: bool
    items: list[_Item]


def outcome_of_items(body: bytes, events: int) -> Outcome:
    """The outcome of each event; Unreadable if the answer does not cover every event."""
    try:
        answer = read_json(body, _Answer)
    except ValueError:
        return Unreadable()
    if len(answer.items) != events:
        return Unreadable()
    results = [item.create for item in answer.items]
    statuses = {result.status for result in results}
    if statuses <= _OF_THE_INDEX:
        return Unreachable(_reason(results[0]), retry=False, detail=_DETAIL)
    outcomes = tuple(map(_outcome_of, results))
    return Delivered() if set(outcomes) == {Delivered()} else PerEvent(outcomes)


_DETAIL = (
    "the index or data stream refuses every document: check that it exists and that the key may write to it"
)


def _outcome_of(result: _Result) -> EventOutcome:
    if result.status == _ALREADY_STORED:
        return Delivered()
    outcome = outcome_of_status(result.status)
    if isinstance(outcome, Delivered):
        return outcome
    if isinstance(outcome, Unreachable) and outcome.retry:
        return Unreachable(_reason(result))
    return Rejected(_reason(result))


def _reason(result: _Result) -> str:
    """The status and Elasticsearch's error type. Not its reason, which quotes the event."""
    kind = f"_{result.error.type}" if _ERROR_TYPE.fullmatch(result.error.type) else ""
    return f"bulk_{result.status}{kind}"
