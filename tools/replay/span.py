"""The time span of a replay, and the file that remembers how far it came."""

import argparse
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Span:
    """Lines of a log group from `start_ms` to `end_ms`, both inclusive, in milliseconds since 1970."""

    log_group: str
    start_ms: int
    end_ms: int
    pattern: str = ""


def milliseconds(text: str) -> int:
    """A time of the command line, in milliseconds since 1970; UTC if it has no offset.

    Raises:
        argparse.ArgumentTypeError: it is not a time of the years since 1970.
    """
    try:
        moment = datetime.fromisoformat(text)
        since_1970 = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        since_1970 = -1
    if since_1970 < 0:
        msg = f"{text!r} is not a time: write it like 2026-01-31T10:00 (UTC) or 2026-01-31T10:00+01:00"
        raise argparse.ArgumentTypeError(msg)
    return since_1970


def shown(time_ms: int) -> str:
    """A time for the reader, which `milliseconds` can read."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True)
class Progress:
    """The file with the time up to which the lines of a span were sent.

    A replay that is started again with the same span, filter pattern and SEEN continues there.
    """

    path: Path
    span: Span
    seen: bool

    @property
    def _key(self) -> dict[str, object]:
        return asdict(self.span) | {"seen": self.seen}

    def sent_until_ms(self) -> int | None:
        """The time of the last event that was sent; None if there is no file of the same replay."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            until = found.pop("sent_until_ms")
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return until if found == self._key and isinstance(until, int) else None

    def keep(self, until_ms: int) -> None:
        """Remembers that all events up to this time were sent."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(self._key | {"sent_until_ms": until_ms}) + "\n", encoding="utf-8")
        fresh.replace(self.path)

    def remove(self) -> None:
        """Forgets a replay that is complete."""
        self.path.unlink(missing_ok=True)
