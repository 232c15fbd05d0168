"""The report: what is missing, what it means, and the commands; as JSON and as a table."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from eks_log_forwarder.intake.log_stream import cluster_of
from tools import ROOT
from tools.reconcile.balance import ClusterBalance, ParkedBalance, StackBalance
from tools.reconcile.notes import (
    cluster_gaps,
    cluster_notes,
    parked_gaps,
    parked_notes,
    span_notes,
    stack_gaps,
    stack_notes,
    text_of,
)
from tools.reconcile.span import HOUR, Span
from tools.stack import Stack

# Lambda retries a throttled payload for so long (MaximumEventAgeInSeconds).
_LONGEST_RETRY = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Report:
    """All balances of a stack over a span; `refused` rights leave the report incomplete."""

    stack: Stack
    span: Span
    made_at: datetime
    clusters: tuple[ClusterBalance, ...]
    totals: StackBalance
    parked: ParkedBalance
    refused: tuple[str, ...]

    @property
    def has_gap(self) -> bool:
        """Whether events are missing somewhere."""
        return any(self.gaps())

    def gaps(self) -> Iterator[str]:
        """A sentence for each gap."""
        for one in self.clusters:
            yield from cluster_gaps(one)
        yield from stack_gaps(self.totals)
        yield from parked_gaps(self.parked)

    def commands(self) -> list[str]:
        """The commands that send missing events again; CloudWatch Logs still has them."""
        of_stack = self.totals.missing or self.parked.missing > 0
        ending = f'END={text_of(self.span.end)} ARGS="--stack {self.stack.name} --region {self.stack.region}"'
        return [
            f"make replay {source} START={text_of(one.since or self.span.start)} {ending}"
            for one in self.clusters
            if one.missing or of_stack
            for source in _sources(one)
        ]

    def notes(self) -> Iterator[str]:
        """What limits the comparison."""
        yield from span_notes(self.span)
        for one in self.clusters:
            yield from cluster_notes(one)
        yield from stack_notes(self.totals)
        yield from parked_notes(self.parked)
        if self.has_gap and (certain := self.span.end + _LONGEST_RETRY) > self.made_at:
            yield f"Lambda may still repeat payloads of this span: a gap is certain after {text_of(certain)}."
        if self.has_gap:
            yield "Events that are sent again count when they arrive: a later TO shows the gap closed."
        for right in self.refused:
            yield f"Not complete: {right} was refused."

    def as_json(self) -> Mapping[str, Any]:
        """The report as evidence: everything that it rests on."""
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        return {
            "tool": {"name": f"{project['name']} reconcile", "version": project["version"]},
            "generated": text_of(self.made_at),
            "stack": self.stack.name,
            "account": self.stack.account,
            "region": self.stack.region,
            "from": text_of(self.span.start),
            "to": text_of(self.span.end),
            "resolution_seconds": int(self.span.period.total_seconds()),
            "gap": self.has_gap,
            "complete": not self.refused,
            "clusters": [_cluster_json(one) for one in self.clusters],
            "counts": {**self.totals.counts, "difference": self.totals.difference},
            "invocations": dict(self.totals.invocations),
            "parked_until_now": {
                "until": text_of(self.span.now),
                "events_parked": self.parked.parked,
                "events_redriven": self.parked.redriven,
                "queue_messages": self.parked.waiting_messages,
                "dead_letter_messages": self.parked.dead_letter_messages,
                "queue_messages_at_start": self.parked.held_at_start,
                "missing": self.parked.missing,
            },
            "gaps": list(self.gaps()),
            "commands": self.commands(),
            "notes": list(self.notes()),
        }


def _cluster_json(one: ClusterBalance) -> dict[str, Any]:
    return {
        "cluster": one.cluster,
        "log_groups": list(one.log_groups),
        "filter_patterns": list(one.patterns),
        "compared_with": "ForwardedLogEvents" if one.patterns else "IncomingLogEvents",
        "taken_in": one.taken_in,
        "received": one.received,
        "in_flight_at_end": one.in_flight,
        "missing": one.missing,
        "missing_since": text_of(one.since),
        "hours": [
            {
                "from": text_of(hour.start),
                "to": text_of(hour.start + HOUR),
                "taken_in": hour.taken_in,
                "received": hour.received,
                "difference": hour.difference,
            }
            for hour in one.hours
        ],
    }


def _sources(balance: ClusterBalance) -> Iterator[str]:
    """The variables of `make replay` for each log group of a cluster."""
    for name in balance.log_groups:
        yield f"CLUSTER={balance.cluster}" + ("" if cluster_of(name) else f" LOG_GROUP={name}")
