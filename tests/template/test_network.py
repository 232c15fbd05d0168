"""network.yaml, and how template.yaml uses a stack of it."""

import pytest

from tests.template.resolve import Json, resolved, resolved_network, source
from tests.template.test_every_variant import of_type, statements
from tests.template.variants import (
    AUTOMATIC,
    BY_CIDR,
    BY_GROUP,
    ENDPOINTS,
    GIVEN_GROUPS,
    INGRESS_BY_CIDR,
    INGRESS_BY_GROUP,
    LISTENER_GROUP,
    NETWORK_STACK,
    NETWORK_VARIANTS,
    SUBNETS,
    VARIANTS,
    VPC,
)

FUNCTIONS = ("ForwardFunction", "RedriveFunction")
HTTPS = (443, 443)
ENDPOINT_URLS = {"AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL_SECRETS_MANAGER"}


def rules_of(group: str, direction: str, **parameters: str) -> set[tuple[str, int, int, str]]:
    """A group's rules: protocol, ports, and source or destination."""
    properties = of_type("AWS::EC2::SecurityGroup", resolved_network(**parameters))[group]
    rules = properties.get(f"SecurityGroup{direction}", [])
    assert all(rule["Description"] for rule in rules)
    found = [
        (
            rule["IpProtocol"],
            int(rule.get("FromPort", -1)),
            int(rule.get("ToPort", -1)),
            next(value for name, value in rule.items() if "Cidr" in name or "SecurityGroupId" in name),
        )
        for rule in rules
    ]
    assert len(set(found)) == len(found)  # EC2 rejects duplicate rules
    return set(found)


@pytest.mark.parametrize("variant", NETWORK_VARIANTS)
def test_a_network_deploys_and_names_only_what_it_has(variant: str) -> None:
    """The rules accept it, and its three exports are never empty."""
    stack = resolved_network(**NETWORK_VARIANTS[variant])
    assert {name for name, holds in stack["Rules"].items() if not holds} == set()
    named = {
        word.split(".")[0]
        for text in repr(stack).split("{")[1:]
        if (word := text.split("}")[0]).isidentifier() or word.endswith(".Arn")
    }
    assert named <= stack["Resources"].keys()
    exports = {output["Export"]["Name"]: output["Value"] for output in stack["Outputs"].values()}
    assert exports.keys() == {"eks-logs-SecurityGroupIds", "eks-logs-SqsUrl", "eks-logs-SecretsManagerUrl"}
    assert all(exports.values())


@pytest.mark.parametrize(
    ("parameters", "egress"),
    [
        (BY_CIDR, {("tcp", 30443, 30443, "10.0.0.0/16"), ("tcp", *HTTPS, "0.0.0.0/0")}),
        (
            BY_CIDR | {"ListenerPort": "8088", "HttpsCidr": "10.0.9.0/24"},
            {("tcp", 8088, 8088, "10.0.0.0/16"), ("tcp", *HTTPS, "10.0.9.0/24")},
        ),
        (BY_GROUP, {("tcp", 30443, 30443, LISTENER_GROUP), ("tcp", *HTTPS, "0.0.0.0/0")}),
        (
            BY_CIDR | ENDPOINTS,
            {("tcp", 30443, 30443, "10.0.0.0/16"), ("tcp", *HTTPS, "{EndpointSecurityGroup}")},
        ),
        (
            BY_CIDR | SUBNETS | {"SqsEndpoint": "on"},
            {
                ("tcp", 30443, 30443, "10.0.0.0/16"),
                ("tcp", *HTTPS, "{EndpointSecurityGroup}"),
                ("tcp", *HTTPS, "0.0.0.0/0"),
            },
        ),
        (
            BY_CIDR | {"DualStack": "on"},
            {("tcp", 30443, 30443, "10.0.0.0/16"), ("tcp", *HTTPS, "0.0.0.0/0"), ("tcp", *HTTPS, "::/0")},
        ),
        # EC2 would reject two equal rules
        (BY_CIDR | {"ListenerPort": "443", "ListenerCidr": "0.0.0.0/0"}, {("tcp", *HTTPS, "0.0.0.0/0")}),
        (
            BY_CIDR | ENDPOINTS | {"ListenerPort": "443", "ListenerCidr": "0.0.0.0/0"},
            {("tcp", *HTTPS, "0.0.0.0/0"), ("tcp", *HTTPS, "{EndpointSecurityGroup}")},
        ),
    ],
    ids=[
        "network",
        "other ports",
        "group",
        "endpoints",
        "one endpoint",
        "dual stack",
        "on 443",
        "both on 443",
    ],
)
def test_the_functions_group_opens_the_listener_and_https_alone(
    parameters: dict[str, str], egress: set[tuple[str, int, int, str]]
) -> None:
    """And lets nothing in."""
    assert rules_of("FunctionSecurityGroup", "Egress", **parameters) == egress
    assert rules_of("FunctionSecurityGroup", "Ingress", **parameters) == set()


