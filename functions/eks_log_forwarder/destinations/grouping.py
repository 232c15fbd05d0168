"""Records that a collector wants under a common head: the head travels with each encoded record.

A record is encoded long before it is known which others share its request, so head and record are framed
into one piece of bytes, and a request sorts the pieces by head.
"""

from collections.abc import Iterable

_LENGTH_BYTES = 4


def framed(head: bytes, record: bytes) -> bytes:
    """One record and the head that it belongs under."""
    return len(head).to_bytes(_LENGTH_BYTES) + head + record


def grouped(frames: Iterable[bytes]) -> dict[bytes, list[bytes]]:
    """The records under their heads, both in the order in which they came."""
    groups: dict[bytes, list[bytes]] = {}
    for frame in frames:
        start = _LENGTH_BYTES + int.from_bytes(frame[:_LENGTH_BYTES])
        groups.setdefault(frame[_LENGTH_BYTES:start], []).append(frame[start:])
    return groups
