"""The project's exceptions: misconfiguration and bugs alone; outcomes of delivery are values.

ValueError
└── DetectionError    detection rules that cannot be used
"""

from collections.abc import Sequence


class DetectionError(ValueError):
    """Detection rules that cannot be used; `faults` holds `file: field: reason` for each fault."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(("the detection rules cannot be used:", *self.faults)))
