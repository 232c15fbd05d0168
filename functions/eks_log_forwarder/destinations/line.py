"""A record for collectors that store a line of text with named values."""

import msgspec

from eks_log_forwarder.encoding import encodable, to_strict_json
from eks_log_forwarder.record.formats import Shape
from eks_log_forwarder.record.record import PlainRecord, Record


class Line(msgspec.Struct, frozen=True):
    """The text, and the other fields of the record under their names; `is_plain`: nothing may be added."""

    text: str
    rest: dict[str, object]
    is_plain: bool = False


def service_name(record: Record) -> str:
    """The name under which log tools list the lines of a log type, such as `eks-audit`."""
    return f"eks-{record.logType.value}"


def line_of(record: Record, shape: Shape) -> Line:
    """The message and the other fields; without a message, the text is the whole record as JSON."""
    shaped = shape(record)
    if isinstance(shaped, Record):
        rest = msgspec.to_builtins(shaped)
        del rest["message"]
        return Line(encodable(shaped.message), rest)
    source: dict[str, object] = {"logGroup": record.logGroup, "logStream": record.logStream}
    if isinstance(shaped, PlainRecord):
        return Line(encodable(shaped.message), source, is_plain=True)
    return Line(to_strict_json(shaped).decode(), source | {"id": record.id, "account": record.account})
