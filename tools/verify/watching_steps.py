"""The steps that follow no event: queues, alarms, the last real event, the age that the collector accepts."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from eks_log_forwarder.intake.log_type import LogType
from tools.aws_reading import NotFoundError
from tools.discover.findings import Finding, advice, missing, ok, refused, unknown
from tools.metric_reading import Metric, incoming_events, read_sums, received_events
from tools.verify.canary import canary_type
from tools.verify.target import VARIABLES_RIGHT, Target

_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
_CONFIRMED = "arn:"  # an unconfirmed subscription has the ARN "PendingConfirmation"
_LOOK_BACK = timedelta(hours=24)
_PERIOD = timedelta(minutes=5)
_MAX_LAG = timedelta(minutes=20)  # metrics arrive a few minutes late, and a retry takes two

# The oldest event that a collector accepts by default, in days (each vendor's documentation).
_OLDEST_ACCEPTED_DAYS = {"loki": 7}
_DEPENDS = frozenset({"http", "otlp"})


def queue_steps(target: Target) -> Iterator[Finding]:
    """Whether the queue of undelivered events and the dead-letter queue are empty."""
    log_group = target.stack.outputs.get("RedriveLogGroupName", "")
    url = target.stack.outputs.get("DeadLetterQueueUrl", "")
    yield _queue(
        target,
        "undelivered events",
        "UndeliveredQueueUrl",
        ("wait for the collector", "docs/runbooks/collector-down.md"),
        f"aws logs tail {log_group} --since 30m --filter-pattern WARNING",
    )
    yield _queue(
        target,
        "dead letters",
        "DeadLetterQueueUrl",
        ("were finally rejected", "docs/runbooks/dead-letters.md"),
        f"aws sqs receive-message --queue-url {url} --message-attribute-names All --visibility-timeout 1",
    )


def _queue(target: Target, what: str, output: str, meaning: tuple[str, str], command: str) -> Finding:
    attributes = queue_attributes(target, output)
    if attributes is None:
        return refused(what, "sqs:GetQueueAttributes")
    if not attributes:
        return missing(
            what, "the queue does not exist any more", f"sam deploy --stack-name {target.stack.name}"
        )
    waiting = sum(int(attributes[name]) for name in _COUNTS)
    if waiting:
        return missing(what, f"{waiting} messages {meaning[0]}: {meaning[1]}", command)
    return ok(what, "the queue is empty")


def queue_attributes(target: Target, output: str) -> Mapping[str, str] | None:
    """A queue's attributes, empty if it does not exist; None if the right was refused."""
    try:
        answer = target.reader.call(
            "sqs",
            "get_queue_attributes",
            QueueUrl=target.stack.outputs.get(output, ""),
            AttributeNames=[*_COUNTS, "MessageRetentionPeriod"],
        )
    except NotFoundError:
        return {}
    return None if answer is None else answer["Attributes"]


def alarm_step(target: Target) -> Iterator[Finding]:
    """Whether somebody confirmed a subscription to the alarm topic; outside prod and staging a warning."""
    what, topic = "alarms", target.stack.alarm_topic_arn
    found = target.reader.pages("sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=topic)
    if found is None:
        yield refused(what, "sns:ListSubscriptionsByTopic")
        return
    confirmed = [one for one in found if one["SubscriptionArn"].startswith(_CONFIRMED)]
    waiting = [one["Endpoint"] for one in found if not one["SubscriptionArn"].startswith(_CONFIRMED)]
    pending = f"{', '.join(waiting)} has not confirmed: open AWS's mail and follow its link"
    if confirmed and waiting:
        yield advice(what, f"{len(confirmed)} subscribed; {pending}")
    elif confirmed:
        yield ok(what, f"{len(confirmed)} subscribed to the topic, {confirmed[0]['Protocol']} among them")
    else:
        must = target.stack.parameters.get("Environment") in {"staging", "prod"}
        command = (
            f"aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint YOU@EXAMPLE.COM"
        )
        say = missing if must else advice
        yield say(what, pending if waiting else "nobody is subscribed to the topic", command)


def last_event_step(target: Target) -> Iterator[Finding]:
    """When the stack last received a real event of its cluster; canaries are left out."""
    what = "last real event"
    stack, canary = target.stack, canary_type(target.log_types)
    real = [name for name in LogType if name != canary]
    metrics: list[Metric] = [received_events(stack.name, stack.cluster, name) for name in real]
    metrics.append(incoming_events(stack.subscribed_log_group))
    end = target.now + _PERIOD
    sums = read_sums(target.reader, metrics, target.now - _LOOK_BACK, end, _PERIOD)
    if sums is None:
        yield refused(what, "cloudwatch:GetMetricData")
        return
    *received, incoming = [max((at for at, value in one.items() if value), default=None) for one in sums]
    newest, log_type = max(
        ((at, name) for at, name in zip(received, real, strict=True) if at is not None),
        default=(None, ""),
    )
    reconcile = f"make reconcile STACK={stack.name}"
    if newest is None and incoming is None:
        yield advice(what, "none in 24 hours, and CloudWatch Logs took in none either")
    elif newest is None:
        yield missing(what, "none in 24 hours, although CloudWatch Logs took in events", reconcile)
    elif incoming is not None and incoming - newest > _MAX_LAG:
        found = (
            f"{_ago(target.now - newest)}, but CloudWatch Logs took in events {_ago(target.now - incoming)}"
        )
        yield missing(what, found, reconcile)
    else:
        yield ok(what, f"{log_type}, {_ago(target.now - newest)}")


def _ago(age: timedelta) -> str:
    hours, minutes = divmod(max(int(age.total_seconds()) // 60, 1), 60)
    return f"{hours} h {minutes} min ago" if hours else f"at most {minutes} min ago"


def age_step(target: Target) -> Iterator[Finding]:
    """Whether the collector accepts events that waited in the queue as long as SQS keeps them."""
    what = "age of events"
    if not target.variables:
        yield refused(what, VARIABLES_RIGHT)
        return
    attributes = queue_attributes(target, "UndeliveredQueueUrl")
    if not attributes:
        yield refused(what, "sqs:GetQueueAttributes") if attributes is None else unknown(what, "no queue")
        return
    queue_days = int(attributes["MessageRetentionPeriod"]) // 86_400
    days = _OLDEST_ACCEPTED_DAYS.get(target.destination)
    kept = f"the queue keeps events for {queue_days} days"
    if days is not None and days < queue_days:
        found = f"{kept}, but {target.destination} rejects events older than {days} days by default"
        yield advice(what, f"{found}: docs/destinations/{target.destination}.md")
    elif target.destination in _DEPENDS:
        found = f"{kept}; see that what is behind {target.destination} stores events of that age"
        yield advice(what, f"{found} (VictoriaLogs drops events after 7 days, with a success)")
    else:
        yield ok(what, f"{kept}; no lower limit of {target.destination} is known")


def alert_step(target: Target) -> Iterator[Finding]:
    """Sends one marked message to the alarm topic."""
    what, name = "test alert", target.stack.name
    sent = target.reader.call(
        "sns",
        "publish",
        TopicArn=target.stack.alarm_topic_arn,
        Subject=f"TEST: {name}"[:100],
        Message=f"Sent by make verify ALERT=yes at {target.now:%Y-%m-%dT%H:%M:%SZ}. Nothing is wrong.",
    )
    if sent is None:
        yield refused(what, "sns:Publish")
    else:
        yield ok(what, f"sent to {target.stack.alarm_topic_arn}; see that it arrives")
