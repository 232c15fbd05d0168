"""Reads what the balances need: log groups and their filters, metrics, queues."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from eks_log_forwarder.intake.log_stream import UNKNOWN_CLUSTER, cluster_of, origin_of
from eks_log_forwarder.intake.log_type import VENDED_LOG_TYPES, LogType
from eks_log_forwarder.telemetry.publishing import NAMESPACE
from tools.aws_reading import NotFoundError, Reader
from tools.errors import ToolError
from tools.log_groups import SubscriptionFilter, cluster_log_group
from tools.metric_reading import Metric, Sums, incoming_events, read_sums, received_events
from tools.reconcile.balance import ClusterBalance, ParkedBalance, StackBalance, cluster_balance, total
from tools.reconcile.span import Span
from tools.stack import Stack
from tools.subscribe.permission import possible_log_groups

COUNTS = (
    "EventsReceived",
    "EventsDelivered",
    "EventsFiltered",
    "EventsParked",
    "EventsKept",
    "EventsRejected",
)
INVOCATIONS = ("Invocations", "Errors", "Throttles", "AsyncEventsDropped", "DestinationDeliveryFailures")
_RECENT = timedelta(minutes=30)  # a redrive is in the metrics by then
_MESSAGES = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True, slots=True)
class Source:
    """A log group whose events the stack receives, and its filter; None if it has none now."""

    log_group: str
    filter: SubscriptionFilter | None

    @property
    def cluster(self) -> str:
        """The cluster under which the function counts its events."""
        return origin_of(self.log_group, "", [self.filter.name] if self.filter else [])[0]

    def taken_in(self) -> Metric:
        """What is to be received: all events, or with a pattern those that CloudWatch Logs forwarded."""
        if self.filter is None or not self.filter.pattern:
            return incoming_events(self.log_group)
        dimensions = (
            ("LogGroupName", self.log_group),
            ("DestinationType", "Lambda"),
            ("FilterName", self.filter.name),
        )
        return Metric("AWS/Logs", "ForwardedLogEvents", dimensions)


@dataclass(frozen=True, slots=True)
class Metrics:
    """Reads sums, and tells its progress."""

    reader: Reader
    span: Span
    progress: Callable[[str], None]

    def sums(self, metrics: list[Metric], what: str, *, until_now: bool = False) -> list[Sums]:
        """The sums of the span, and of the time in flight after it or of all the time until now.

        Raises:
            ToolError: `cloudwatch:GetMetricData` was refused.
        """
        end = self.span.now if until_now else self.span.end + self.span.in_flight
        found = read_sums(
            self.reader,
            metrics,
            self.span.start,
            end,
            self.span.period,
            progress=lambda part: self.progress(f"reading {what}, {part}"),
        )
        if found is None:
            msg = "cloudwatch:GetMetricData was refused: nothing can be compared without metrics"
            raise ToolError(msg)
        return found


def read_sources(reader: Reader, stack: Stack, progress: Callable[[str], None]) -> dict[str, list[Source]]:
    """The sources by cluster: subscribed now, or with events of the last two weeks, or the stack's own."""
    progress("looking for subscribed log groups")
    sources = {stack.subscribed_log_group: Source(stack.subscribed_log_group, None)}
    listed = reader.pages(
        "cloudwatch",
        "list_metrics",
        "Metrics",
        Namespace=NAMESPACE,
        MetricName="EventsReceived",
        Dimensions=[{"Name": "service", "Value": stack.name}, {"Name": "cluster"}, {"Name": "logType"}],
    )
    for metric in listed or []:
        dimensions = {one["Name"]: one["Value"] for one in metric["Dimensions"]}
        if (
            set(dimensions) == {"service", "cluster", "logType"}
            and dimensions["cluster"] != UNKNOWN_CLUSTER
            and dimensions["logType"] not in VENDED_LOG_TYPES.values()
        ):
            name = cluster_log_group(dimensions["cluster"])
            sources[name] = Source(name, None)
    for name in sorted({*possible_log_groups(reader, stack), *sources}):
        found = _filter_to(reader, stack, name)
        if found is not None:
            sources[name] = Source(name, found)
    by_cluster: dict[str, list[Source]] = defaultdict(list)
    for name in sorted(sources):
        by_cluster[sources[name].cluster].append(sources[name])
    return by_cluster


