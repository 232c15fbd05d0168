"""Lambda's prices: memory times duration, and requests."""

# AWS Lambda pricing, arm64, US East (N. Virginia), first tier
DOLLARS_PER_GB_SECOND = 0.0000133334
DOLLARS_PER_MILLION_REQUESTS = 0.20
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
    return gigabyte_seconds * DOLLARS_PER_GB_SECOND + DOLLARS_PER_MILLION_REQUESTS / events_per_invocation
