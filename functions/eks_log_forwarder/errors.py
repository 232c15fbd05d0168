"""The project's exceptions: misconfiguration and bugs alone; outcomes of delivery are values.

ValueError
└── PolicyError    an audit policy that cannot be used
"""


class PolicyError(ValueError):
    """An audit policy is missing or faulty; the message names the file, the place and each fault."""
