"""What can go wrong, as a tree. No message holds a payload, a token or a URL.

ForwarderError
├── SettingsError      the environment of the function is wrong
├── PolicyError        the audit policy is missing or wrong
├── DetectionError     the detection rules cannot be used
├── PayloadError       the invocation does not hold a subscription payload
├── SecretError        the destination's secret cannot be read or used
├── ParkingError       a queue did not take events
├── UndeliveredError   events were neither delivered nor parked: Lambda must keep them
├── MessageKeptError   a parked message stays in its queue
├── RecordKeptError    a record stays in the stream
├── TallyError         an event was not counted
├── UnexpectedError    a bug; in place of an error whose text may repeat a payload
├── SubscribingError   log groups could not be subscribed
└── NotifyingError     detections could not be told
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path

# Lambda's record of a failed invocation holds the payload and the error, and must fit into 1 MiB.
MAX_ERROR_CHARACTERS = 500


class ForwarderError(Exception):
    """The base class of every error that this package raises on purpose."""


class SettingsError(ForwarderError):
    """The environment is missing or wrong; the message lists every fault."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("the function's settings are wrong: " + "; ".join(faults))
        self.faults = tuple(faults)


class PolicyError(ForwarderError):
    """An audit policy is missing or faulty; the message names the file, the place and each fault."""


class DetectionError(ForwarderError):
    """Detection rules that cannot be used; `faults` holds `file: field: reason` for each fault."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(("the detection rules cannot be used:", *faults)))
        self.faults = tuple(faults)


class PayloadError(ForwarderError):
    """The invocation's payload is not what a CloudWatch Logs subscription sends."""


class SecretError(ForwarderError):
    """The destination's secret could not be read, or what it holds could not be used."""


class ParkingError(ForwarderError):
    """A queue did not accept all messages; `unsent` is the number of log events that it did not accept."""

    def __init__(self, fault: str, *, unsent: int) -> None:
        super().__init__(fault)
        self.unsent = unsent


def describe(error: BaseException) -> str:
    """The text of this package's errors; the class and place of others, whose text may repeat a payload."""
    if isinstance(error, ForwarderError):
        return str(error)
    place = "?"
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if "eks_log_forwarder" in code.co_filename:
            place = f"{Path(code.co_filename).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__} at {place}"


class UndeliveredError(ForwarderError):
    """Events were neither delivered nor parked; because the handler raises, Lambda keeps the payload."""

    def __init__(self, *, undelivered: int, received: int, why: str) -> None:
        text = f"{undelivered} of {received} events stay with Lambda: {why}"
        super().__init__(text[:MAX_ERROR_CHARACTERS])
        self.undelivered = undelivered
        self.received = received


def without_stack_trace[**P, Result](handler: Callable[P, Result]) -> Callable[P, Result]:
    """Makes a handler raise only errors of this package, with one line of stack trace.

    Lambda adds the stack trace to its record of a failed invocation, which has to fit into the queue together
    with a payload of up to 1 MiB. It logs the text of the error, too, which only this package's errors keep
    free of payloads.
    """

    @wraps(handler)
    def short(*args: P.args, **kwargs: P.kwargs) -> Result:
        try:
            return handler(*args, **kwargs)
        except ForwarderError as error:
            raise error.with_traceback(None) from None
        except Exception as error:  # noqa: BLE001  # it is raised again without its text
            raise UnexpectedError(describe(error)) from None

    return short


class MessageKeptError(ForwarderError):
    """A parked message was not settled; it stays in its queue and is received again after its back-off."""


class RecordKeptError(ForwarderError):
    """A record was not settled; it stays in the stream, and Lambda sends it again."""


class TallyError(ForwarderError):
    """The counts of an invocation do not add up: an event was not counted."""


class UnexpectedError(ForwarderError):
    """A bug: the class of an error that nothing handled, and the place that raised it."""


class SubscribingError(ForwarderError):
    """Log groups that could not be subscribed, each with the reason."""

    def __init__(self, failed: Mapping[str, str]) -> None:
        reasons = "; ".join(f"{log_group}: {why}" for log_group, why in failed.items())
        super().__init__(f"{len(failed)} log group(s) could not be subscribed: {reasons}")
        self.failed = dict(failed)


class NotifyingError(ForwarderError):
    """Messages or events about detections that SNS or EventBridge did not accept; each with the reason."""

    def __init__(self, faults: Sequence[str]) -> None:
        text = f"{len(faults)} notification(s) could not be sent: {'; '.join(sorted(set(faults)))}"
        super().__init__(text[:MAX_ERROR_CHARACTERS])
        self.faults = tuple(faults)
