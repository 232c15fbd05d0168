"""The field names that rules use, and the field that each name means."""

from eks_log_forwarder.detection.header_fields import HEADER_FIELDS
from eks_log_forwarder.detection.nodes import Field
from eks_log_forwarder.detection.paths import EVERYWHERE, path_reader
from eks_log_forwarder.detection.pod_fields import pod_field
from eks_log_forwarder.detection.request_fields import REQUEST_FIELDS
from eks_log_forwarder.detection.source_addresses import Networks, source_address_fields
from eks_log_forwarder.intake.log_type import LogType

# Bare names, as in the Kubernetes audit rules that SigmaHQ publishes.
_SHORT_NAMES = {
    "apiGroup": "objectRef.apiGroup",
    "resource": "objectRef.resource",
    "subresource": "objectRef.subresource",
    "namespace": "objectRef.namespace",
    "username": "user.username",
}


class FieldNames:
    """Looks up the fields for one set of rules. Addresses in `trusted_networks` are not public."""

    def __init__(self, trusted_networks: Networks = ()) -> None:
        addresses = {field.name: field for field in source_address_fields(trusted_networks)}
        self._audit = addresses | REQUEST_FIELDS | HEADER_FIELDS

    def audit(self, name: str) -> Field:
        """A field of an audit event: a header field, a derived field, a pod field, or else a dotted path."""
        full = _SHORT_NAMES.get(name, name)
        return self._audit.get(full) or pod_field(full) or Field(full, path_reader(full), key=full)

    def field(self, log_type: LogType, name: str) -> Field:
        """A field of an event of any log type. Only audit events have short and derived names."""
        return self.audit(name) if log_type is LogType.AUDIT else Field(name, path_reader(name, EVERYWHERE))
