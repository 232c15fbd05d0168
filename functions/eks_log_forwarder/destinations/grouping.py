"""For collectors that want records grouped under a common head, such as the labels of a stream.

A record is encoded before it is known which other records share its request. So head and record are framed
together into one bytes object, and the request groups the records by head.
"""

from collections.abc import Iterable

_LENGTH_BYTES = 4


def framed(head: bytes, record: bytes) -> bytes:
    """One record with its head."""
    return len(head).to_bytes(_LENGTH_BYTES) + head + record


def grouped(frames: Iterable[bytes]) -> dict[bytes, list[bytes]]:
    """The records of each head; heads and records keep their order."""
    groups: dict[bytes, list[bytes]] = {}
    for frame in frames:
        start = _LENGTH_BYTES + int.from_bytes(frame[:_LENGTH_BYTES])
        groups.setdefault(frame[_LENGTH_BYTES:start], []).append(frame[start:])
    return groups
