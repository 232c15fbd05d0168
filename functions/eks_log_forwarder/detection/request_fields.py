"""The derived field `readsEverything` of an audit event: true, or absent."""

from eks_log_forwarder.detection.nodes import Field, HeaderValues
from eks_log_forwarder.detection.request_query import query_values

# Any other value is true for the API server (k8s.io/apimachinery, Convert_Slice_string_To_bool).
_FALSE = frozenset({"false", "0"})
_ANY_VERSION = frozenset({"", "0"})
# Reading a query takes time for each rule. A watch with a longer URI counts as reading everything.
MAX_URI = 8192


def _reads_everything(verb: object, uri: object) -> HeaderValues:
    """A list; or a watch that begins with all objects, because it continues no earlier list or watch."""
    if verb == "list":
        return (True,)
    if verb != "watch":
        return ()
    if not isinstance(uri, str) or len(uri) > MAX_URI:
        return (True,)
    version = query_values(uri, "resourceVersion")
    initial = query_values(uri, "sendInitialEvents")
    begins = not version or version[0] in _ANY_VERSION or (initial and initial[0].lower() not in _FALSE)
    return (True,) if begins else ()


READS_EVERYTHING = Field(
    "readsEverything",
    lambda fields: _reads_everything(fields.get("verb"), fields.get("requestURI")),
    lambda header: _reads_everything(header.verb, header.request_uri),
)
