"""The report on a terminal of 80 columns."""

from rich.console import Console
from rich.table import Table

from tools.reconcile.balance import ClusterBalance
from tools.reconcile.notes import text_of
from tools.reconcile.report import Report


def print_report(console: Console, report: Report) -> None:
    """Prints the balances, what limits them, the gaps, and the commands that close them."""
    stack, span = report.stack, report.span
    console.print(
        f"Stack {stack.name}, account {stack.account}, {stack.region}\n"
        f"{text_of(span.start)} to {text_of(span.end)}, made at {text_of(report.made_at)}"
    )
    for cluster in report.clusters:
        console.print(_cluster_table(cluster))
    console.print(_stack_table(report))
    console.print(_parked_table(report))
    for note in report.notes():
        console.print(f"Note: {note}", markup=False)
    for gap in report.gaps():
        console.print(f"GAP: {gap}", style="bold red", markup=False)
    for command in report.commands():
        console.print(f"  {command}", soft_wrap=True, markup=False)
    if not report.has_gap:
        incomplete = " in what could be read" if report.refused else ""
        console.print(f"No gap{incomplete}.", style="bold yellow" if report.refused else "bold green")


def _numbers(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(headings[0])
    for heading in headings[1:]:
        table.add_column(heading, justify="right")
    return table


def _cluster_table(cluster: ClusterBalance) -> Table:
    taken_in = "forwarded" if cluster.patterns else "taken in"
    table = _numbers(", ".join(cluster.log_groups), "hour (UTC)", taken_in, "received", "difference")
    for hour in cluster.hours:
        if hour.taken_in or hour.received:
            style = "yellow" if hour.difference > 0 else ""
            numbers = (hour.taken_in, hour.received, hour.difference)
            table.add_row(f"{hour.start:%Y-%m-%d %H:%M}", *map(_number, numbers), style=style)
    table.add_section()
    difference = cluster.taken_in - cluster.received
    table.add_row("all hours", *map(_number, (cluster.taken_in, cluster.received, difference)))
    table.add_row("may be in flight at the end", "", "", _number(cluster.in_flight))
    table.add_row(
        "missing", "", "", _number(cluster.missing), style="bold red" if cluster.missing else "green"
    )
    return table


def _stack_table(report: Report) -> Table:
    table = _numbers("The stack: received = delivered + filtered + parked + kept", "count", "events")
    for name, value in report.totals.counts.items():
        if name != "EventsRejected":
            table.add_row(name, _number(value))
    difference = report.totals.difference
    table.add_row("difference", _number(difference), style="bold red" if difference > 0 else "")
    table.add_section()
    table.add_row(
        "EventsRejected (parked, or a dead letter)", _number(report.totals.counts["EventsRejected"])
    )
    for name, value in report.totals.invocations.items():
        table.add_row(f"forward function: {name}", _number(value))
    return table


def _parked_table(report: Report) -> Table:
    parked = report.parked
    table = _numbers(f"Parked events, until {text_of(report.span.now)}", "count", "events", "messages")
    table.add_row("EventsParked", _number(parked.parked), "")
    table.add_row("EventsRedriven", _number(parked.redriven), "")
    table.add_row("not redriven", _number(parked.outstanding), "")
    table.add_row("in the queue now", "", _number(parked.waiting_messages))
    table.add_row("dead letters now", "", _number(parked.dead_letter_messages))
    table.add_row("missing", _number(parked.missing), "", style="bold red" if parked.missing else "green")
    return table


def _number(value: int) -> str:
    return f"{value:,}"
