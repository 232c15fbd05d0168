"""The steps of `make verify`, without an AWS: what each finding means."""

import base64
import gzip
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.response import StreamingBody
from rich.console import Console

from eks_log_forwarder.intake.log_stream import LogStream
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import decode_payload
from tests.stubbed_aws import Answer, StubbedAws
from tools.aws_reading import Reader
from tools.discover.findings import Finding, State, missing
from tools.reconcile.__main__ import main as reconcile
from tools.stack import Stack, StackError, read_stack
from tools.verify.__main__ import main as verify
from tools.verify.__main__ import verify as run_steps
from tools.verify.canary import canary_event, canary_type, invoke
from tools.verify.function_steps import canary_steps, start_step
from tools.verify.target import Target
from tools.verify.watching_steps import age_step, alarm_step, alert_step, last_event_step, queue_steps

NOW = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)
FUNCTION = "arn:aws:lambda:eu-central-1:111122223333:function:forwarder-forward"
SECRET = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:xplg-AbCdEf"
TOPIC = "arn:aws:sns:eu-central-1:111122223333:alarms"
VARIABLES = {
    "DESTINATION": "xplg",
    "DESTINATION_URL": "https://10.0.3.20:30443/logeye/api/logger.jsp",
    "DESTINATION_SECRET_ARN": SECRET,
    "LOG_TYPES": "api,audit",
}
DESCRIBED: Answer = ("describe_secret", {"ARN": SECRET, "Name": "xplg"})


def target(aws: StubbedAws, environment: str = "prod", **variables: str) -> Target:
    """A stack of a cluster `prod`."""
    outputs = {
        "UndeliveredQueueUrl": "https://sqs/q",
        "DeadLetterQueueUrl": "https://sqs/d",
        "ForwardLogGroupName": "/aws/lambda/forwarder-forward",
    }
    stack = Stack(
        "forwarder",
        FUNCTION,
        TOPIC,
        frozenset(),
        "/aws/eks/prod/cluster",
        outputs,
        {"Environment": environment},
    )
    return Target(Reader(aws.client), stack, VARIABLES | variables, NOW)


def answered(body: dict[str, Any], summary: dict[str, Any] | None = None, *, failed: bool = False) -> Answer:
    """The answer of Invoke, with the end of the log."""
    text = json.dumps(body).encode()
    log = "START\n" + json.dumps({"message": "summary"} | (summary or {}), separators=(",", ":")) + "\nEND\n"
    response = {
        "StatusCode": 200,
        "Payload": StreamingBody(io.BytesIO(text), len(text)),
        "LogResult": base64.b64encode(log.encode()).decode(),
    }
    return "invoke", response | ({"FunctionError": "Unhandled"} if failed else {})


def parked(reason: str, **more: Any) -> Answer:  # noqa: ANN401  # any JSON
    """The answer for a canary that was parked for this reason."""
    counts = {"received": 1, "delivered": 0, "filtered": 0, "parked": 1}
    return answered({"status": "PARKED", **counts, "reasons": {reason: 1}} | more)


def found(
    step: Callable[[Target], Iterator[Finding]],
    environment: str = "prod",
    **answers: Any,  # noqa: ANN401
) -> dict[str, tuple[State, str, str]]:
    """What a step finds: its state, text and command by name."""
    variables = answers.pop("variables", {})
    with StubbedAws(**answers) as aws:
        findings = list(step(target(aws, environment, **variables)))
        aws.assert_all_was_asked()
    return {one.what: (one.state, one.found, one.command) for one in findings}


@pytest.mark.parametrize(
    ("log_types", "expected"),
    [
        ("api,audit", LogType.API),
        ("audit,scheduler", LogType.SCHEDULER),
        ("audit,controllerManager,scheduler", LogType.CONTROLLER_MANAGER),
        ("audit", LogType.UNKNOWN),
    ],
)
def test_the_canary_is_a_klog_line_of_a_type_that_is_forwarded(log_types: str, expected: LogType) -> None:
    """Never an audit line, which would end the silence of a cluster; of the stack's own cluster."""
    with StubbedAws() as aws:
        payload = decode_payload(json.loads(canary_event(target(aws, LOG_TYPES=log_types))))
    stream = LogStream.of(payload)
    assert (stream.cluster, stream.log_type) == ("prod", expected)
    assert canary_type(frozenset(log_types.split(","))) == expected
    (event,) = payload.logEvents
    assert event.message.startswith('I0201 12:00:00.000000       1 canary.go:1] "eks-log-forwarder canary"')