def test_endpoints_redirect_no_other_traffic() -> None:
    """Without private DNS only the functions use them, and only the functions' group may."""
    parameters = BY_CIDR | ENDPOINTS
    endpoints = of_type("AWS::EC2::VPCEndpoint", resolved_network(**parameters))
    assert {name: endpoint["ServiceName"] for name, endpoint in endpoints.items()} == {
        "SqsVpcEndpoint": "com.amazonaws.us-east-1.sqs",
        "SecretsManagerVpcEndpoint": "com.amazonaws.us-east-1.secretsmanager",
    }
    for endpoint in endpoints.values():
        assert (endpoint["VpcEndpointType"], endpoint["PrivateDnsEnabled"]) == ("Interface", False)
        assert endpoint["SecurityGroupIds"] == ["{EndpointSecurityGroup}"]
        assert endpoint["SubnetIds"] == ["subnet-1", "subnet-2"]
    nowhere = {("-1", -1, -1, "127.0.0.1/32")}
    assert rules_of("EndpointSecurityGroup", "Ingress", **parameters) == {
        ("tcp", *HTTPS, "{EndpointClientSecurityGroup}")
    }
    assert rules_of("EndpointSecurityGroup", "Egress", **parameters) == nowhere
    assert rules_of("EndpointClientSecurityGroup", "Egress", **parameters) == nowhere


def test_an_endpoint_carries_requests_of_this_account_alone() -> None:
    """To its queues and secrets; the roles of the functions name which."""
    endpoints = of_type("AWS::EC2::VPCEndpoint", resolved_network(**BY_CIDR, **ENDPOINTS))
    (queues,) = statements(endpoints["SqsVpcEndpoint"])
    (secret,) = statements(endpoints["SecretsManagerVpcEndpoint"])
    assert queues["Resource"] == "arn:aws:sqs:us-east-1:111122223333:*"
    assert secret["Action"] == "secretsmanager:GetSecretValue"
    assert secret["Resource"] == "arn:aws:secretsmanager:us-east-1:111122223333:secret:*"
    for one in (queues, secret):
        assert one["Condition"] == {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}
        assert "*" not in repr(one["Action"])


@pytest.mark.parametrize(
    ("parameters", "sqs", "secrets"),
    [
        (BY_CIDR, "|", "|"),
        (
            BY_CIDR | SUBNETS | {"SqsEndpoint": "on"},
            "https://SqsVpcEndpoint.vpce.example",
            "|",
        ),
        (
            BY_CIDR | ENDPOINTS,
            "https://SqsVpcEndpoint.vpce.example",
            "https://SecretsManagerVpcEndpoint.vpce.example",
        ),
    ],
    ids=["public", "SQS endpoint", "both endpoints"],
)
def test_it_exports_the_urls_that_the_functions_use(
    parameters: dict[str, str], sqs: str, secrets: str
) -> None:
    """The regional name of its endpoint; else a bar, which becomes an empty variable that the SDK ignores."""
    outputs = resolved_network(**parameters)["Outputs"]
    assert outputs["SqsUrl"]["Value"] == sqs
    assert outputs["SecretsManagerUrl"]["Value"] == secrets


