"""The transformed template, for the parameters that a stack may be given."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from eks_log_forwarder.config.settings import MOVED_TO_OPTIONS, Settings
from eks_log_forwarder.errors import SettingsError
from eks_log_forwarder.intake.log_type import LogType
from tests.template.resolve import ROOT, Json, resolved, source, transformed
from tests.template.test_every_variant import of_type

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
DELIVERY = {"ReadTheDestinationSecret": ({"secretsmanager:GetSecretValue"}, SECRET), **NETWORK}
STATEMENTS: dict[str, dict[str, tuple[set[str], Resources]]] = {
    "ForwardRole": {
        "WriteItsOwnLog": (LOG, "{ForwardLogGroup.Arn}"),
        "ParkUndeliveredEvents": ({"sqs:SendMessage"}, "{UndeliveredQueue.Arn}"),
        **DELIVERY,
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
        **DELIVERY,
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
    """What a role allows, in its own policies and in the attached one, by the statements' names."""
    properties = properties_of(role, **parameters)
    documents = [policy["PolicyDocument"] for policy in properties["Policies"]]
    documents += [
        properties_of(attached.strip("{}"), **parameters)["PolicyDocument"]
        for attached in properties.get("ManagedPolicyArns", [])
    ]
    found: dict[str, tuple[set[str], Resources]] = {}
    for document in documents:
        for statement in document["Statement"]:
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
        "Ipv6AllowedForDualStack": "false",
    }
    assert "VpcConfig" not in properties_of(function)


@pytest.mark.parametrize("role", STATEMENTS)
def test_only_lambda_assumes_a_role(role: str) -> None:
    """One trust statement, and the one managed policy is in this stack."""
    properties = properties_of(role, **FULL)
    assert properties["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Sid": "LambdaRunsTheFunction",
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ]
    assert properties.keys() == {"Description", "AssumeRolePolicyDocument", "Policies", "ManagedPolicyArns"}
    assert properties["ManagedPolicyArns"] == ["{DeliveryPolicy}"]


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


@pytest.mark.parametrize("role", STATEMENTS)
@pytest.mark.parametrize("destination", ["xplg", "http", "splunk_hec", "elasticsearch", "loki", "otlp"])
def test_only_elasticsearch_may_sign_for_amazon_opensearch(role: str, destination: str) -> None:
    """One action on the domains, and one on the collections, of this account and region."""
    found = statements_of(role, Destination=destination)
    rights = {name: found[name] for name in found if name.startswith("WriteToOpenSearch")}
    ours = "us-east-1:111122223333"
    assert rights == (
        {
            "WriteToOpenSearchDomains": ({"es:ESHttpPost"}, f"arn:aws:es:{ours}:domain/*"),
            "WriteToOpenSearchCollections": ({"aoss:APIAccessAll"}, f"arn:aws:aoss:{ours}:collection/*"),
        }
        if destination == "elasticsearch"
        else {}
    )


def test_sam_adds_no_role_and_no_policy() -> None:
    """Every function names its own role."""
    functions = resources_of_type("AWS::Lambda::Function")
    stems = FUNCTIONS | {"NotifyFunction": "Notify"}
    assert {name: function["Role"] for name, function in functions.items()} == {
        name: f"{{{stem}Role.Arn}}" for name, stem in stems.items()
    }
    assert resources_of_type("AWS::IAM::Role", **FULL).keys() == {f"{stem}Role" for stem in stems.values()}
    assert resources_of_type("AWS::IAM::ManagedPolicy", **FULL).keys() == {"DeliveryPolicy"}
    assert resources_of_type("AWS::IAM::ManagedPolicy") == {}
    for kind in ("Policy", "RolePolicy"):
        assert resources_of_type(f"AWS::IAM::{kind}", **FULL) == {}


@pytest.mark.parametrize(("function", "stem"), FUNCTIONS.items())
def test_a_function_writes_to_a_log_group_that_the_stack_owns(function: str, stem: str) -> None:
    """With the retention that was asked for, and gone with the stack."""
    assert properties_of(function)["LoggingConfig"] == {"LogGroup": f"{{{stem}LogGroup}}"}
    assert properties_of(f"{stem}LogGroup", Environment="prod") == {
        "LogGroupName": f"/aws/lambda/eks-logs-{stem.lower()}",
        "RetentionInDays": 90,
    }
    assert properties_of(function)["FunctionName"] == f"eks-logs-{stem.lower()}"


def test_the_clusters_log_group_is_subscribed() -> None:
    """With the filter pattern that was given, and CloudWatch Logs of this account alone may call."""
    subscriptions = resources_of_type(
        "AWS::Logs::SubscriptionFilter", ClusterName="prod-1", FilterPattern="delete"
    )
    assert subscriptions["ForwardFunctionControlPlaneLogs"] == {
        "LogGroupName": "/aws/eks/prod-1/cluster",
        "FilterPattern": "delete",
        "DestinationArn": "{ForwardFunction.Arn}",
    }
    permissions = resources_of_type("AWS::Lambda::Permission", ClusterName="prod-1")
    assert permissions["ForwardFunctionControlPlaneLogsPermission"] == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": "{ForwardFunction}",
        "Principal": "logs.amazonaws.com",
        "SourceArn": "arn:aws:logs:us-east-1:111122223333:log-group:/aws/eks/prod-1/cluster:*",
    }