def test_the_function_is_invoked_once_with_the_end_of_its_log() -> None:
    """Synchronously, so that Lambda does not repeat a failure."""
    sent: list[dict[str, Any]] = []
    with StubbedAws(lambda_=[parked("http_503")]) as aws:
        aws.client("lambda").meta.events.register(
            "provide-client-params.lambda.Invoke", lambda params, **_: sent.append(params)
        )
        of = target(aws)
        invoke(of, canary_event(of))
    ((kind, log_type),) = [(one["InvocationType"], one["LogType"]) for one in sent]
    assert (kind, log_type) == ("RequestResponse", "Tail")
    data = json.loads(sent[0]["Payload"])["awslogs"]["data"]
    assert b"canary" in gzip.decompress(base64.b64decode(data))


def test_a_delivered_canary_proves_the_secret_too() -> None:
    """The collector's host is named, and no token."""
    delivered = answered({"status": "OK", "received": 1, "delivered": 1, "filtered": 0, "parked": 0})
    steps = found(canary_steps, lambda_=[delivered], secretsmanager=[DESCRIBED])
    assert steps["secret"][:2] == (State.OK, "the function reads xplg")
    assert steps["canary"][0] is State.OK
    assert "xplg at 10.0.3.20:30443 took it in" in steps["canary"][1]


@pytest.mark.parametrize(
    ("reason", "words", "command"),
    [
        ("http_401", "parked, http_401: the collector does not accept the token", "put-secret-value"),
        ("connection_timeout", "parked, connection_timeout: ", "make discover CLUSTER=prod"),
        ("http_404", "parked, http_404: the collector answered 404", "aws logs tail"),
        ("circuit_open", "verify again in a minute", "make verify STACK=forwarder"),
    ],
)
def test_a_parked_canary_says_why_and_what_to_type(reason: str, words: str, command: str) -> None:
    """One reason each."""
    steps = found(canary_steps, lambda_=[parked(reason)], secretsmanager=[DESCRIBED])
    state, text, typed = steps["canary"]
    assert (state, words in text, command in typed) == (State.MISSING, True, True)


def test_without_a_secret_the_reason_is_the_missing_secret() -> None:
    """For a collector that needs a token; Loki needs none."""
    steps = found(canary_steps, lambda_=[parked("http_401")], variables={"DESTINATION_SECRET_ARN": ""})
    assert "parked, http_401: no secret is set" in steps["canary"][1]
    assert (steps["secret"][0], "create-secret" in steps["secret"][2]) == (State.MISSING, True)
    variables = {"DESTINATION_SECRET_ARN": "", "DESTINATION": "loki"}
    steps = found(canary_steps, lambda_=[parked("http_503")], variables=variables)
    assert steps["secret"][0] is State.OK


def test_a_refused_signature_leads_to_the_policies_and_not_to_a_token() -> None:
    """With the role that they have to allow."""
    variables = {
        "DESTINATION_SECRET_ARN": "",
        "DESTINATION": "elasticsearch",
        "DESTINATION_OPTIONS": '{"auth":"sigv4"}',
    }
    steps = found(canary_steps, lambda_=[parked("http_403")], variables=variables)
    assert steps["secret"][:2] == (State.OK, "none is set; the function's role signs")
    assert (
        "it does not allow the function's role: see docs/destinations/amazon-opensearch.md"
        in (steps["canary"][1])
    )
    assert "secret" not in steps["canary"][2]


def test_reasons_are_read_from_the_summary_of_a_function_that_does_not_answer_them() -> None:
    """An older version answers counts only; the details always come from there."""
    body = {"status": "OK", "received": 1, "delivered": 0, "filtered": 0, "parked": 1}
    summary = {"reasons": {"secret_unreadable": 1}, "details": ["AccessDenied"]}
    steps = found(canary_steps, lambda_=[answered(body, summary)], secretsmanager=[DESCRIBED])
    assert steps["secret"][:2] == (State.MISSING, "AccessDenied")
    assert "parked, secret_unreadable: " in steps["canary"][1]