@pytest.mark.parametrize(
    ("parameters", "groups"),
    [
        (BY_CIDR, "{FunctionSecurityGroup}"),
        (BY_CIDR | ENDPOINTS, "{FunctionSecurityGroup},{EndpointClientSecurityGroup}"),
    ],
)
def test_it_exports_the_functions_groups(parameters: dict[str, str], groups: str) -> None:
    """With endpoints, the group that may use them too."""
    assert resolved_network(**parameters)["Outputs"]["SecurityGroupIds"]["Value"] == groups


@pytest.mark.parametrize(
    ("parameters", "rule"),
    [
        (
            INGRESS_BY_GROUP,
            ("ListenerIngressFromFunctions", "SourceSecurityGroupId", "{FunctionSecurityGroup}"),
        ),
        (INGRESS_BY_CIDR, ("ListenerIngressFromCidr", "CidrIp", "10.0.1.0/24")),
    ],
)
def test_the_listener_lets_the_functions_in_if_asked(
    parameters: dict[str, str], rule: tuple[str, str, str]
) -> None:
    """By group or by network, on the listener's port."""
    ((name, properties),) = of_type("AWS::EC2::SecurityGroupIngress", resolved_network(**parameters)).items()
    resource, kind, allowed = rule
    assert (name, properties[kind], properties["GroupId"]) == (resource, allowed, LISTENER_GROUP)
    assert (properties["FromPort"], properties["ToPort"], properties["IpProtocol"]) == (
        "30443",
        "30443",
        "tcp",
    )
    assert of_type("AWS::EC2::SecurityGroupIngress", resolved_network(**BY_GROUP)) == {}


@pytest.mark.parametrize(
    ("parameters", "refusing"),
    [
        (VPC, {"TheListenerIsNeeded"}),
        (BY_CIDR | {"ListenerIngress": "group"}, {"IngressNeedsAGroup"}),
        (INGRESS_BY_CIDR | {"ListenerIngressCidr": ""}, {"IngressByCidrNeedsTheCidr"}),
        (BY_CIDR | {"SqsEndpoint": "on"}, {"EndpointsNeedSubnets"}),
    ],
)
def test_a_network_that_cannot_work_is_refused(parameters: dict[str, str], refusing: set[str]) -> None:
    """By the template's rules, before anything is created."""
    rules = resolved_network(**parameters)["Rules"]
    assert {name for name, holds in rules.items() if not holds} == refusing


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("parameters", "groups", "urls"),
    [
        (GIVEN_GROUPS, ["sg-1", "sg-2"], set()),
        (NETWORK_STACK, ["<eks-logs-network-SecurityGroupIds>"], ENDPOINT_URLS),
        (
            NETWORK_STACK | GIVEN_GROUPS,
            ["sg-1", "sg-2", "<eks-logs-network-SecurityGroupIds>"],
            ENDPOINT_URLS,
        ),
    ],
    ids=["groups given", "network stack", "both"],
)
def test_a_function_has_the_given_groups_and_those_of_the_network_stack(
    function: str, parameters: dict[str, str], groups: list[str], urls: set[str]
) -> None:
    """And gets that stack's URLs in the SDK's own variables, one for each service."""
    properties = of_type("AWS::Lambda::Function", resolved(**parameters))[function]
    assert properties["VpcConfig"] == {
        "SubnetIds": ["subnet-1", "subnet-2"],
        "SecurityGroupIds": groups,
        "Ipv6AllowedForDualStack": "false",
    }
    variables = properties["Environment"]["Variables"]
    assert {name for name in variables if name.startswith("AWS_ENDPOINT_URL_")} == urls
    assert variables.get("AWS_ENDPOINT_URL_SQS") in {None, "<eks-logs-network-SqsUrl>"}
    assert variables.get("AWS_ENDPOINT_URL_SECRETS_MANAGER") in {
        None,
        "<eks-logs-network-SecretsManagerUrl>",
    }


