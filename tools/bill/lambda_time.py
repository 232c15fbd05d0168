"""Lambda's time: what a memory size makes of it, and what it costs."""

from tools.bill.prices import cost

# Lambda developer guide, "Configure Lambda function memory": the size that comes with one vCPU
ONE_VCPU_MB = 1769


def cpu_share(memory_mb: float) -> float:
    """The part of a vCPU that a memory size gets; one thread cannot use more than one."""
    return min(memory_mb / ONE_VCPU_MB, 1.0)


def stretched_us(wall_us: float, cpu_us: float, memory_mb: float) -> float:
    """The duration with the CPU share of a memory size: it stretches the work but not the waiting."""
    return max(wall_us - cpu_us, 0.0) + cpu_us / cpu_share(memory_mb)


def cost_of(duration_us_per_event: float, memory_mb: float, events_per_invocation: float) -> float:
    """The dollars for a million events, from the billed duration of each."""
    gigabyte_seconds = memory_mb / 1024 * duration_us_per_event  # a million times a microsecond
    return cost("lambda_gb_second", gigabyte_seconds) + cost("lambda_request", 1e6 / events_per_invocation)
