"""Tells people and programs about the alerts of one payload."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import batched

from eks_log_forwarder.encoding import to_json
from eks_log_forwarder.errors import NotifyingError
from eks_log_forwarder.notifying.alerts import Alert
from eks_log_forwarder.notifying.channels import MAX_ENTRIES, Channels
from eks_log_forwarder.notifying.mail import subject_of, summary_of, text_of
from eks_log_forwarder.notifying.once_an_hour import OnceAnHour

MAX_MAILS = 10  # of one payload; who can choose actors could otherwise fill a mailbox


@dataclass(frozen=True, slots=True)
class Notifier:
    """The notifier of one container.

    Mails and events have separate memories, so that a retry repeats only what failed.
    """

    channels: Channels
    region: str
    mailed: OnceAnHour = field(default_factory=OnceAnHour)
    put: OnceAnHour = field(default_factory=OnceAnHour)

    def tell(self, alerts: Sequence[Alert], request: str) -> dict[str, int]:
        """Mails and puts what was not told within the hour; returns the counts of both.

        `request` is the id of the invocation, which stays the same when Lambda retries it.

        Raises:
            NotifyingError: something could not be sent; everything else was.
        """
        mails, mail_faults = self._mail(alerts, request)
        events, event_faults = self._put(alerts, request)
        if faults := mail_faults + event_faults:
            raise NotifyingError(faults)
        return {"mails": mails, "events": events}

    def _mail(self, alerts: Sequence[Alert], request: str) -> tuple[int, list[str]]:
        new = _untold(self.mailed, alerts, request)
        faults = []
        for number, (alert, more) in enumerate(new[:MAX_MAILS], start=1):
            not_mailed = len(new) - MAX_MAILS if number == MAX_MAILS else 0
            text = text_of(alert.first, more, not_mailed, self.region)
            if fault := self.channels.mail(subject_of(alert.first), text):
                faults.append(fault)
            else:
                self.mailed.remember(alert, request)
        return len(new[:MAX_MAILS]) - len(faults), faults

    def _put(self, alerts: Sequence[Alert], request: str) -> tuple[int, list[str]]:
        new = _untold(self.put, alerts, request)
        faults = []
        for some in batched(new, MAX_ENTRIES, strict=False):
            details = [_detail(alert, more) for alert, more in some]
            for (alert, _), fault in zip(some, self.channels.put_events(details), strict=True):
                if fault:
                    faults.append(fault)
                else:
                    self.put.remember(alert, request)
        return len(new) - len(faults), faults


def _untold(memory: OnceAnHour, alerts: Sequence[Alert], request: str) -> list[tuple[Alert, int]]:
    asked = ((alert, memory.more_of(alert, request)) for alert in alerts)
    return [(alert, more) for alert, more in asked if more is not None]


def _detail(alert: Alert, more: int) -> str:
    """The detail of an event: every field, empty or not, because a rule's template needs each to exist."""
    line = alert.first
    fields = {name: getattr(line, name) for name in line.__struct_fields__ if name != "notify"}
    return to_json(fields | {"more": more, "summary": summary_of(line)}).decode()
