"""Events that are larger than a collector accepts: their message is cut, and the record says so.

Loki stores a long line in pieces instead (loki_entries.py). For XPLG and plain HTTP no limit is documented;
the limit of Elasticsearch (100 MB, http.max_content_length) is far above the largest event of CloudWatch
Logs (1 MB).
"""

from collections.abc import Callable

import msgspec

from eks_log_forwarder.record.record import Record

MARK = "[Trimmed...]"  # like the API server's own "[Truncated...]"
_HEADROOM = 0.9  # of the share that should fit, since characters differ in size
_SHORT = 1000  # characters; below this the message is not what makes the record large


def fitted(record: Record, encode: Callable[[Record], bytes], max_bytes: int) -> bytes:
    """The encoded record in at most `max_bytes` bytes.

    A cut message ends in MARK, and the record has `parsed` false and `truncated` true. If the message alone
    is not enough, the parsed part is left out. A record that is still larger is returned as it is.
    """
    encoded = encode(record)
    while len(encoded) > max_bytes and (len(record.message) > _SHORT or _has_parsed_part(record)):
        if len(record.message) > _SHORT:
            keep = int(len(record.message) * max_bytes / len(encoded) * _HEADROOM)
            message = record.message[: max(keep - len(MARK), 0)] + MARK
            record = msgspec.structs.replace(record, message=message, parsed=False, truncated=True)
        else:
            record = msgspec.structs.replace(
                record, audit=None, authenticator=None, klog=None, parsed=False, truncated=True
            )
        encoded = encode(record)
    return encoded


def _has_parsed_part(record: Record) -> bool:
    return any((record.audit, record.authenticator, record.klog))
