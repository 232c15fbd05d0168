"""central.yaml by `sam build` and `sam deploy`: records of other accounts go through MiniStack's Kinesis.

Its poller repeats a batch on which the function fails, and ignores partial failures: those are tried by
tests/integration/test_stream_handler.py. It cannot deploy a destination of CloudWatch Logs, so the records
are put here as CloudWatch Logs would put them.
"""

import base64
import json
import os
import signal
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from tests.emulated.deployment import Deployed, run_tool
from tests.emulated.test_outage import hurry, wait_until
from tests.integration.test_killed import Hold
from tests.payloads import event_of, payload_of
from tools import demo
from tools.listener import Listener, running_listener
from tools.local_aws import LocalAws

pytestmark = pytest.mark.emulated

STACK = "eks-log-forwarder-central"
ACCOUNT = "444455556666"
CLUSTER = "far"
WAIT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Central:
    """A central stack whose collector is a port on which nothing listens until a test opens it."""

    aws: LocalAws
    port: int
    outputs: dict[str, str]

    def put(self, *records: bytes) -> None:
        """Puts records, in order, as CloudWatch Logs does: those of one log stream into one shard."""
        for data in records:
            self.aws.client("kinesis").put_record(
                StreamARN=self.outputs["StreamArn"], Data=data, PartitionKey="a log stream"
            )

    def collector(self, *sinks: Hold) -> AbstractContextManager[Listener]:
        """The collector is up."""
        return running_listener(token=demo.TOKEN, port=self.port, sinks=sinks)

    def waiting(self) -> int:
        """How many messages the queue of undelivered events holds, whether they can be seen or not."""
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        counts = self.aws.client("sqs").get_queue_attributes(
            QueueUrl=self.outputs["UndeliveredQueueUrl"], AttributeNames=names
        )["Attributes"]
        return sum(int(counts[name]) for name in names)

    def kill_the_function(self) -> None:
        """SIGKILL to MiniStack's process of the stream function, as an exhausted memory would."""
        name = f"AWS_LAMBDA_FUNCTION_NAME={self.outputs['StreamFunctionName']}".encode()
        endpoint = f"AWS_ENDPOINT_URL={self.aws.endpoint}".encode()
        killed = 0
        for process in Path("/proc").glob("[0-9]*"):
            try:
                variables = (process / "environ").read_bytes().split(b"\0")
            except OSError:  # it has ended, or is another user's
                continue
            if name in variables and endpoint in variables:
                os.kill(int(process.name), signal.SIGKILL)
                killed += 1
        assert killed == 1


@pytest.fixture(scope="module")
def central(deployed: Deployed) -> Central:
    """The stack, which both of its commands need only the section of samconfig.toml for."""
    aws = deployed.aws
    with running_listener() as listener:
        url = listener.url
        port = int(listener.origin.rpartition(":")[2])
    shared = ("Environment", "Destination", "DestinationSecretArn", "SubnetIds", "SecurityGroupIds")
    parameters = {name: deployed.parameters[name] for name in shared} | {"DestinationUrl": url}
    outputs = aws.deploy(aws.build("central"), STACK, parameters, "central")
    for output in ("StreamFunctionName", "RedriveFunctionName"):
        hurry(aws, outputs[output])
    return Central(aws, port, outputs)


def record_of(*messages: str, **fields: object) -> bytes:
    """A record of another account's cluster. A line is its own id."""
    payload = payload_of(*messages) | {"owner": ACCOUNT, "logGroup": f"/aws/eks/{CLUSTER}/cluster"} | fields
    for event in payload["logEvents"]:
        event["id"] = event["message"]
    return base64.b64decode(event_of(payload)["awslogs"]["data"])


def arrived(listener: Listener) -> Counter[str]:
    """How often each id has arrived."""
    return Counter(str(record["id"]) for record in list(listener.records))


