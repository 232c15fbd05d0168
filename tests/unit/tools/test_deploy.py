"""`make deploy`: what it asks, what it refuses, and how it continues after an interruption."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from tests.stubbed_aws import StubbedAws
from tools.aws_reading import Reader
from tools.deploy.given import Given, find_cluster
from tools.deploy.plan import Asking, Plan, blocking, make_plan
from tools.deploy.questions import Questions
from tools.deploy.sam import deploy
from tools.deploy.secret import find_secret, is_of
from tools.deploy.stacks import deploy_network, settle
from tools.discover.cluster import Cluster
from tools.discover.findings import advice, missing
from tools.discover.listener import parse_listener
from tools.discover.survey import UNKNOWN_NETWORK, Survey
from tools.errors import ToolError
from tools.progress import Progress

ARN = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:forwarder/collector-AbCdEf"
CLUSTER = Cluster(
    "blue", "eu-central-1", "https://api", "vpc-1", frozenset(), "sg-c", (), frozenset(), "111122223333"
)
LISTENER = parse_listener("10.0.3.20:30443")


def answering(*answers: str) -> Callable[[str], str]:
    """Gives these answers, one per question; then the input has ended."""
    left = iter(answers)

    def read(_: str) -> str:
        try:
            return next(left)
        except StopIteration:
            raise EOFError from None

    return read


def asks(*answers: str, yes: bool = False) -> Questions:
    """Questions with these answers, hidden or not."""
    read = answering(*answers)
    return Questions(yes=yes, read=read, read_secret=read)


@pytest.mark.parametrize(("answer", "expected"), [("2", "b"), ("a", "a"), (" c ", "c"), ("3", "3")])
def test_a_question_takes_a_candidate_s_number_or_a_text(answer: str, expected: str) -> None:
    """A number that no candidate has is a text like any other."""
    assert asks(answer).ask("CLUSTER", "Which?", ["a", "b"]) == expected


def test_a_question_is_asked_three_times_at_most_and_never_repeats_an_answer(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The answer may be a token."""
    with pytest.raises(ToolError, match=r"^EMAIL is missing: Who\?$"):
        asks("x1", "x2", "x3", "me@example.com").ask("EMAIL", "Who?", pattern=r"\S+@\S+")
    assert capsys.readouterr().out == "This answer cannot be right.\n" * 3


def test_the_end_of_the_input_names_what_is_missing() -> None:
    """As with standard input closed."""
    with pytest.raises(ToolError, match=r"^EMAIL is missing, and the input has ended: Who\?$"):
        asks().ask("EMAIL", "Who?")


def test_with_yes_everything_that_is_missing_is_named_together() -> None:
    """Nobody is asked."""
    questions = asks("never read", yes=True)
    assert [questions.ask("EMAIL", "Who?"), questions.ask("SECRET_ARN", "Which token?")] == ["", ""]
    with pytest.raises(ToolError, match=r"^EMAIL is missing: Who\?; SECRET_ARN is missing: Which token\?$"):
        questions.require()


def test_each_step_is_a_line_with_its_number_and_the_time() -> None:
    """Since the start, in minutes and seconds."""
    written = io.StringIO()
    times = iter([100.0, 100.2, 175.4])
    progress = Progress(Console(file=written), 2, clock=lambda: next(times))
    progress.step("reading")
    progress.step("building")
    assert written.getvalue() == "==> 1/2  0:00  reading\n==> 2/2  1:15  building\n"


def test_only_what_a_deployment_would_fail_on_stops_it() -> None:
    """A filter of this stack needs no free place."""
    full = "2 of 2 taken: {}; a deploy fails unless one of them is this stack's"
    findings = [
        missing("control-plane logs", "on: none"),
        advice("log group", "keeps everything"),
        missing("subscription filters", full.format("forwarder-Logs-1, other")),
        missing("subnets to use", "none"),
    ]
    assert [one.what for one in blocking(findings, "forwarder")] == ["control-plane logs"]
    assert [one.what for one in blocking(findings, "other-stack")] == [
        "control-plane logs",
        "subscription filters",
    ]


