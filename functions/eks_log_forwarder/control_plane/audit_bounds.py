"""How much of one audit event is decoded."""

from typing import Final

MAX_DEPTH: Final = 10_000  # encoding/json, scanner.go, maxNestingDepth
MAX_VALUES: Final = 120_000
"""The most values of one event that are decoded. 1 MB of nothing but managedFields has 110,000."""
MOST_SURELY_SMALL = 2 * MAX_VALUES
"""Characters; a value has at least two, with its comma or closing bracket."""


def is_small(message: str) -> bool:
    """Whether a message surely has no more values than are decoded.

    A value has at least two characters, and each but the outermost stands behind an opening bracket or a
    comma.
    """
    return (
        len(message) <= MOST_SURELY_SMALL
        or message.count(",") + message.count("[") + message.count("{") < MAX_VALUES
    )
