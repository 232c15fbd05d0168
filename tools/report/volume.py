"""How much is logged: by log type, verb, resource, user and hour."""

from eks_log_forwarder.control_plane.audit import AuditHeader
from tools.report.event import Event
from tools.report.tops import NONE, Tops

HOUR = "%Y-%m-%dT%H:00Z"
NO_TIME = "no time"


def resource_of(header: AuditHeader) -> str:
    """`pods/exec`, `deployments.apps`, or the path of a request that is for no object."""
    ref = header.object_ref
    if ref is None or not ref.resource:
        return header.request_uri.partition("?")[0] or NONE
    name = f"{ref.resource}/{ref.subresource}" if ref.subresource else ref.resource
    return f"{name}.{ref.api_group}" if ref.api_group else name


class Volume:
    """Events and bytes of the messages."""

    def __init__(self) -> None:
        self.log_types = Tops("log_type")
        self.verbs = Tops("verb")
        self.resources = Tops("resource")
        self.users = Tops("user")
        self.hours = Tops("hour", "log_type")
        self.unparsed = 0
        self.truncated = 0

    def add(self, event: Event) -> None:
        """Counts one event."""
        size = event.size_bytes
        self.log_types.add(event.type_name, size_bytes=size)
        hour = event.time.strftime(HOUR) if event.time else NO_TIME
        self.hours.add(hour, event.type_name, size_bytes=size)
        self.unparsed += event.parsed.parsed is False
        self.truncated += event.parsed.truncated
        header = event.audit
        if header is not None:
            self.verbs.add(header.verb or NONE, size_bytes=size)
            self.resources.add(resource_of(header), size_bytes=size)
            self.users.add(header.user.username or NONE, size_bytes=size)

    def as_json(self, rows: int) -> dict[str, object]:
        """All hours in their order; of the others the largest `rows`."""
        hours = sorted(self.hours.as_json(len(self.hours)), key=lambda one: str(one["hour"]))
        return {
            "by_log_type": self.log_types.as_json(rows),
            "by_verb": self.verbs.as_json(rows),
            "by_resource": self.resources.as_json(rows),
            "by_user": self.users.as_json(rows),
            "by_hour": hours,
            "unparsed": self.unparsed,
            "truncated": self.truncated,
        }