def test_without_a_subnet_only_a_public_collector_can_be_reached() -> None:
    """A private address is refused; for a public one the functions run outside the VPC."""
    given = Given("prod", "forwarder")
    found = Survey(answers={"ClusterName": "blue"})
    with pytest.raises(ToolError, match=r"only a VPC leads to 10\.0\.3\.20: create a subnet"):
        make_plan(found, LISTENER, given)
    plan = make_plan(found, parse_listener("https://203.0.113.7:443/in"), given)
    assert plan == Plan(
        {
            "ClusterName": "blue",
            "Environment": "prod",
            "Destination": "xplg",
            "SubnetIds": "",
            "SecurityGroupIds": "",
            "NetworkStack": "",
        },
        {},
    )


def test_three_answers_at_most_complete_a_plan() -> None:
    """The listener's network, the token, and the address for the alarms; no repr has the token."""
    plan = Plan({}, {"ListenerCidr": UNKNOWN_NETWORK})
    with StubbedAws(
        ec2=[("describe_vpcs", {"Vpcs": [{"CidrBlock": "10.0.0.0/16"}]})],
        secretsmanager=[("describe_secret", "ResourceNotFoundException")],
    ) as aws:
        questions = asks("1", "t0ken-5e1", "me@example.com")
        Asking(Reader(aws.client), CLUSTER, Given("prod", "forwarder"), questions).complete(plan)
        aws.assert_all_was_asked()
    assert plan.network == {"ListenerCidr": "10.0.0.0/16"}
    assert plan.answers == {"DestinationSecretArn": "", "AlarmEmail": "me@example.com"}
    assert (plan.token, "t0ken" in repr(plan)) == ("t0ken-5e1", False)


def test_a_second_run_asks_nothing() -> None:
    """The secret of the first is there, and samconfig.toml or the stack has the address."""
    given = Given("prod", "forwarder", before={"AlarmEmail": "me@example.com", "DestinationSecretArn": ARN})
    plan = Plan({}, {})
    with StubbedAws(secretsmanager=[("describe_secret", {"ARN": ARN})]) as aws:
        Asking(Reader(aws.client), CLUSTER, given, asks()).complete(plan)
    assert plan.answers == {"DestinationSecretArn": ARN, "AlarmEmail": "me@example.com"}
    assert plan.token == ""


def test_a_secret_that_is_named_must_exist() -> None:
    """Unless the right to see it was refused: then CloudFormation gets the ARN as it is."""
    given = Given("dev", "forwarder", secret_arn=ARN)
    with StubbedAws(secretsmanager=[("describe_secret", "ResourceNotFoundException")]) as aws:
        asking = Asking(Reader(aws.client), CLUSTER, given, asks())
        with pytest.raises(ToolError, match=f"^there is no secret {ARN} in eu-central-1$"):
            asking.complete(Plan({}, {}))
    plan = Plan({}, {})
    with StubbedAws(secretsmanager=[("describe_secret", "AccessDeniedException")]) as aws:
        Asking(Reader(aws.client), CLUSTER, given, asks()).complete(plan)
    assert plan.answers["DestinationSecretArn"] == ARN


def test_a_secret_that_is_being_deleted_is_named_with_the_command_that_restores_it() -> None:
    """It can neither be read nor created."""
    deleted = {"ARN": ARN, "DeletedDate": "2026-01-01T00:00:00Z"}
    with (
        StubbedAws(secretsmanager=[("describe_secret", deleted)]) as aws,
        pytest.raises(ToolError, match="restore-secret --secret-id forwarder/collector"),
    ):
        find_secret(Reader(aws.client), "forwarder/collector")
    assert is_of(ARN, "111122223333", "eu-central-1")
    assert not is_of(ARN, "444455556666", "eu-central-1")
    assert not is_of("", "111122223333", "eu-central-1")


def test_a_cluster_that_there_is_not_is_named_with_those_that_there_are() -> None:
    """A typing error is one sentence."""
    with StubbedAws(
        eks=[("describe_cluster", "ResourceNotFoundException"), ("list_clusters", {"clusters": ["blue"]})]
    ) as aws:
        given = Given("prod", "forwarder", cluster="bleu")
        with pytest.raises(ToolError, match=r"The clusters of this account and region: blue\.$"):
            find_cluster(Reader(aws.client), given, asks())


