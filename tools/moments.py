"""Times on the command line: UTC, unless they have an offset."""

from datetime import UTC, datetime

from tools.errors import ToolError


class MomentError(ToolError):
    """A text is not a time; the message shows how one is written."""


def parse_moment(name: str, text: str) -> datetime:
    """The moment that a text means; `name` is the option's, for the message.

    Raises:
        MomentError: it is not a time of ISO 8601, such as 2026-01-31T10:00.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        msg = f"{name}={text}: give a time such as 2026-01-31T10:00 in UTC"
        raise MomentError(msg) from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