def _filter_to(reader: Reader, stack: Stack, log_group: str) -> SubscriptionFilter | None:
    try:
        found = reader.pages(
            "logs", "describe_subscription_filters", "subscriptionFilters", logGroupName=log_group
        )
    except NotFoundError:  # a log group that was deleted; its metrics remain
        return None
    filters = (
        SubscriptionFilter(one["filterName"], one["destinationArn"], one.get("filterPattern", ""))
        for one in found or []
    )
    return next((one for one in filters if one.leads_to(stack.function_arn)), None)


def read_clusters(
    metrics: Metrics, stack: Stack, sources: dict[str, list[Source]]
) -> Iterable[ClusterBalance]:
    """The balance of each cluster."""
    for cluster, of_cluster in sources.items():
        taken_in = [source.taken_in() for source in of_cluster]
        received = [received_events(stack.name, cluster, log_type) for log_type in _log_types(of_cluster)]
        sums = metrics.sums([*taken_in, *received], f"cluster {cluster}")
        yield cluster_balance(
            cluster,
            tuple(source.log_group for source in of_cluster),
            tuple(source.filter.pattern for source in of_cluster if source.filter and source.filter.pattern),
            (sums[: len(taken_in)], sums[len(taken_in) :]),
            metrics.span,
        )


def _log_types(sources: Iterable[Source]) -> list[LogType]:
    """The log types that come from these sources: a control-plane log group has none of Auto Mode's.

    The events of a log group whose filter is gone are left out on both sides.
    """
    has_others = any(cluster_of(source.log_group) is None for source in sources)
    return [log_type for log_type in LogType if has_others or log_type not in VENDED_LOG_TYPES.values()]


def read_stack_balance(metrics: Metrics, stack: Stack) -> StackBalance:
    """The counts of the stack and the invocations of its forward function, over the span alone."""
    function = (("FunctionName", stack.function_arn.rpartition(":")[2]),)
    wanted = [_of_stack(stack, name) for name in COUNTS]
    wanted += [Metric("AWS/Lambda", name, function) for name in INVOCATIONS]
    sums = metrics.sums(wanted, f"stack {stack.name}")
    within = [{at: value for at, value in one.items() if at < metrics.span.end} for one in sums]
    totals = dict(zip((*COUNTS, *INVOCATIONS), map(total, within), strict=True))
    return StackBalance(
        {name: totals[name] for name in COUNTS},
        {name: totals[name] for name in INVOCATIONS},
    )


def read_parked_balance(metrics: Metrics, stack: Stack) -> ParkedBalance:
    """The parked events since the span's start until now, and what the queues hold."""
    urls = [stack.outputs.get(name, "") for name in ("UndeliveredQueueUrl", "DeadLetterQueueUrl")]
    queue = (("QueueName", urls[0].rpartition("/")[2]),)
    visible, hidden = (
        Metric("AWS/SQS", name, queue, "Maximum")
        for name in ("ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible")
    )
    wanted = [_of_stack(stack, "EventsParked"), _of_stack(stack, "EventsRedriven"), visible, hidden]
    parked, redriven, *held = metrics.sums(wanted, "parked events", until_now=True)
    soon = metrics.span.start + max(metrics.span.period, timedelta(minutes=5))
    at_start = sum(max((value for at, value in one.items() if at < soon), default=0) for one in held)
    lately = metrics.span.now - max(metrics.span.period, _RECENT)
    is_recent = any(value and at >= lately for one in (parked, *held) for at, value in one.items())
    waiting, dead = (_messages(metrics.reader, url) for url in urls)
    return ParkedBalance(total(parked), total(redriven), waiting, dead, round(at_start), is_recent)


def _of_stack(stack: Stack, name: str) -> Metric:
    return Metric(NAMESPACE, name, (("service", stack.name),))


def _messages(reader: Reader, queue_url: str) -> int:
    answer = reader.call("sqs", "get_queue_attributes", QueueUrl=queue_url, AttributeNames=[*_MESSAGES])
    return 0 if answer is None else sum(int(answer["Attributes"][name]) for name in _MESSAGES)