def test_every_line_is_forwarded_unless_a_pattern_is_given() -> None:
    """An empty filter pattern matches all (CloudWatch Logs user guide, "Filter pattern syntax")."""
    subscriptions = resources_of_type("AWS::Logs::SubscriptionFilter")
    assert subscriptions["ForwardFunctionControlPlaneLogs"]["FilterPattern"] == ""


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("environment", "processor", "log_level"),
    [("dev", "x86_64", "DEBUG"), ("staging", "arm64", "INFO"), ("prod", "arm64", "INFO")],
)
def test_a_function_runs_as_its_environment_says(
    environment: str, processor: str, log_level: str, function: str
) -> None:
    """Processor, memory and log level come from the table; Python is that of .python-version."""
    properties = properties_of(function, Environment=environment)
    assert properties["Architectures"] == [processor]
    assert (properties["Runtime"], properties["MemorySize"]) == ("python3.13", 512)
    assert properties["Environment"]["Variables"]["POWERTOOLS_LOG_LEVEL"] == log_level
    assert properties["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == "eks-logs"
    assert {"Key": "environment", "Value": environment} in properties["Tags"]
    assert properties["Timeout"] == {"ForwardFunction": 60, "RedriveFunction": 120}[function]


def test_the_table_has_the_same_rows_for_every_environment() -> None:
    """And a column for each value of Environment; a value that becomes a variable is text."""
    columns = source()["Mappings"]["Environment"]
    assert list(columns) == parameters()["Environment"]["AllowedValues"]
    rows = [list(column) for column in columns.values()]
    assert rows == [rows[0]] * 3
    for column in columns.values():
        assert all(isinstance(column[row], str) for row in ("LogLevel", "SilenceMinutes", "DualStack"))
    assert [int(column["SilenceMinutes"]) for column in columns.values()] == [0, 30, 15]


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
    """And no other, so that every parameter has an effect; Powertools and the SDK read their own.

    `DISABLED_DETECTIONS=all` does what `DETECTIONS=off` does; the other two are options of the destination.
    """
    variables = properties_of(function, **FULL)["Environment"]["Variables"]
    environ = Recorded({name: str(value) for name, value in variables.items()})
    settings = Settings.from_environ(environ)
    ours = {name for name in variables if not name.startswith(("POWERTOOLS_", "AWS_"))}
    assert environ.asked_for - ours == {"DETECTIONS", *MOVED_TO_OPTIONS}
    assert ours - environ.asked_for == set()
    assert settings.destination_secret_arn == SECRET


def test_the_template_s_defaults_are_the_functions_defaults() -> None:
    """A stack with no parameters behaves as the code says."""
    variables = properties_of("ForwardFunction")["Environment"]["Variables"]
    queues = {"UNDELIVERED_QUEUE_URL": "", "DEAD_LETTER_QUEUE_URL": ""}
    environ = {name: str(value) for name, value in variables.items()} | queues
    bare = Settings.from_environ({"DESTINATION_URL": variables["DESTINATION_URL"]})
    assert Settings.from_environ(environ) == bare


def parameters() -> dict[str, Json]:
    """The parameters as they are written."""
    found: dict[str, Json] = source()["Parameters"]
    return found


def test_a_deploy_asks_little() -> None:
    """At most 20 questions, of which two have no default; and the template stays readable."""
    assert len(parameters()) <= 20
    required = [name for name, parameter in parameters().items() if "Default" not in parameter]
    assert required == ["ClusterName", "DestinationUrl"]
    assert len((ROOT / "template.yaml").read_text(encoding="utf-8").splitlines()) <= 1700


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
            ["https://h:30443/logeye/api/logger.jsp", "http://10.0.0.7/?x=1", "https://h/token/keys"],
            ["", "h:30443", "ftp://h/", "https://u:p@h/", "https://h/?a=b@c", "https://h/ x", "https://h/#a"],
        ),
        (
            "DestinationSecretArn",
            ["", SECRET, SECRET.replace("arn:aws:", "arn:aws-cn:")],
            ["xplg-token", f"{SECRET}*", "arn:aws:iam::111122223333:role/x", "s3cr3t"],
        ),
        ("DestinationOptions", ["", "{}", '{"index":"main"}'], ["index=main", "[]", "{"]),
        ("DisabledDetections", ["", "all", "a_rule,00000000-0000-4000-8000-000000000000"], ["a b", "a;b"]),
        ("NetworkStack", ["", "eks-logs-network"], ["1st", "a_b", "a b"]),
        ("AlarmEmail", ["", "team@example.com"], ["team", "a b@c"]),
    ],
)
def test_a_pattern_accepts_good_values_and_nothing_else(name: str, good: list[str], bad: list[str]) -> None:
    """CloudFormation matches the whole value."""
    pattern = re.compile(parameters()[name]["AllowedPattern"])
    assert [text for text in good if not pattern.fullmatch(text)] == []
    assert [text for text in bad if pattern.fullmatch(text)] == []


