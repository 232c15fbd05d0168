"""What the collectors of plain JSON records share: all but the request that carries them."""

from dataclasses import dataclass, field

from eks_log_forwarder.destinations.base import Answer
from eks_log_forwarder.destinations.json_body import JsonBody
from eks_log_forwarder.log_record import Record
from eks_log_forwarder.outcomes import (
    Delivered,
    Failure,
    Outcome,
    outcome_of_failure,
    outcome_of_status,
)


@dataclass(frozen=True, slots=True)
class JsonDestination:
    """A URL, and how records become the body of a request to it."""

    url: str = field(repr=False)
    json_body: JsonBody

    @property
    def max_events_per_request(self) -> int | None:
        """As the body format says."""
        return self.json_body.max_events_per_request

    def encode(self, record: Record) -> bytes:
        """One JSON object."""
        return self.json_body.encode(record)

    def outcome(self, answer: Answer, events: int) -> Outcome:  # noqa: ARG002  # one answer for all
        """By status; but a success with a web page comes from something else, such as a sign-in."""
        outcome = outcome_of_status(answer.status, retry_after_seconds=answer.retry_after_seconds)
        # Not by Content-Type: a JSP that sets none says text/html of everything, a success included.
        start = answer.body[:1024].lower()
        if isinstance(outcome, Delivered) and (b"<html" in start or b"<!doctype html" in start):
            return outcome_of_failure(Failure.HTML_ANSWER)
        return outcome
