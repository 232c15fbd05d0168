"""The reasons why a pod fits on no node, from the scheduler's FitError text."""

import re

import msgspec

_COUNTS = re.compile(r"([0-9]{1,9})/([0-9]{1,9}) +nodes are available:")
_PREEMPTION = "preemption:"
_NEXT_REASON = re.compile(r", (?=[0-9]{1,9} )")
_REASON = re.compile(r"([0-9]{1,9}) (.+)", re.DOTALL)
_MAX_REASONS = 100


class Reason(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One reason and the number of nodes it applies to; 0 if it applies to the pod."""

    reason: str
    nodes: int = 0


class Scheduling(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The number of nodes, how many are available to the pod, and the reasons why the others are not.

    `preemption` has the reasons why evicting other pods does not help.
    """

    nodes: int
    available: int
    reasons: list[Reason] = []
    preemption: list[Reason] = []


def parse_scheduling(error: str) -> Scheduling | None:
    """Parse `0/315 nodes are available: 259 Insufficient cpu, … preemption: 0/315 …`; None for other text.

    The reasons end at the first full stop that is followed by a space, at `preemption:`, or at the end of
    the text. After `_MAX_REASONS` reasons, the rest is one more reason.
    """
    counts = _COUNTS.search(error)
    if counts is None:
        return None
    reasons, _, preemption = error[counts.end() :].partition(_PREEMPTION)
    again = _COUNTS.search(preemption)
    return Scheduling(
        nodes=int(counts[2]),
        available=int(counts[1]),
        reasons=_reasons(reasons),
        preemption=_reasons(preemption[again.end() :] if again else preemption),
    )


def _reasons(section: str) -> list[Reason]:
    sentence = section.partition(". ")[0]
    texts = (text.strip(" .") for text in _NEXT_REASON.split(sentence, _MAX_REASONS))
    return [_reason(text) for text in texts if text]


def _reason(text: str) -> Reason:
    counted = _REASON.match(text)
    return Reason(reason=text) if counted is None else Reason(reason=counted[2], nodes=int(counted[1]))
