"""What the API server and the authenticator answered: denials, throttling, and how long requests took."""

import heapq
from array import array
from collections.abc import Sequence

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.telemetry.api_answers import OTHER_VERB, VERBS, is_throttled, latency_ms
from tools.report.event import Event
from tools.report.tops import NONE, Tops, shown
from tools.report.volume import HOUR, NO_TIME, resource_of

_DENIALS = (401, 403)
_SLOWEST = 10
_RECEIVED_ONLY = "RequestReceived"


class Denials:
    """Requests that were answered 401 or 403, and IAM identities that the authenticator denied."""

    def __init__(self) -> None:
        self.requests = Tops("user", "verb", "resource", "code")
        self.identities = Tops("arn", "error")

    def add(self, event: Event) -> None:
        """Counts one event."""
        header, line = event.audit, event.parsed.authenticator
        if header is not None and header.response_status is not None:
            code = header.response_status.code
            if code in _DENIALS and header.stage != _RECEIVED_ONLY:
                user = header.user.username or NONE
                self.requests.add(user, header.verb or NONE, resource_of(header), str(code))
        elif line is not None and line.msg.startswith("access denied"):
            self.identities.add(line.arn or NONE, line.error or NONE)

    def as_json(self, rows: int) -> dict[str, object]:
        """The most frequent `rows` of each."""
        return {
            "requests": self.requests.total(),
            "by_request": self.requests.as_json(rows),
            "identities": self.identities.total(),
            "by_identity": self.identities.as_json(rows),
        }


class Throttling:
    """Requests that were answered 429, by client and by request."""

    def __init__(self) -> None:
        self.clients = Tops("user", "user_agent")
        self.requests = Tops("verb", "resource")
        self.hours = Tops("hour")

    def add(self, event: Event) -> None:
        """Counts one event."""
        header = event.audit
        if header is not None and is_throttled(header):
            self.clients.add(header.user.username or NONE, header.user_agent or NONE)
            self.requests.add(header.verb or NONE, resource_of(header))
            self.hours.add(event.time.strftime(HOUR) if event.time else NO_TIME)

    def as_json(self, rows: int) -> dict[str, object]:
        """The most frequent `rows` clients and requests, and every hour."""
        return {
            "requests": self.clients.total(),
            "by_client": self.clients.as_json(rows),
            "by_request": self.requests.as_json(rows),
            "by_hour": sorted(self.hours.as_json(len(self.hours)), key=lambda one: str(one["hour"])),
        }


class Latency:
    """Milliseconds by verb, and the slowest requests; the same requests as of the metric ApiLatency."""

    def __init__(self) -> None:
        self._by_verb: dict[str, array[float]] = {}
        self._slowest: list[tuple[float, int, dict[str, object]]] = []
        self._seen = 0

    def add(self, event: Event) -> None:
        """Counts one event."""
        header = event.audit
        taken = None if header is None else latency_ms(header)
        if header is None or taken is None:
            return
        verb = header.verb if header.verb in VERBS else OTHER_VERB
        self._by_verb.setdefault(verb, array("d")).append(taken)
        self._seen += 1
        entry = (taken, -self._seen, _slow(header, taken))
        if len(self._slowest) < _SLOWEST:
            heapq.heappush(self._slowest, entry)
        elif taken > self._slowest[0][0]:
            heapq.heapreplace(self._slowest, entry)

    def as_json(self) -> dict[str, object]:
        """Each verb, the most requests first, and the slowest ten requests."""
        ordered = sorted(self._by_verb.items(), key=lambda item: (-len(item[1]), item[0]))
        return {
            "by_verb": [
                {
                    "verb": shown(verb),
                    "requests": len(values),
                    "p50_ms": percentile(values, 50),
                    "p99_ms": percentile(values, 99),
                    "max_ms": round(max(values), 1),
                }
                for verb, values in ordered
            ],
            "slowest": [one for _, _, one in sorted(self._slowest, key=lambda item: (-item[0], -item[1]))],
        }


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that at least this percentage of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return round(ordered[max(0, -(-percent * len(ordered) // 100) - 1)], 1)


def _slow(header: AuditHeader, taken: float) -> dict[str, object]:
    status, ref = header.response_status, header.object_ref
    name = "/".join(filter(None, (ref.namespace, ref.name))) if ref else ""
    return {
        "ms": round(taken, 1),
        "verb": shown(header.verb),
        "resource": shown(resource_of(header)),
        "name": shown(name) if name else "",
        "user": shown(header.user.username),
        "code": status.code if status else 0,
    }