def test_a_function_that_fails_is_named_by_its_error() -> None:
    """With the command that shows its log."""
    body = {"errorType": "SettingsError", "errorMessage": "MAX_BATCH_EVENTS is not a number"}
    steps = found(start_step, lambda_=[answered(body, failed=True)])
    assert steps["function"] == (
        State.MISSING,
        "it fails: SettingsError: MAX_BATCH_EVENTS is not a number",
        "aws logs tail /aws/lambda/forwarder-forward --since 10m",
    )
    steps = found(start_step, lambda_=[("invoke", "TooManyRequestsException")])
    assert "Lambda throttles the function" in steps["function"][1]


def test_a_refused_right_is_unknown_and_not_right() -> None:
    """Each step names the right as IAM does."""
    steps = found(start_step, lambda_=[("invoke", "AccessDeniedException")])
    assert steps["function"][:2] == (State.UNKNOWN, "not read: lambda:InvokeFunction was refused")
    steps = found(queue_steps, sqs=[("get_queue_attributes", "AccessDenied")] * 2)
    assert {state for state, _, _ in steps.values()} == {State.UNKNOWN}
    steps = found(alert_step, sns=[("publish", "AuthorizationError")])
    assert steps["test alert"][1] == "not read: sns:Publish was refused"
    steps = found(last_event_step, cloudwatch=[("get_metric_data", "AccessDenied")])
    assert steps["last real event"][1] == "not read: cloudwatch:GetMetricData was refused"


def counts(*numbers: str) -> Answer:
    """The answer of GetQueueAttributes: visible, in flight, delayed."""
    names = ("", "NotVisible", "Delayed")
    attributes = {f"ApproximateNumberOfMessages{name}": n for name, n in zip(names, numbers, strict=True)}
    return "get_queue_attributes", {"Attributes": attributes | {"MessageRetentionPeriod": "1209600"}}


def test_a_message_in_flight_counts_as_waiting() -> None:
    """A message that backs off cannot be seen."""
    steps = found(queue_steps, sqs=[counts("1", "2", "3"), counts("0", "0", "0")])
    assert steps["undelivered events"][:2] == (
        State.MISSING,
        "6 messages wait for the collector: docs/runbooks/collector-down.md",
    )
    assert steps["dead letters"][:2] == (State.OK, "the queue is empty")


@pytest.mark.parametrize(
    ("arns", "environment", "state"),
    [
        ([], "prod", State.MISSING),
        ([], "dev", State.ADVICE),
        (["PendingConfirmation"], "prod", State.MISSING),
        (["PendingConfirmation", f"{TOPIC}:1"], "prod", State.ADVICE),
        ([f"{TOPIC}:1"], "prod", State.OK),
    ],
)
def test_a_subscription_counts_once_it_is_confirmed(arns: list[str], environment: str, state: State) -> None:
    """In dev, alarms need no subscriber."""
    listed = [
        {"SubscriptionArn": arn, "Endpoint": "on-call@example.com", "Protocol": "email"} for arn in arns
    ]
    answer = ("list_subscriptions_by_topic", {"Subscriptions": listed})
    steps = found(alarm_step, environment, sns=[answer])
    assert steps["alarms"][0] is state
    if "PendingConfirmation" in arns:
        assert "on-call@example.com has not confirmed" in steps["alarms"][1]


def metric_data(received_minutes_ago: int | None, incoming_minutes_ago: int | None) -> Answer:
    """Values of the first real log type and of the log group; canaries of type api are not asked for."""
    minutes = {"m0": received_minutes_ago, f"m{len(LogType) - 1}": incoming_minutes_ago}
    results = [
        {"Id": name, "Timestamps": [NOW - timedelta(minutes=ago)], "Values": [5.0]}
        for name, ago in minutes.items()
        if ago is not None
    ]
    return "get_metric_data", {"MetricDataResults": results}


@pytest.mark.parametrize(
    ("received", "incoming", "state", "words"),
    [
        (10, 10, State.OK, "audit, at most 10 min ago"),
        (125, 120, State.OK, "audit, 2 h 5 min ago"),
        (None, None, State.ADVICE, "none in 24 hours, and CloudWatch Logs took in none either"),
        (None, 5, State.MISSING, "none in 24 hours, although"),
        (60, 5, State.MISSING, "1 h 0 min ago, but CloudWatch Logs took in events at most 5 min ago"),
    ],
)
def test_the_last_real_event_is_compared_with_what_cloudwatch_took_in(
    received: int | None, incoming: int | None, state: State, words: str
) -> None:
    """A quiet cluster is a warning, a silent filter is not."""
    steps = found(last_event_step, cloudwatch=[metric_data(received, incoming)])
    assert steps["last real event"][0] is state
    assert words in steps["last real event"][1]


