"""Whether a collection of OpenSearch Serverless takes documents with an id of ours.

A search collection does. Time series and vector search collections refuse every such document with 400 and
`illegal_argument_exception` (Amazon OpenSearch Service Developer Guide, "Choosing a collection type"). The
URL does not say which type a collection has; the first answer does.
"""

from collections.abc import Sequence

import msgspec

from eks_log_forwarder.destinations.outcomes import Delivered, NotTaken, Outcome, PerEvent, Rejected

_REFUSAL = Rejected("bulk_400_illegal_argument_exception")
_REFUSAL_OF_ALL = Rejected("http_400")
_ID = b',"_id":'  # quotes within a value are escaped, so this is the key


class DocumentIds(msgspec.Struct):
    """What the container knows: None before the first answer that tells."""

    taken: bool | None = None

    def apply(self, encoded: Sequence[bytes]) -> Sequence[bytes]:
        """The events as they are, or without ids where the collection refuses these."""
        return [_without_id(event) for event in encoded] if self.taken is False else encoded

    def learn(self, outcome: Outcome, events: int) -> Outcome:
        """The outcome; events that may be refused for their id are to be sent again at once, without it.

        If something else was wrong with them, they are refused again and have lost nothing but the id.
        """
        if self.taken is not None:
            return outcome
        outcomes = outcome.outcomes if isinstance(outcome, PerEvent) else (outcome,)
        if Delivered() in outcomes:
            self.taken = True
        elif outcome == _REFUSAL_OF_ALL:
            self.taken = False
            return PerEvent((NotTaken(),) * events)
        elif isinstance(outcome, PerEvent) and _REFUSAL in outcomes:
            self.taken = False
            return PerEvent(tuple(NotTaken() if one == _REFUSAL else one for one in outcome.outcomes))
        return outcome


def _without_id(event: bytes) -> bytes:
    action, _, document = event.partition(b"\n")
    return b"%b}}\n%b" % (action[: action.rindex(_ID)], document)
