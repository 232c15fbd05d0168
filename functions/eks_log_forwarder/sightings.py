"""What detections do to the account: each match is counted, with whom and what it saw."""

from dataclasses import dataclass

from eks_log_forwarder.control_plane.parsing import Parsed
from eks_log_forwarder.detection.engine import Detections
from eks_log_forwarder.detection.line_fields import line_fields
from eks_log_forwarder.detection.subject import actor_and_target
from eks_log_forwarder.records import Detection, LogEvent, LogType
from eks_log_forwarder.redaction import redact
from eks_log_forwarder.tally import Sighting, Tally

# A client writes what it likes into names and paths, and each detection is a line of the function's own log.
MAX_CHARACTERS = 512


@dataclass(frozen=True, slots=True)
class Matcher:
    """The rules of a container, as the stages use them."""

    rules: Detections

    def __call__(self, log_type: LogType, parsed: Parsed, event: LogEvent, tally: Tally) -> list[Detection]:
        """The rules that match an event; each match is kept in the tally."""
        line = parsed.authenticator or parsed.klog
        fields = None if line is None else line_fields(line)
        found = self.rules.match(log_type, parsed.audit, fields, event.message)
        if found:
            # they go into the function's own log, where a token never does, whatever REDACT says
            who_and_what = actor_and_target(log_type, parsed.audit, fields or {})
            actor, target = (_shortened(redact(text)[0]) for text in who_and_what)
            tally.detections += [Sighting(rule, event.id, actor, target) for rule in found]
        return found


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}…"
