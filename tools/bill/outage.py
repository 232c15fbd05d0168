"""An outage of the collector: what an hour costs, how much is parked, and how long it takes to drain.

The circuit of every container is open, but for the first seconds: an invocation parks its events at once, and
each container makes one attempt a minute. The redrive looks at every parked message after each of its pauses.
"""

import math
from dataclasses import dataclass

from eks_log_forwarder.redrive import MAX_BACKOFF_SECONDS
from tools.bill import quotas, stack
from tools.bill.bill import LAMBDA_LINES_BYTES, Load, billed_ms, interpolated, lambda_dollars
from tools.bill.measured import Measured
from tools.bill.prices import cost

_HOUR = 3600.0
_GB = 1e9
MEAN_JITTER = 1.1  # a pause is lengthened by up to a fifth
MAX_PAUSE_SECONDS = MAX_BACKOFF_SECONDS * 1.2


@dataclass(frozen=True, slots=True)
class Outage:
    """So many hours without an answer of the collector; dollars are those of the whole outage.

    `drain_seconds` is the time that the redrive needs afterwards, without the pauses of its messages.
    """

    hours: float
    messages: float
    tries: float
    parking_dollars: float
    probing_dollars: float
    queue_dollars: float
    redrive_dollars: float
    log_dollars: float
    drain_seconds: float
    drain_dollars: float

    @property
    def dollars(self) -> float:
        """The outage itself, without the drain."""
        return (
            self.parking_dollars
            + self.probing_dollars
            + self.queue_dollars
            + self.redrive_dollars
            + self.log_dollars
        )


def outage(
    load: Load, measured: Measured, hours: float, concurrency: int = stack.REDRIVE_CONCURRENCY
) -> Outage:
    """An outage of so many hours at a constant load; at most the account's 1,000 containers."""
    seconds = hours * _HOUR
    invocations = load.payloads_per_second * seconds
    n, per_batch, memory_mb = load.events_per_payload, measured.redrive_messages, measured.memory_mb
    parking_ms = interpolated(measured, n, "billed_ms", "parking")
    keeping_ms = interpolated(measured, n * per_batch, "billed_ms", "keeping")
    redriving_ms = interpolated(measured, n * per_batch, "billed_ms", "redriving")
    messages = invocations  # a payload of a few events is one message
    message_requests = math.ceil(n * measured.payload.parked_bytes / quotas.SQS_CHUNK_BYTES)
    batch_requests = math.ceil(per_batch * n * measured.payload.parked_bytes / quotas.SQS_CHUNK_BYTES)
    most_tries = seconds * concurrency / (keeping_ms / 1000) * per_batch
    tries = min(messages * mean_tries(seconds), most_tries)
    batches, drained = tries / per_batch, messages / per_batch
    log_gb = (
        invocations * (interpolated(measured, n, "log_bytes", "parking") + LAMBDA_LINES_BYTES)
        + batches * (interpolated(measured, n * per_batch, "log_bytes", "keeping") + LAMBDA_LINES_BYTES)
    ) / _GB
    drain_gb = (
        drained * (interpolated(measured, n * per_batch, "log_bytes", "redriving") + LAMBDA_LINES_BYTES) / _GB
    )
    return Outage(
        hours=hours,
        messages=messages,
        tries=tries,
        parking_dollars=lambda_dollars(invocations, parking_ms, memory_mb),
        probing_dollars=_probing(load, measured, seconds),
        queue_dollars=cost("sqs_request", messages * message_requests + batches * batch_requests + tries),
        redrive_dollars=lambda_dollars(batches, keeping_ms, memory_mb),
        log_dollars=cost("lambda_logs_ingestion_gb", log_gb),
        drain_seconds=drained * redriving_ms / 1000 / concurrency,
        drain_dollars=lambda_dollars(drained, redriving_ms, memory_mb)
        + cost("sqs_request", drained * (batch_requests + 1))  # and one call that deletes a batch
        + cost("lambda_logs_ingestion_gb", drain_gb),
    )


def starting_containers(load: Load) -> float:
    """What the first payloads need: each new container retries for the whole retry budget."""
    return load.payloads_per_second * stack.RETRY_BUDGET_SECONDS


def parking_containers(load: Load, measured: Measured) -> float:
    """Concurrent executions once the circuits are open, at least one."""
    parking_ms = interpolated(measured, load.events_per_payload, "billed_ms", "parking")
    return max(load.payloads_per_second * parking_ms / 1000, 1.0)


def _probing(load: Load, measured: Measured, seconds: float) -> float:
    """The first tries, and one attempt a minute: at worst the connection is made and no answer comes."""
    first = min(starting_containers(load), quotas.CONCURRENCY) * stack.RETRY_BUDGET_SECONDS
    attempt = stack.CONNECT_PROBE_SECONDS + stack.READ_TIMEOUT_SECONDS
    attempts = parking_containers(load, measured) * seconds / 60 * attempt
    return cost("lambda_gb_second", (first + attempts) * measured.memory_mb / 1024)


def mean_tries(seconds: float) -> float:
    """How often the redrive looks at a message that was parked at any moment of an outage, until its end."""
    total, age, pause = 0.0, 0.0, stack.REDRIVE_BACKOFF_SECONDS
    while age < seconds:
        total += (seconds - age) / seconds
        age += pause * MEAN_JITTER
        pause = min(pause * 2, MAX_BACKOFF_SECONDS)
    return total


def messages_per_second(
    load: Load, measured: Measured, concurrency: int = stack.REDRIVE_CONCURRENCY
) -> float:
    """How many messages of such a load the redrive delivers in a second."""
    batch = measured.redrive_messages
    redriving_ms = interpolated(measured, load.events_per_payload * batch, "billed_ms", "redriving")
    return concurrency / (redriving_ms / 1000) * batch


def events_per_second_of(containers: float, load: Load, measured: Measured) -> float:
    """The events in a second that so many concurrent executions of the forward function carry."""
    return containers / (billed_ms(load, measured) / 1000) * load.events_per_payload
