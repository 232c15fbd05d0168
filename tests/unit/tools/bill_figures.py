"""Made-up figures for the bill, round enough to check by hand."""

from tools.bill.measured import Invocation, Measured, Payload


def invocations(events: tuple[int, int, int], base: float, each: float) -> tuple[Invocation, ...]:
    """Three invocations on one line: so many milliseconds and bytes, and more for each event."""
    return tuple(Invocation(n, base + each * n, (base + each * n) / 2, 1000 + n) for n in events)


FORWARD, REDRIVE = (10, 50, 1000), (50, 250, 1250)
MEASURED = Measured(
    date="2026-01-31",
    machine="a machine",
    lines="nowhere",
    memory_mb=1024,
    delay_ms=5.0,
    redrive_messages=5,
    forwarding=invocations(FORWARD, 9.0, 0.1),
    parking=invocations(FORWARD, 19.0, 0.1),
    redriving=invocations(REDRIVE, 95.0, 0.1),
    keeping=invocations(REDRIVE, 45.0, 0.1),
    payload=Payload(
        message_bytes=2000.0,
        sent_bytes=500.0,
        plain_bytes=2500.0,
        parked_bytes=400.0,
        streamed_bytes=300.0,
        stored_bytes=200.0,
    ),
    metrics=30,
    further_metrics=6,
    soaked=Invocation(1000, 60.0, 20.0, 1000.0),
)