@pytest.mark.parametrize(
    ("destination", "state", "words"),
    [
        ("xplg", State.OK, "14 days"),
        ("loki", State.ADVICE, "for 14 days, but loki rejects events older than 7 days"),
        ("otlp", State.ADVICE, "see that what is behind otlp stores events of that age"),
    ],
)
def test_a_collector_that_takes_no_old_events_is_a_warning(
    destination: str, state: State, words: str
) -> None:
    """With both numbers where they are known."""
    steps = found(age_step, sqs=[counts("0", "0", "0")], variables={"DESTINATION": destination})
    assert (steps["age of events"][0], words in steps["age of events"][1]) == (state, True)


def test_a_stack_that_does_not_exist_is_one_sentence_with_the_region() -> None:
    """The text of CloudFormation's error names neither region nor command."""
    with StubbedAws(cloudformation=[]) as aws:
        aws.stubbers["cloudformation"].add_client_error(
            "describe_stacks", "ValidationError", "Stack with id nowhere does not exist"
        )
        with pytest.raises(StackError, match="there is no stack nowhere in eu-central-1"):
            read_stack(Reader(aws.client), "nowhere")
        with pytest.raises(StackError, match="Give STACK=name"):
            read_stack(Reader(aws.client), "")


def test_unread_variables_are_no_claim_about_the_secret() -> None:
    """The canary proves the path, but not what the function is set to."""
    delivered = answered({"status": "OK", "received": 1, "delivered": 1, "filtered": 0, "parked": 0})
    with StubbedAws(lambda_=[delivered]) as aws:
        of = target(aws)
        unread = Target(of.reader, of.stack, {}, NOW)
        steps = {one.what: one.found for one in (*canary_steps(unread), *age_step(unread))}
    assert (
        steps["secret"] == steps["age of events"] == "not read: lambda:GetFunctionConfiguration was refused"
    )


def test_a_deleted_topic_is_wrong_and_the_other_steps_run(capsys: pytest.CaptureFixture[str]) -> None:
    """One step cannot stop the others."""
    with StubbedAws(sns=[("list_subscriptions_by_topic", "NotFound")], sqs=[counts("0", "0", "0")]) as aws:
        steps = (("alarm topic", alarm_step), ("ages", age_step))
        found = run_steps(target(aws), steps, Console(width=80))
    assert [(one.what, one.state) for one in found] == [
        ("alarm topic", State.MISSING),
        ("age of events", State.OK),
    ]
    assert "aws cloudformation detect-stack-drift --stack-name forwarder" in capsys.readouterr().out


@pytest.mark.parametrize("tool", [verify, reconcile])
def test_without_credentials_or_a_region_it_is_one_sentence(
    tool: Callable[[list[str]], int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit status 2, and what to do."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert tool(["--stack", "forwarder"]) == 2
    assert "no region is set: give --region, or set AWS_DEFAULT_REGION" in capsys.readouterr().err
    assert tool(["--stack", "forwarder", "--region", "eu-central-1"]) == 2
    assert "Unable to locate credentials (see that `aws sts get-caller-identity` works)" in (
        capsys.readouterr().err
    )


def test_a_line_fits_80_columns_and_its_command_can_be_copied(capsys: pytest.CaptureFixture[str]) -> None:
    """Long text wraps within its column; the command stays on one line and names the region."""
    console = Console(width=80, highlight=False)
    command = (
        "aws logs tail /aws/lambda/a-stack-with-a-long-name-forward --since 10m --filter-pattern WARNING"
    )
    found = missing("undelivered events", "3 messages wait for the collector: " + "x" * 60, command)
    with StubbedAws() as aws:
        assert run_steps(target(aws), [("looking", lambda _: iter([found]))], console) == [found]
    *lines, typed = capsys.readouterr().out.splitlines()
    assert lines[0].split() == [
        "WRONG",
        "undelivered",
        "events",
        "3",
        "messages",
        "wait",
        "for",
        "the",
        "collector:",
    ]
    assert "".join(lines[1:]).replace(" ", "") == "x" * 60
    assert max(map(len, lines)) <= 80
    assert typed == f"        {command} --region eu-central-1"