def test_a_line_of_another_account_arrives_with_its_account(central: Central) -> None:
    """After the probe that CloudWatch Logs puts first, which is no line."""
    probe = record_of("CWL CONTROL MESSAGE: Checking health", messageType="CONTROL_MESSAGE", logGroup="")
    with central.collector() as listener:
        central.put(probe, record_of("one", "two"))
        wait_until(lambda: len(listener.records) == 2, "two lines at the collector")
        (found,) = {(one["account"], one["cluster"], one["logType"]) for one in listener.records}
    assert found == (ACCOUNT, CLUSTER, "audit")
    written: list[str] = []

    def summaries() -> list[tuple[str, int]]:
        """What the function's log says of the cluster; the collector has the lines before the log does."""
        written[:] = central.aws.log_lines(central.outputs["StreamLogGroupName"])
        lines = [json.loads(line) for line in written if '"message":"summary"' in line]
        return [(one["account"], one["EventsReceived"]) for one in lines if one["cluster"] == CLUSTER]

    wait_until(lambda: summaries() == [(ACCOUNT, 2)], "one summary of the cluster")
    assert [line for line in written if demo.TOKEN in line] == []


def test_a_function_killed_in_the_middle_loses_nothing(central: Central) -> None:
    """Its batch comes again: each line arrives, those of the second record twice."""
    hold = Hold(2, stores=True)
    lines = [f"killed {number}" for number in range(3)]
    with central.collector(hold) as listener:
        central.put(*map(record_of, lines))
        assert hold.held.wait(WAIT_SECONDS)
        central.kill_the_function()
        hold.client_is_gone.set()
        wait_until(lambda: set(arrived(listener)) == set(lines), "every line at the collector")
        assert arrived(listener)["killed 1"] >= 1


def test_lines_of_an_outage_arrive_by_redrive(central: Central) -> None:
    """The stream goes on, the queue holds them, and each arrives once when the collector is well.

    A broken collector refuses every token. One that is down would open the circuit, for a minute.
    """
    lines = [f"outage {number}" for number in range(3)]
    with running_listener(token="another", port=central.port):
        central.put(*map(record_of, lines))
        wait_until(lambda: central.waiting() == 3, "three messages in the queue")
    with central.collector() as listener:
        wait_until(lambda: central.waiting() == 0, "an empty queue")
        assert arrived(listener) == Counter(lines)


def test_a_poison_record_is_a_dead_letter_and_does_not_block_the_shard(central: Central) -> None:
    """With its reason, its sequence number and its digest."""
    poison = b"no payload of CloudWatch Logs"
    with central.collector() as listener:
        central.put(record_of("before"), poison, record_of("after"))
        wait_until(lambda: len(listener.records) == 2, "the records beside it at the collector")
        assert sorted(arrived(listener)) == ["after", "before"]
    (dead,) = central.aws.client("sqs").receive_message(
        QueueUrl=central.outputs["DeadLetterQueueUrl"], MessageAttributeNames=["All"], WaitTimeSeconds=5
    )["Messages"]
    assert dead["MessageAttributes"]["reason"]["StringValue"] == "payload_invalid"
    body = json.loads(dead["Body"])
    assert base64.b64decode(body["awslogs"]["data"]) == poison
    assert body["kinesis"]["sha256"] == sha256(poison).hexdigest()
    assert body["kinesis"]["sequenceNumber"].isdigit()


def test_the_other_commands_say_that_they_do_not_know_a_central_stack(central: Central) -> None:
    """One line, and where to read on."""
    done = run_tool(central.aws, "tools.verify", "--stack", STACK)
    assert done.returncode == 2
    assert f"{STACK} is a stack of central.yaml" in " ".join((done.stdout + done.stderr).split())


def test_make_remove_deletes_a_central_stack_with_its_stream(central: Central) -> None:
    """And with its queues, on request."""
    done = run_tool(central.aws, "tools.remove", STACK, "--queues", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert central.aws.client("kinesis").list_streams()["StreamNames"] == []
    left = central.aws.client("sqs").list_queues(QueueNamePrefix=STACK).get("QueueUrls", [])
    assert left == []
