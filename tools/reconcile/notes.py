"""Sentences about the balances: the gaps, and what limits the comparison, with numbers."""

from collections.abc import Iterator
from datetime import UTC, datetime

from tools.reconcile.balance import ClusterBalance, ParkedBalance, StackBalance
from tools.reconcile.span import Span


def text_of(moment: datetime | None) -> str:
    """A time in UTC to the minute, as `make replay` reads it; empty for None."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ") if moment else ""


def cluster_gaps(one: ClusterBalance) -> Iterator[str]:
    """What a cluster misses."""
    if one.missing:
        yield (
            f"Cluster {one.cluster}: {one.missing} events of CloudWatch Logs were not received, the first in"
            f" the hour of {text_of(one.since)}."
        )


def stack_gaps(totals: StackBalance) -> Iterator[str]:
    """What the stack received and lost."""
    if totals.difference > 0:
        yield (
            f"{totals.difference} received events are in no other count. The collector rejected"
            f" {totals.counts['EventsRejected']} events; those that it did not identify are not parked."
        )
    if totals.lost_payloads:
        yield (
            f"Lambda could not put {totals.lost_payloads} payloads on the queue"
            " (DestinationDeliveryFailures): their events are lost unless they are sent again."
        )


def parked_gaps(parked: ParkedBalance) -> Iterator[str]:
    """What was parked and lost."""
    if parked.missing:
        yield f"{parked.missing} parked events were not redriven, and both queues are empty."


def span_notes(span: Span) -> Iterator[str]:
    """How the span was read."""
    yield from span.notes
    if not span.in_flight:
        yield "CloudWatch has only hourly sums of this span: events in flight at its end count as missing."


def cluster_notes(one: ClusterBalance) -> Iterator[str]:
    """What a filter pattern and duplicates do to the comparison."""
    if one.patterns:
        yield (
            f"Cluster {one.cluster} has a filter pattern: received events are compared with"
            " ForwardedLogEvents, which are the events that match it."
        )
    if (surplus := one.received - one.taken_in) > 0:
        yield (
            f"Cluster {one.cluster}: {surplus} events more were received than taken in. They are repeated or"
            " replayed payloads, duplicates, or canaries of make verify (one each)."
        )


def stack_notes(totals: StackBalance) -> Iterator[str]:
    """What repeated payloads do to the comparison."""
    errors, kept = totals.invocations["Errors"], totals.counts["EventsKept"]
    if errors or kept:
        yield (
            f"{errors} invocations failed, and Lambda repeats a failed payload: up to {kept} events"
            " (EventsKept) were counted more than once and can hide a loss of as many. An invocation that"
            " timed out counts nothing."
        )
    if dropped := totals.invocations["AsyncEventsDropped"]:
        yield f"Lambda gave up on {dropped} payloads and put them on the queue: they count only as redriven."
    if totals.difference < 0:
        yield (
            f"{-totals.difference} events more are in the other counts than were received: before the metric"
            " EventsRedriven existed, the redrive counted into EventsDelivered."
        )


def parked_notes(parked: ParkedBalance) -> Iterator[str]:
    """What messages in the queues do to the comparison."""
    if parked.outstanding and not parked.missing:
        yield (
            f"{parked.outstanding} parked events are not redriven yet. The queue holds"
            f" {parked.waiting_messages} messages, and there are {parked.dead_letter_messages} dead letters."
            " A message holds many events, so this comparison is exact only once both have been empty for"
            " half an hour."
        )
    if parked.held_at_start:
        yield (
            f"At the start of the span the queue held {parked.held_at_start} messages: their events count as"
            " redriven, but not as parked, and can hide a loss."
        )
