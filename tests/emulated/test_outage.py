"""A deployed stack whose collector is down: what is put in meanwhile waits in SQS and arrives afterwards."""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.emulated.deployment import Deployed
from tests.misbehaving_server import full_server
from tools import demo
from tools.listener import Listener, running_listener
from tools.local_aws import LocalAws
from tools.make_event import EVENTS, LOG_TYPES_OF_LINES

pytestmark = pytest.mark.emulated

CLUSTER = "outage"
STACK = "eks-log-forwarder-outage"
WAIT_SECONDS = 180  # an open circuit makes one attempt a minute, and a message waits for its back-off
MOST_SECONDS_TO_RAISE = 45  # of the 60 that the function has

_REPORT = re.compile(r"REPORT RequestId: (?P<id>\S+)\s+Duration: (?P<ms>[\d.]+) ms")


@dataclass(frozen=True, slots=True)
class Outage:
    """A stack whose collector is a port on which nothing listens until a test opens it."""

    aws: LocalAws
    port: int
    outputs: dict[str, str]

    def waiting(self, queue: str = "UndeliveredQueueUrl") -> int:
        """How many messages a queue holds, whether they can be seen or not."""
        numbers = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        attributes = self.aws.client("sqs").get_queue_attributes(
            QueueUrl=self.outputs[queue], AttributeNames=numbers
        )["Attributes"]
        return sum(int(attributes[number]) for number in numbers)

    def collector(self) -> Any:  # noqa: ANN401  # a context manager of a listener
        """The collector is up again."""
        return running_listener(token=demo.TOKEN, port=self.port)

    def durations(self) -> dict[str, float]:
        """How many seconds each invocation of the forward function took, by its id."""
        reports = map(_REPORT.match, self.aws.log_lines(self.outputs["ForwardLogGroupName"]))
        return {report["id"]: float(report["ms"]) / 1000 for report in reports if report}

    def summaries(self, log_group: str) -> list[dict[str, Any]]:
        """The summaries that a function has written so far."""
        lines = [line for line in self.aws.log_lines(self.outputs[log_group]) if line.startswith("{")]
        return [line for line in map(json.loads, lines) if line.get("message") == "summary"]


@pytest.fixture(scope="module")
def outage(deployed: Deployed) -> Outage:
    """A second stack beside the demo's, of another cluster."""
    aws = deployed.aws
    with running_listener() as listener:
        url = listener.url
        port = int(listener.origin.rpartition(":")[2])
    aws.client("logs").create_log_group(logGroupName=f"/aws/eks/{CLUSTER}/cluster")
    parameters = deployed.parameters | {
        "ClusterName": CLUSTER,
        "DestinationUrl": url,
    }
    outputs = aws.deploy(deployed.build_dir, STACK, parameters)
    for output in ("ForwardFunctionName", "RedriveFunctionName"):
        hurry(aws, outputs[output])
    return Outage(aws, port, outputs)


def hurry(aws: LocalAws, function: str) -> None:
    """Sets the function's budget and back-off to one second, so that a test waits for neither."""
    functions = aws.client("lambda")
    variables = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    variables |= {"RETRY_BUDGET_SECONDS": "1", "REDRIVE_BACKOFF_SECONDS": "1"}
    functions.update_function_configuration(FunctionName=function, Environment={"Variables": variables})


@pytest.fixture
def no_path_to_the_queue(outage: Outage) -> Iterator[None]:
    """The forward function's own calls of SQS get no answer, as in a VPC without an endpoint or NAT."""
    functions = outage.aws.client("lambda")
    name = outage.outputs["ForwardFunctionName"]
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    with full_server() as silent:
        cut_off = variables | {"AWS_ENDPOINT_URL_SQS": silent.url()}
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": cut_off})
        yield
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


def wait_until(come_true: Callable[[], bool], what: str) -> None:
    """Waits for something, and fails if it does not come about."""
    give_up_at = time.monotonic() + WAIT_SECONDS
    while not come_true():
        assert time.monotonic() < give_up_at, f"{what} did not come about within {WAIT_SECONDS} s"
        time.sleep(0.2)


def total(summaries: list[dict[str, Any]], count: str) -> int:
    """The sum of one count of several summaries."""
    return sum(summary.get(count, 0) for summary in summaries)


def test_lines_of_an_outage_arrive_by_redrive(outage: Outage) -> None:
    """All lines are parked, each arrives once when the collector is up, and the queue is empty."""
    lines = demo.put_lines(outage.aws, CLUSTER)
    wait_until(lambda: outage.waiting() == len(LOG_TYPES_OF_LINES), "a message in the queue for each stream")
    wait_until(
        lambda: total(outage.summaries("ForwardLogGroupName"), "EventsReceived") >= 51, "every summary"
    )
    parked = outage.summaries("ForwardLogGroupName")
    assert (
        total(parked, "EventsReceived"),
        total(parked, "EventsDelivered"),
        total(parked, "EventsParked"),
    ) == (51, 0, 51)

    with outage.collector() as listener:
        wait_until(lambda: outage.waiting() == 0, "an empty queue")
        differences = demo.compare(lines, demo.wait_for(listener, lines))

    assert {stream: found for stream, found in differences.items() if not found.is_none} == {}
    assert sum(found.arrived for found in differences.values()) == 51
    wait_until(
        lambda: total(outage.summaries("RedriveLogGroupName"), "EventsRedriven") >= 51, "every summary"
    )
    assert total(outage.summaries("RedriveLogGroupName"), "EventsRedriven") == 51
    assert outage.waiting("DeadLetterQueueUrl") == 0


@pytest.mark.usefixtures("no_path_to_the_queue")
def test_what_could_not_be_parked_arrives_by_lambdas_own_record(outage: Outage) -> None:
    """The handler raises in time, three times; Lambda's record waits in the queue and is redriven."""
    before = outage.durations()
    outage.aws.client("lambda").invoke(
        FunctionName=outage.outputs["ForwardFunctionName"],
        InvocationType="Event",
        Payload=(EVENTS / "cw.json").read_bytes(),
    )
    wait_until(lambda: outage.waiting() == 1, "Lambda's record in the queue")
    written = outage.aws.log_lines(outage.outputs["ForwardLogGroupName"])
    raised = [line for line in written if "UndeliveredError: 13 of 13 events stay with Lambda" in line]
    took = [seconds for invocation, seconds in outage.durations().items() if invocation not in before]
    assert (len(raised), len(took)) == (3, 3)
    assert max(took) < MOST_SECONDS_TO_RAISE

    with outage.collector() as listener:
        wait_until(lambda: outage.waiting() == 0, "an empty queue")

    assert_each_once(listener, 13)
    assert outage.waiting("DeadLetterQueueUrl") == 0


def assert_each_once(listener: Listener, events: int) -> None:
    """So many events have arrived, none of them twice."""
    arrived = Counter(record["id"] for record in listener.records)
    assert (len(arrived), arrived.total()) == (events, events)