CREDENTIALS = (
    "token=x TOKEN=x access_token=x accessToken=x dd-api-key=x apikey=x apiKey=x api.key=x key=x keys=x"
    " key1=x key_2=x writeKey=x licenseKey=x sharedAccessKey=x SharedAccessKeyName=x AWSAccessKeyId=x"
    " private_key=x ingest_key=x password=x passwd=x pass=x pwd=x passphrase=x secret=x client_secret=x"
    " credentials=x X-Amz-Signature=x signature=x sig=x SIG=x sas=x sign=x hmac=x jwt=x bearer=x auth=x"
    " oauth=x x-auth=x authorization=x code=x a=1&token=x a=1;token=x a=1&amp;token=x a=1?token=x %74oken=x"
    " to%6Ben=x token%3Dx api%2Dkey=x token x_token"
)
HARMLESS = (
    "disable_message_parsing=1 pipeline=eks timeout=30 monkey=1 turkey=2 hockey=3 keyboard=us keystone=1"
    " a=token pipeline=key tokenizer=standard author=me authority=x signal=9 sigma=1 assign=1 design=2"
    " compass=n bypass=1 passthrough=1 filter_path=items.*.error refresh=false index=main&source=eks path=a/b"
    " country_code=de pattern=x op_type=create x=%5B1%5D filter%5Bx%5D=1"
)


@pytest.mark.parametrize("query", CREDENTIALS.split())
def test_a_url_with_credentials_in_its_query_is_refused(query: str) -> None:
    """They belong into the secret: whoever may describe the stack can read its parameters."""
    pattern = re.compile(parameters()["DestinationUrl"]["AllowedPattern"])
    assert not pattern.fullmatch(f"https://collector.example:8088/services/collector?{query}")


@pytest.mark.parametrize("query", HARMLESS.split())
def test_a_url_with_a_harmless_query_is_accepted(query: str) -> None:
    """Options of the collector, also those that contain a suspicious word."""
    pattern = re.compile(parameters()["DestinationUrl"]["AllowedPattern"])
    assert pattern.fullmatch(f"https://collector.example:8088/services/collector?{query}")


def test_log_types_accepts_every_log_type() -> None:
    """Alone and all together, but not the one of unknown streams, which is always forwarded."""
    pattern = re.compile(parameters()["LogTypes"]["AllowedPattern"])
    known = [log_type.value for log_type in LogType if log_type is not LogType.UNKNOWN]
    assert [text for text in (*known, ",".join(known)) if not pattern.fullmatch(text)] == []
    assert parameters()["LogTypes"]["Default"] == ",".join(sorted(known))
    assert not pattern.fullmatch("unknown")


def test_an_upgrade_keeps_what_holds_events() -> None:
    """Queues, functions, log groups and the subscription filter have the ids, types and names of 0.1.0.

    The fixture is the transformed template of 0.1.0, with the properties whose change replaces a resource.
    """
    fixture = Path(__file__).parent / "data" / "resources-0.1.0.json"
    before: dict[str, Json] = json.loads(fixture.read_text(encoding="utf-8"))
    after = resolved(OtherClusters="automatic")["Resources"]
    assert len(before) == 9
    replacing = {"QueueName", "FifoQueue", "FunctionName", "PackageType", "LogGroupName", "FilterName"}
    assert before == {
        name: {
            "Type": after[name]["Type"],
            "DeletionPolicy": after[name].get("DeletionPolicy"),
            "Properties": {
                key: value for key, value in after[name]["Properties"].items() if key in replacing
            },
        }
        for name in before
    }
    assert len(before.keys() & of_type("AWS::SQS::Queue", {"Resources": after}).keys()) == 2


@pytest.mark.parametrize("name", transformed()["Outputs"])
def test_an_output_says_what_to_do_with_it(name: str) -> None:
    """And has a value, in the smallest stack and in the largest."""
    output: dict[str, Any] = source()["Outputs"][name]
    assert len(output["Description"]) > 20
    for parameters_ in ({}, FULL):
        assert resolved(**parameters_)["Outputs"].get(name, output)["Value"]


def test_a_bad_value_is_refused_by_the_function_too() -> None:
    """What CloudFormation accepts, because a pattern cannot check it, is one clear error."""
    variables = properties_of("ForwardFunction", TrustedCidrs="10.0.0.300")["Environment"]["Variables"]
    with pytest.raises(SettingsError, match="TRUSTED_CIDRS"):
        Settings.from_environ({name: str(value) for name, value in variables.items()})
