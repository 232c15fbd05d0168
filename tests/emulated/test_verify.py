"""`make verify` on a deployed stack: all right, and each failure that it must explain."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.emulated.deployment import Deployed, run_tool
from tests.misbehaving_server import full_server
from tools import demo
from tools.listener import Listener, running_listener
from tools.local_aws import LocalAws

pytestmark = pytest.mark.emulated

CLUSTER = "verified"
STACK = "eks-log-forwarder-verified"
LOG_GROUP = f"/aws/eks/{CLUSTER}/cluster"
_LINE = re.compile(r"^(right|warning|WRONG|unknown) +(.{21}) (.*\S)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Said:
    """What the tool printed: state and text of each step, and its exit status."""

    status: int
    steps: Mapping[str, tuple[str, str]]
    text: str

    @property
    def wrong(self) -> set[str]:
        """The steps that are not right, warnings aside."""
        return {what for what, (state, _) in self.steps.items() if state in {"WRONG", "unknown"}}


@dataclass(frozen=True, slots=True)
class Verified:
    """A stack with a cluster that logs, a listener, and a subscriber of its alarm topic."""

    aws: LocalAws
    listener: Listener
    outputs: dict[str, str]

    def run(self, *arguments: str) -> Said:
        """The tool, as `make verify` runs it."""
        command = ("tools.verify", "--stack", STACK, *arguments)
        done = run_tool(self.aws, *command, columns=300, timeout_seconds=120)
        steps = {what.strip(): (state, found) for state, what, found in _LINE.findall(done.stdout)}
        return Said(done.returncode, steps, done.stdout + done.stderr)

    @contextmanager
    def variables(self, **changed: str) -> Iterator[None]:
        """The forward function with other variables, and so a new container."""
        functions, name = self.aws.client("lambda"), self.outputs["ForwardFunctionName"]
        before = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        functions.update_function_configuration(
            FunctionName=name, Environment={"Variables": before | changed}
        )
        yield
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": before})

    def queue(self) -> Any:  # noqa: ANN401  # boto3 makes its clients at run time
        """A client of SQS."""
        return self.aws.client("sqs")


def create_cluster(aws: LocalAws, *log_types: str) -> None:
    """The cluster, with these log types on."""
    aws.client("eks").create_cluster(
        name=CLUSTER,
        roleArn="arn:aws:iam::000000000000:role/eks",
        resourcesVpcConfig={"subnetIds": []},
        logging={"clusterLogging": [{"types": list(log_types), "enabled": True}]},
    )


@pytest.fixture(scope="module")
def verified(deployed: Deployed) -> Iterator[Verified]:
    """A further stack beside the demo's, which retries for a second only."""
    aws = deployed.aws
    aws.client("iam").create_role(RoleName="eks", AssumeRolePolicyDocument="{}")
    create_cluster(aws, "api", "audit", "authenticator", "controllerManager", "scheduler")
    aws.client("logs").create_log_group(logGroupName=LOG_GROUP)
    secret = aws.client("secretsmanager").create_secret(Name=CLUSTER, SecretString=demo.TOKEN)["ARN"]
    with running_listener(token=demo.TOKEN) as listener:
        parameters = deployed.parameters | {
            "ClusterName": CLUSTER,
            "DestinationUrl": listener.url,
            "DestinationSecretArn": secret,
        }
        outputs = aws.deploy(deployed.build_dir, STACK, parameters)
        aws.client("sns").subscribe(
            TopicArn=outputs["AlarmTopicArn"], Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:000000000000:x"
        )
        found = Verified(aws, listener, outputs)
        with found.variables(RETRY_BUDGET_SECONDS="1", READ_TIMEOUT_SECONDS="1"):
            yield found
        aws.client("cloudformation").delete_stack(StackName=STACK)


def test_says_right_step_by_step_and_the_canary_arrives_without_a_detection(verified: Verified) -> None:
    """Exit status 0. No real event in 24 hours is a warning."""
    said = verified.run()
    assert said.status == 0, said.text
    assert {what: state for what, (state, _) in said.steps.items()} == {
        "control-plane logging": "right",
        "subscription filter": "right",
        "permission to invoke": "right",
        "function": "right",
        "undelivered events": "right",
        "dead letters": "right",
        "secret": "right",
        "canary": "right",
        "alarms": "right",
        "last real event": "warning",
        "age of events": "right",
    }
    (record,) = verified.listener.records
    assert (record["logGroup"], record["cluster"], record["logType"]) == (LOG_GROUP, CLUSTER, "api")
    assert 'sentBy="make verify"' in str(record["message"])
    assert "detections" not in record
    assert "parsed" not in record


def test_names_an_alert_only_where_it_is_wanted(verified: Verified) -> None:
    """One more line."""
    said = verified.run("--alert")
    assert (said.status, said.steps["test alert"][0]) == (0, "right"), said.text


def test_without_a_secret_it_says_so_and_how_one_is_made(verified: Verified) -> None:
    """The collector's 401 is not blamed on a token that there is not."""
    with verified.variables(DESTINATION_SECRET_ARN=""):
        said = verified.run()
    assert said.status == 1
    assert "parked, http_401: no secret is set" in said.steps["canary"][1], said.text
    assert said.steps["secret"][0] == "WRONG"
    assert "aws secretsmanager create-secret" in said.text