def test_every_import_is_an_export_of_the_network() -> None:
    """By name, and there is no export that nothing imports."""
    exported = {output["Export"]["Name"]["Fn::Sub"] for output in source("network.yaml")["Outputs"].values()}
    text = repr(source())
    imported = {name.replace("AWS::StackName", "NetworkStack") for name in exported}
    assert len(imported) == 3
    assert [name for name in imported if f"{{'Fn::ImportValue': {{'Fn::Sub': '{name}'}}}}" not in text] == []
    assert text.count("Fn::ImportValue") == 3


def test_the_subscribe_function_is_never_in_the_vpc() -> None:
    """It has no route to CloudWatch from there, and nothing to do there."""
    functions = of_type("AWS::Lambda::Function", resolved(**VARIANTS["everything"]))
    assert "VpcConfig" not in functions["SubscribeFunction"]


@pytest.mark.parametrize("variant", ["smallest", "secret", "automatic subscription"])
def test_outside_a_vpc_there_is_no_network(variant: str) -> None:
    """Neither groups nor endpoints, and no rights in EC2."""
    stack = resolved(**VARIANTS[variant])
    assert not [name for name, item in stack["Resources"].items() if item["Type"].startswith("AWS::EC2::")]
    assert "ec2:" not in repr(stack["Resources"])


@pytest.mark.parametrize(
    ("parameters", "refusing"),
    [
        ({"SubnetIds": "subnet-1"}, {"SubnetsNeedASecurityGroup"}),
        ({"NetworkStack": "net"}, {"NetworkStackNeedsSubnets"}),
        ({"SecurityGroupIds": "sg-1"}, set()),
        (NETWORK_STACK, set()),
    ],
)
def test_a_stack_that_cannot_work_is_refused(parameters: dict[str, str], refusing: set[str]) -> None:
    """By the template's rules, before anything is created."""
    rules = resolved(**parameters)["Rules"]
    assert {name for name, holds in rules.items() if not holds} == refusing


@pytest.mark.parametrize("variant", ["groups given", "network stack"])
def test_the_network_is_denied_to_the_functions_own_code(variant: str) -> None:
    """The rights are for Lambda itself; only calls from within a function carry the condition's key."""
    (policy,) = of_type("AWS::IAM::ManagedPolicy", resolved(**VARIANTS[variant])).values()
    (denial,) = (one for one in statements(policy) if one["Effect"] == "Deny")
    allowed: set[str] = {
        action
        for one in statements(policy)
        if one["Effect"] == "Allow"
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
        if action.startswith("ec2:")
    }
    assert len(allowed) == 6
    assert allowed <= set(denial["Action"])
    functions = "arn:aws:lambda:us-east-1:111122223333:function:eks-logs"
    assert denial["Condition"] == {
        "ArnEquals": {"lambda:SourceFunctionArn": [f"{functions}-forward", f"{functions}-redrive"]}
    }


def test_only_the_delivering_roles_have_the_delivery_policy() -> None:
    """The subscribe function delivers nothing, so it has no right to the secret, the key or the network."""
    for variant in ("everything", "key", "groups given"):
        roles: dict[str, Json] = of_type("AWS::IAM::Role", resolved(**VARIANTS[variant] | AUTOMATIC))
        attached = {name: role.get("ManagedPolicyArns", []) for name, role in roles.items()}
        assert attached == {
            "ForwardRole": ["{DeliveryPolicy}"],
            "RedriveRole": ["{DeliveryPolicy}"],
            "SubscribeRole": [],
        }
