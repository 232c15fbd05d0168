"""The transformed template, for the parameters that a stack may be given."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from eks_log_forwarder.config.settings import MOVED_TO_OPTIONS, Settings
from eks_log_forwarder.errors import SettingsError
from tests.template.resolve import Json, resolved, source, transformed

type Resources = str | list[str]

SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:xplg-token-AbCdEf"
IN_VPC = {"SubnetIds": "subnet-1,subnet-2", "SecurityGroupIds": "sg-1"}
FULL = {**IN_VPC, "DestinationSecretArn": SECRET}
FUNCTIONS = {"ForwardFunction": "Forward", "RedriveFunction": "Redrive"}

ACCOUNT = "arn:aws:ec2:us-east-1:111122223333"
# what lets Lambda attach a function to the subnets of IN_VPC
NETWORK: dict[str, tuple[set[str], Resources]] = {
    "SeeTheNetwork": ({"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"}, "*"),
    "CreateNetworkInterfaces": (
        {"ec2:CreateNetworkInterface"},
        [
            f"{ACCOUNT}:network-interface/*",
            f"{ACCOUNT}:security-group/*",
            "arn:*:ec2:*:*:subnet/subnet-1",
            "arn:*:ec2:*:*:subnet/subnet-2",
        ],
    ),
    "ManageNetworkInterfaces": (
        {"ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"},
        f"{ACCOUNT}:*/*",
    ),
}
LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}
# role -> statement -> what it allows, on what
STATEMENTS: dict[str, dict[str, tuple[set[str], Resources]]] = {
    "ForwardRole": {
        "WriteItsOwnLog": (LOG, "{ForwardLogGroup.Arn}"),
        "ParkUndeliveredEvents": ({"sqs:SendMessage"}, "{UndeliveredQueue.Arn}"),
        "ReadTheDestinationSecret": ({"secretsmanager:GetSecretValue"}, SECRET),
        **NETWORK,
    },
    "RedriveRole": {
        "WriteItsOwnLog": (LOG, "{RedriveLogGroup.Arn}"),
        "TakeParkedMessages": (
            {
                "sqs:ReceiveMessage",
                "sqs:DeleteMessage",
                "sqs:ChangeMessageVisibility",
                "sqs:GetQueueAttributes",
            },
            "{UndeliveredQueue.Arn}",
        ),
        "BuryRejectedEvents": ({"sqs:SendMessage"}, "{DeadLetterQueue.Arn}"),
        "ReadTheDestinationSecret": ({"secretsmanager:GetSecretValue"}, SECRET),
        **NETWORK,
    },
}


def properties_of(name: str, **parameters: str) -> Json:
    """The properties of one resource."""
    properties: Json = resolved(**parameters)["Resources"][name]["Properties"]
    return properties


def resources_of_type(kind: str, **parameters: str) -> dict[str, Json]:
    """The properties of all resources of a type."""
    resources = resolved(**parameters)["Resources"]
    return {name: item["Properties"] for name, item in resources.items() if item["Type"] == kind}


def statements_of(role: str, **parameters: str) -> dict[str, tuple[set[str], Resources]]:
    """What a role allows, by the statements' names; the condition on a key is tested apart."""
    found: dict[str, tuple[set[str], Resources]] = {}
    for policy in properties_of(role, **parameters)["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Allow":
                assert statement.keys() - {"Condition"} == {"Sid", "Effect", "Action", "Resource"}
                assert statement["Sid"] not in found
                found[statement["Sid"]] = (as_set(statement["Action"]), statement["Resource"])
    return found


def as_set(one_or_many: str | list[str]) -> set[str]:
    """What IAM takes as one text or as several."""
    return {one_or_many} if isinstance(one_or_many, str) else set(one_or_many)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_in_a_vpc_when_subnets_are_given(function: str) -> None:
    """With all the subnets and security groups; without them there is no VpcConfig at all."""
    assert properties_of(function, **IN_VPC)["VpcConfig"] == {
        "SubnetIds": ["subnet-1", "subnet-2"],
        "SecurityGroupIds": ["sg-1"],
        "Ipv6AllowedForDualStack": False,
    }
    assert "VpcConfig" not in properties_of(function)


@pytest.mark.parametrize("role", STATEMENTS)
def test_a_role_is_for_lambda_and_nobody_else(role: str) -> None:
    """One trust statement, and no policy that AWS or another stack could change."""
    properties = properties_of(role, **FULL)
    assert properties["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Sid": "LambdaRunsTheFunction",
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ]
    assert properties.keys() == {"Description", "AssumeRolePolicyDocument", "Policies"}


@pytest.mark.parametrize("role", STATEMENTS)
@pytest.mark.parametrize(
    ("parameters", "without"),
    [
        (FULL, set()),
        (IN_VPC, {"ReadTheDestinationSecret"}),
        ({"DestinationSecretArn": SECRET}, set(NETWORK)),
        ({}, {"ReadTheDestinationSecret", *NETWORK}),
    ],
    ids=["full", "no secret", "no vpc", "plain"],
)
def test_a_role_allows_what_the_stack_needs_and_no_more(
    role: str, parameters: dict[str, str], without: set[str]
) -> None:
    """One statement a purpose; those for a VPC and a secret only where there is one."""
    wanted = {name: rights for name, rights in STATEMENTS[role].items() if name not in without}
    assert statements_of(role, **parameters) == wanted


def test_sam_adds_no_role_and_no_policy() -> None:
    """Every function names its own role."""
    functions = resources_of_type("AWS::Lambda::Function")
    assert {name: function["Role"] for name, function in functions.items()} == {
        name: f"{{{stem}Role.Arn}}" for name, stem in FUNCTIONS.items()
    }
    assert resources_of_type("AWS::IAM::Role", **FULL).keys() == {f"{s}Role" for s in FUNCTIONS.values()}
    for kind in ("Policy", "ManagedPolicy", "RolePolicy"):
        assert resources_of_type(f"AWS::IAM::{kind}", **FULL) == {}


@pytest.mark.parametrize(("function", "stem"), FUNCTIONS.items())
def test_a_function_writes_to_a_log_group_that_the_stack_owns(function: str, stem: str) -> None:
    """With the retention that was asked for, and gone with the stack."""
    assert properties_of(function)["LoggingConfig"] == {"LogGroup": f"{{{stem}LogGroup}}"}
    assert properties_of(f"{stem}LogGroup", LogRetentionDays="90") == {
        "LogGroupName": f"/aws/lambda/eks-logs-{stem.lower()}",
        "RetentionInDays": "90",
    }
    assert properties_of(function)["FunctionName"] == f"eks-logs-{stem.lower()}"


def test_the_clusters_log_group_is_subscribed() -> None:
    """With the filter pattern that was given, and CloudWatch Logs of this account alone may call."""
    ((_, subscription),) = resources_of_type(
        "AWS::Logs::SubscriptionFilter", ClusterName="prod-1", FilterPattern="delete"
    ).items()
    assert subscription == {
        "LogGroupName": "/aws/eks/prod-1/cluster",
        "FilterPattern": "delete",
        "DestinationArn": "{ForwardFunction.Arn}",
    }
    ((_, permission),) = resources_of_type("AWS::Lambda::Permission", ClusterName="prod-1").items()
    assert permission == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": "{ForwardFunction}",
        "Principal": "logs.amazonaws.com",
        "SourceArn": "arn:aws:logs:us-east-1:111122223333:log-group:/aws/eks/prod-1/cluster:*",
    }