def test_a_wrong_token_is_named_with_the_command_that_stores_another(verified: Verified) -> None:
    """The token itself is not printed."""
    secrets = verified.aws.client("secretsmanager")
    secrets.put_secret_value(SecretId=CLUSTER, SecretString="wrong-token-5a1c")
    with verified.variables(READ_TIMEOUT_SECONDS="2"):
        said = verified.run()
    secrets.put_secret_value(SecretId=CLUSTER, SecretString=demo.TOKEN)
    assert said.status == 1
    assert "parked, http_401: the collector does not accept the token" in said.steps["canary"][1], said.text
    assert "aws secretsmanager put-secret-value" in said.text
    assert "wrong-token-5a1c" not in said.text


def test_a_secret_that_the_role_may_not_read_is_named(verified: Verified) -> None:
    """It exists, so only the real function can tell."""
    other = verified.aws.client("secretsmanager").create_secret(Name="not-ours", SecretString="x")["ARN"]
    with verified.variables(DESTINATION_SECRET_ARN=other):
        said = verified.run()
    assert said.steps["secret"][0] == "WRONG", said.text
    assert "secret_unreadable" in said.steps["canary"][1]


def test_a_wrong_path_of_the_url_is_named(verified: Verified) -> None:
    """The listener has no such page."""
    with verified.variables(DESTINATION_URL=verified.listener.url_of("/nowhere")):
        said = verified.run()
    assert (said.status, "canary" in said.wrong) == (1, True)
    assert re.search(r"parked, (http_404|html_answer): ", said.steps["canary"][1]), said.text


def test_a_closed_port_is_named(verified: Verified) -> None:
    """Nothing listens there."""
    with verified.variables(DESTINATION_URL="http://127.0.0.1:9/logeye/api/logger.jsp"):
        said = verified.run()
    assert "parked, connection_refused: " in said.steps["canary"][1], said.text
    assert f"make discover CLUSTER={CLUSTER} LISTENER=HOST:PORT" in said.text


def test_a_host_without_an_address_is_named(verified: Verified) -> None:
    """As in a VPC that cannot resolve it."""
    with verified.variables(DESTINATION_URL="http://collector.invalid/logeye/api/logger.jsp"):
        said = verified.run()
    assert "parked, name_not_resolved: " in said.steps["canary"][1], said.text


def test_a_collector_that_never_answers_is_named(verified: Verified) -> None:
    """It takes the connection, as a full one does."""
    with full_server() as silent, verified.variables(DESTINATION_URL=silent.url()):
        said = verified.run()
    assert "parked, answer_timeout: " in said.steps["canary"][1], said.text


def test_a_setting_that_stops_the_function_is_named(verified: Verified) -> None:
    """The start fails before any event."""
    with verified.variables(MAX_BATCH_EVENTS="many"):
        said = verified.run()
    assert said.wrong >= {"function", "canary"}
    assert "MAX_BATCH_EVENTS is 'many'" in said.steps["function"][1], said.text


def test_logging_that_is_off_is_named_with_the_command_that_turns_it_on(verified: Verified) -> None:
    """All of the cluster's log types."""
    eks = verified.aws.client("eks")
    eks.delete_cluster(name=CLUSTER)
    create_cluster(verified.aws)
    said = verified.run()
    assert "control-plane logging" in said.wrong
    assert f"aws eks update-cluster-config --name {CLUSTER} --logging" in said.text
    eks.delete_cluster(name=CLUSTER)
    create_cluster(verified.aws, "audit")
    said = verified.run()
    state, found = said.steps["control-plane logging"]
    assert (state, found) == (
        "warning",
        "on: audit; off: api, authenticator, controllerManager, scheduler",
    )


def test_a_filter_and_a_permission_that_are_gone_are_named(verified: Verified) -> None:
    """With the command that makes them again."""
    logs, functions = verified.aws.client("logs"), verified.aws.client("lambda")
    (found,) = logs.describe_subscription_filters(logGroupName=LOG_GROUP)["subscriptionFilters"]
    logs.delete_subscription_filter(logGroupName=LOG_GROUP, filterName=found["filterName"])
    name = verified.outputs["ForwardFunctionName"]
    policy = functions.get_policy(FunctionName=name)["Policy"]
    for sid in re.findall(r'"Sid": ?"([^"]+)"', policy):
        functions.remove_permission(FunctionName=name, StatementId=sid)
    said = verified.run()
    assert (said.status, said.wrong >= {"subscription filter", "permission to invoke"}) == (1, True)
    assert said.text.count(f'make subscribe CLUSTER={CLUSTER} ARGS="--stack {STACK}"') == 2


def test_a_message_in_a_queue_is_named_with_its_runbook(verified: Verified) -> None:
    """A dead letter stays until somebody looks at it."""
    verified.queue().send_message(QueueUrl=verified.outputs["DeadLetterQueueUrl"], MessageBody="{}")
    said = verified.run()
    assert said.steps["dead letters"][0] == "WRONG"
    assert "docs/runbooks/dead-letters.md" in said.steps["dead letters"][1]


def test_a_stack_that_there_is_not_is_one_sentence(verified: Verified) -> None:
    """With the region that was looked at."""
    said = verified.run("--stack", "nowhere")
    assert said.status == 2
    assert said.text.startswith("verify: there is no stack nowhere in us-east-1: ")