def stack(status: str) -> tuple[str, dict[str, Any]]:
    """An answer to DescribeStacks."""
    described = {"StackName": "s", "StackStatus": status, "CreationTime": "2026-01-01T00:00:00Z"}
    return "describe_stacks", {
        "Stacks": [described | {"Parameters": [{"ParameterKey": "VpcId", "ParameterValue": "vpc-1"}]}]
    }


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        (["CREATE_IN_PROGRESS", "CREATE_COMPLETE"], ["waiting for s: CREATE_IN_PROGRESS"]),
        (["UPDATE_ROLLBACK_COMPLETE"], []),
        (["REVIEW_IN_PROGRESS"], []),
    ],
)
def test_a_stack_in_progress_is_waited_for(statuses: list[str], said: list[str]) -> None:
    """As after an interruption; a declined change set leaves nothing to wait for."""
    heard: list[str] = []
    slept: list[float] = []
    with StubbedAws(cloudformation=[stack(status) for status in statuses]) as aws:
        found = settle(aws.client("cloudformation"), "s", heard.append, slept.append)
        aws.assert_all_was_asked()
    assert (found["StackStatus"], heard, slept) == (statuses[-1], said, [5] * (len(statuses) - 1))


def test_a_stack_whose_creation_failed_is_deleted_first() -> None:
    """CloudFormation cannot update it."""
    heard: list[str] = []
    with StubbedAws(
        cloudformation=[
            stack("CREATE_IN_PROGRESS"),
            stack("ROLLBACK_COMPLETE"),
            ("delete_stack", {}),
            stack("DELETE_IN_PROGRESS"),
            stack("DELETE_COMPLETE"),
        ]
    ) as aws:
        settle(aws.client("cloudformation"), "s", heard.append, lambda _: None)
        aws.assert_all_was_asked()
    assert heard == [
        "waiting for s: CREATE_IN_PROGRESS",
        "deleting s, whose creation failed (ROLLBACK_COMPLETE)",
    ]


def test_a_rollback_that_failed_is_named_with_its_command() -> None:
    """Only a person can decide what to skip."""
    with (
        StubbedAws(cloudformation=[stack("UPDATE_ROLLBACK_FAILED")]) as aws,
        pytest.raises(ToolError, match="continue-update-rollback --stack-name s"),
    ):
        settle(aws.client("cloudformation"), "s", lambda _: None)


class Cloudformation:
    """A client whose network stack is up to date."""

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        """It has an endpoint that the survey does not see any more."""
        parameters = [{"ParameterKey": "SqsEndpoint", "ParameterValue": "on"}]
        return {"Stacks": [{"StackStatus": "CREATE_COMPLETE", "Parameters": parameters}]}

    def update_stack(self, **arguments: Any) -> None:  # noqa: ANN401  # as boto3 has it
        """Nothing changes."""
        self.updates.append(arguments)
        message = "No updates are to be performed."
        raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "UpdateStack")


def test_a_network_stack_that_is_up_to_date_is_success_and_keeps_its_endpoints() -> None:
    """An export that the forwarder imports cannot change."""
    heard: list[str] = []
    client = Cloudformation()
    deploy_network(client, "s-network", {"VpcId": "vpc-1"}, heard.append)
    assert heard == ["s-network is up to date"]
    assert client.updates[0]["Parameters"] == [
        {"ParameterKey": "SqsEndpoint", "ParameterValue": "on"},
        {"ParameterKey": "VpcId", "ParameterValue": "vpc-1"},
    ]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose `sam` is a script."""
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    return tmp_path


def sam(project: Path, *lines: str) -> None:
    """Writes the script."""
    program = project / ".venv" / "bin" / "sam"
    program.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
    program.chmod(0o755)


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (["echo 'Successfully created/updated stack - s in eu'"], ""),
        (["echo 'Error: No changes to deploy. Stack s is up to date' >&2", "exit 1"], ""),
        (["echo 'Deploy this changeset? [y/N]: '"], "the change set was declined"),
        (["echo 'Error: Failed to create/update the stack'", "exit 1"], "failed with status 1"),
    ],
)
def test_sam_s_status_and_words_are_read_together(project: Path, lines: list[str], complaint: str) -> None:
    """Status 1 without changes is success, and status 0 without a deployment is not."""
    sam(project, *lines)
    if not complaint:
        deploy("prod", "s", root=project)
        return
    with pytest.raises(ToolError, match=complaint):
        deploy("prod", "s", root=project)