def test_every_line_is_forwarded_unless_a_pattern_is_given() -> None:
    """An empty filter pattern matches all (CloudWatch Logs user guide, "Filter pattern syntax")."""
    ((_, subscription),) = resources_of_type("AWS::Logs::SubscriptionFilter").items()
    assert subscription["FilterPattern"] == ""


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_runs_as_the_parameters_say(function: str) -> None:
    """Processor, memory, log level, environment; Python as .python-version has it."""
    asked = {"Architecture": "arm64", "MemorySize": "1024", "LogLevel": "DEBUG", "Environment": "prod"}
    properties = properties_of(function, **asked)
    assert properties["Architectures"] == ["arm64"]
    assert (properties["Runtime"], properties["MemorySize"]) == ("python3.13", "1024")
    assert properties["Environment"]["Variables"]["POWERTOOLS_LOG_LEVEL"] == "DEBUG"
    assert properties["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == "eks-logs"
    assert {"Key": "environment", "Value": "prod"} in properties["Tags"]
    assert properties_of("ForwardFunction", Timeout="300")["Timeout"] == "300"


class Recorded(Mapping[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables = variables
        self.asked_for: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked_for.add(name)
        return self.variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.variables)

    def __len__(self) -> int:
        return len(self.variables)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_template_sets_every_variable_that_the_function_reads(function: str) -> None:
    """And no other, so that no parameter is without effect; Powertools reads its own."""
    variables = properties_of(function, **FULL)["Environment"]["Variables"]
    environ = Recorded({name: str(value) for name, value in variables.items()})
    settings = Settings.from_environ(environ)
    assert environ.asked_for - set(MOVED_TO_OPTIONS) == {
        name for name in variables if not name.startswith("POWERTOOLS_")
    }
    assert settings.destination_secret_arn == SECRET


def test_the_templates_defaults_are_the_functions_defaults() -> None:
    """So a stack with no parameters behaves as the code says."""
    variables = properties_of("ForwardFunction")["Environment"]["Variables"]
    queues = {"UNDELIVERED_QUEUE_URL": "", "DEAD_LETTER_QUEUE_URL": ""}
    environ = {name: str(value) for name, value in variables.items()} | queues
    bare = Settings.from_environ({"DESTINATION_URL": variables["DESTINATION_URL"]})
    assert Settings.from_environ(environ) == bare


def parameters() -> dict[str, Json]:
    """The parameters as they are written."""
    found: dict[str, Json] = source()["Parameters"]
    return found


@pytest.mark.parametrize("name", parameters())
def test_a_parameter_is_described_and_bounded(name: str) -> None:
    """In a sentence; text is bound by a pattern or by values, numbers by limits."""
    parameter = parameters()[name]
    assert re.fullmatch(r"[A-Z].{15,}[^.]\.", parameter["Description"], re.DOTALL)
    bounds = parameter.keys() & {"AllowedValues", "AllowedPattern", "MinValue", "MaxValue"}
    if parameter["Type"] == "Number":
        assert bounds >= {"MinValue", "MaxValue"} or bounds == {"AllowedValues"}
    if "AllowedPattern" in parameter:
        assert parameter["ConstraintDescription"]


def test_every_parameter_is_in_one_group() -> None:
    """`sam deploy --guided` and the console show them so."""
    groups = source()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    assert sorted(grouped) == sorted(parameters())
    assert all(group["Label"]["default"] for group in groups)


def test_every_parameter_has_an_effect() -> None:
    """It is named somewhere beside its own definition."""
    rest = {section: item for section, item in source().items() if section not in {"Parameters", "Metadata"}}
    text = repr(rest)
    unused = [name for name in parameters() if f"'Ref': '{name}'" not in text and f"${{{name}}}" not in text]
    assert unused == []


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("ClusterName", ["demo", "Prod-1_a"], ["", "-x", "a b", "a/b", "a" * 101]),
        (
            "DestinationUrl",
            ["https://h:30443/logeye/api/logger.jsp", "http://10.0.0.7/?x=1"],
            ["", "h:30443", "ftp://h/", "https://u:p@h/", "https://h/?a=b@c", "https://h/ x"],
        ),
        (
            "DestinationSecretArn",
            ["", SECRET, SECRET.replace("arn:aws:", "arn:aws-cn:")],
            ["xplg-token", f"{SECRET}*", "arn:aws:iam::111122223333:role/x", "s3cr3t"],
        ),
        ("Environment", ["dev", "prod-2"], ["", "Prod", "2x"]),
    ],
)
def test_a_pattern_takes_what_is_right_and_nothing_else(name: str, good: list[str], bad: list[str]) -> None:
    """CloudFormation matches the whole value."""
    pattern = re.compile(parameters()[name]["AllowedPattern"])
    assert [text for text in good if not pattern.fullmatch(text)] == []
    assert [text for text in bad if pattern.fullmatch(text)] == []


@pytest.mark.parametrize("name", transformed()["Outputs"])
def test_an_output_says_what_to_do_with_it(name: str) -> None:
    """And has a value, in the smallest stack and in the largest."""
    output: dict[str, Any] = source()["Outputs"][name]
    assert len(output["Description"]) > 20
    for parameters_ in ({}, FULL):
        assert resolved(**parameters_)["Outputs"].get(name, output)["Value"]


def test_the_smallest_and_the_largest_stack_resolve() -> None:
    """Nothing refers to what is not there: a resource of a condition that does not hold."""
    for parameters_ in ({}, FULL):
        stack = resolved(**parameters_)
        named = set(
            re.findall(r"\{([A-Za-z0-9]+)(?:\.[A-Za-z.]+)?\}", repr((stack["Resources"], stack["Outputs"])))
        )
        assert named <= stack["Resources"].keys()


def test_a_bad_value_is_refused_by_the_function_too() -> None:
    """What CloudFormation lets through for want of a pattern is one clear error."""
    variables = properties_of("ForwardFunction", MaxBatchBytes="0")["Environment"]["Variables"]
    with pytest.raises(SettingsError, match="MAX_BATCH_BYTES"):
        Settings.from_environ({name: str(value) for name, value in variables.items()})
