"""How an invocation's time is divided between delivering and what has to come after it."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from eks_log_forwarder.deadline import Deadline

# Kept back to park what is left and to write the account: boto3's import, and a queue that does not answer
# within its two attempts (undelivered.py), so that the handler raises before Lambda stops it.
RESERVE_SECONDS = 15.0


def delivery_deadline(context: LambdaContext) -> Deadline:
    """Until when the invocation may try to deliver."""
    return Deadline.after(context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS)
