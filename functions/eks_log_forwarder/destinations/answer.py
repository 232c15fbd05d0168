"""What the answer of any collector means, before its own protocol is read: the status, and web pages.

A 2xx is a delivery, whatever its body is, unless the body is a web page: something else answered, such as a
sign-in page or the page of a proxy.
"""

from eks_log_forwarder.destinations.outcomes import (
    Delivered,
    EventOutcome,
    outcome_of_failure,
    outcome_of_status,
)
from eks_log_forwarder.transport.exchange import Answer
from eks_log_forwarder.transport.failures import Failure


def outcome_of_answer(answer: Answer) -> EventOutcome:
    """What an answer means by its status; a 2xx with a web page is Unreachable with `html_answer`."""
    outcome = outcome_of_status(answer.status, retry_after_seconds=answer.retry_after_seconds)
    if not isinstance(outcome, Delivered) or b"<" not in answer.body:
        return outcome
    # Imported here because few answers have markup, and its patterns take long to compile.
    from eks_log_forwarder.destinations.web_page import is_web_page  # noqa: PLC0415

    return outcome_of_failure(Failure.HTML_ANSWER) if is_web_page(answer.body) else outcome
