"""The network: security groups, rules, endpoints, and the rights that go with them."""

import pytest

from tests.template.resolve import Json, resolved
from tests.template.test_every_variant import of_type, statements
from tests.template.variants import (
    ENDPOINTS,
    GIVEN_GROUP,
    INGRESS_BY_CIDR,
    INGRESS_BY_GROUP,
    LISTENER_GROUP,
    OWN_GROUP,
    SECRET,
    VARIANTS,
    WITH_SECRET,
)

FUNCTIONS = ("ForwardFunction", "RedriveFunction")
HTTPS = (443, 443)


def rules_of(group: str, direction: str, **parameters: str) -> set[tuple[str, int, int, str]]:
    """A group's rules: protocol, ports, and whereto or wherefrom."""
    properties = of_type("AWS::EC2::SecurityGroup", resolved(**parameters))[group]
    assert all(rule["Description"] for rule in properties.get(f"SecurityGroup{direction}", []))
    return {
        (
            rule["IpProtocol"],
            int(rule.get("FromPort", -1)),
            int(rule.get("ToPort", -1)),
            next(value for name, value in rule.items() if "Cidr" in name or "SecurityGroupId" in name),
        )
        for rule in properties.get(f"SecurityGroup{direction}", [])
    }


@pytest.mark.parametrize(
    ("parameters", "egress"),
    [
        (OWN_GROUP, {("tcp", 30443, 30443, "10.0.0.0/16"), ("tcp", *HTTPS, "0.0.0.0/0")}),
        (
            OWN_GROUP | {"ListenerPort": "8088", "HttpsCidr": "10.0.9.0/24"},
            {("tcp", 8088, 8088, "10.0.0.0/16"), ("tcp", *HTTPS, "10.0.9.0/24")},
        ),
        (
            OWN_GROUP | INGRESS_BY_GROUP | {"ListenerCidr": ""},
            {("tcp", 30443, 30443, LISTENER_GROUP), ("tcp", *HTTPS, "0.0.0.0/0")},
        ),
        (
            OWN_GROUP | ENDPOINTS | WITH_SECRET,
            {("tcp", 30443, 30443, "10.0.0.0/16"), ("tcp", *HTTPS, "{EndpointSecurityGroup}")},
        ),
        (
            OWN_GROUP | {"SqsEndpoint": "on"},
            {("tcp", 30443, 30443, "10.0.0.0/16"), ("tcp", *HTTPS, "{EndpointSecurityGroup}")},
        ),
        (
            OWN_GROUP | WITH_SECRET | {"SqsEndpoint": "on"},
            {
                ("tcp", 30443, 30443, "10.0.0.0/16"),
                ("tcp", *HTTPS, "{EndpointSecurityGroup}"),
                ("tcp", *HTTPS, "0.0.0.0/0"),
            },
        ),
        (
            OWN_GROUP | {"DualStack": "on"},
            {("tcp", 30443, 30443, "10.0.0.0/16"), ("tcp", *HTTPS, "0.0.0.0/0"), ("tcp", *HTTPS, "::/0")},
        ),
        # equal rules would be refused
        (OWN_GROUP | {"ListenerPort": "443", "ListenerCidr": "0.0.0.0/0"}, {("tcp", *HTTPS, "0.0.0.0/0")}),
    ],
    ids=["cidr", "other ports", "group", "endpoints", "no secret", "one endpoint", "dual stack", "on 443"],
)
def test_its_own_group_opens_the_listener_and_https_alone(
    parameters: dict[str, str], egress: set[tuple[str, int, int, str]]
) -> None:
    """And lets nothing in."""
    assert rules_of("FunctionSecurityGroup", "Egress", **parameters) == egress
    assert rules_of("FunctionSecurityGroup", "Ingress", **parameters) == set()


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("variant", "groups"),
    [
        ("in a vpc, groups given", ["sg-1", "sg-2"]),
        ("in a vpc, group of its own", ["{FunctionSecurityGroup}"]),
        ("groups given, endpoints", ["sg-1", "sg-2", "{EndpointClientSecurityGroup}"]),
        ("group of its own, endpoints", ["{FunctionSecurityGroup}", "{EndpointClientSecurityGroup}"]),
    ],
)
def test_a_function_carries_the_groups_that_it_needs(function: str, variant: str, groups: list[str]) -> None:
    """Those given, or its own; with endpoints, the one that lets it into them."""
    properties = of_type("AWS::Lambda::Function", resolved(**VARIANTS[variant]))[function]
    assert properties["VpcConfig"] == {
        "SubnetIds": ["subnet-1", "subnet-2"],
        "SecurityGroupIds": groups,
        "Ipv6AllowedForDualStack": False,
    }


def test_the_subscribing_function_is_never_in_the_vpc() -> None:
    """It has no way to CloudWatch from there, and nothing to do there."""
    functions = of_type("AWS::Lambda::Function", resolved(**VARIANTS["everything"]))
    assert "VpcConfig" not in functions["SubscribeFunction"]
    assert functions["ForwardFunction"]["VpcConfig"]["Ipv6AllowedForDualStack"] is True


def test_endpoints_re_point_nobody_elses_traffic() -> None:
    """No private DNS: the functions alone are told of the endpoints, which let in them alone."""
    stack = resolved(**VARIANTS["group of its own, endpoints"])
    endpoints = of_type("AWS::EC2::VPCEndpoint", stack)
    assert {name: endpoint["ServiceName"] for name, endpoint in endpoints.items()} == {
        "SqsVpcEndpoint": "com.amazonaws.us-east-1.sqs",
        "SecretsManagerVpcEndpoint": "com.amazonaws.us-east-1.secretsmanager",
    }
    for endpoint in endpoints.values():
        assert (endpoint["VpcEndpointType"], endpoint["PrivateDnsEnabled"]) == ("Interface", False)
        assert endpoint["SecurityGroupIds"] == ["{EndpointSecurityGroup}"]
    parameters = VARIANTS["group of its own, endpoints"]
    nowhere = {("-1", -1, -1, "127.0.0.1/32")}
    assert rules_of("EndpointSecurityGroup", "Ingress", **parameters) == {
        ("tcp", *HTTPS, "{EndpointClientSecurityGroup}")
    }
    assert rules_of("EndpointSecurityGroup", "Egress", **parameters) == nowhere
    assert rules_of("EndpointClientSecurityGroup", "Egress", **parameters) == nowhere


def test_endpoints_carry_the_stack_s_own_requests_alone() -> None:
    """To its two queues and its one secret."""
    endpoints = of_type("AWS::EC2::VPCEndpoint", resolved(**VARIANTS["everything"]))
    (queues,) = statements(endpoints["SqsVpcEndpoint"])
    assert queues["Resource"] == ["{UndeliveredQueue.Arn}", "{DeadLetterQueue.Arn}"]
    (secret,) = statements(endpoints["SecretsManagerVpcEndpoint"])
    assert (secret["Action"], secret["Resource"]) == ("secretsmanager:GetSecretValue", SECRET)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("variant", "names"),
    [
        ("in a vpc, group of its own", set()),
        ("sqs endpoint alone", {"AWS_ENDPOINT_URL_SQS"}),
        ("everything", {"AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL_SECRETS_MANAGER"}),
    ],
)
def test_a_function_is_told_of_the_endpoints_that_there_are(
    function: str, variant: str, names: set[str]
) -> None:
    """By the SDK's own variables, one a service."""
    properties = of_type("AWS::Lambda::Function", resolved(**VARIANTS[variant]))[function]
    variables = properties["Environment"]["Variables"]
    assert {name for name in variables if name.startswith("AWS_")} == names
    assert all(variables[name].startswith("https://") for name in names)


@pytest.mark.parametrize(
    ("parameters", "rule"),
    [
        (
            OWN_GROUP | INGRESS_BY_GROUP,
            ("ListenerIngressFromFunctions", "SourceSecurityGroupId", "{FunctionSecurityGroup}"),
        ),
        (GIVEN_GROUP | INGRESS_BY_GROUP, ("ListenerIngressFromFunctions", "SourceSecurityGroupId", "sg-1")),
        (OWN_GROUP | INGRESS_BY_CIDR, ("ListenerIngressFromCidr", "CidrIp", "10.0.1.0/24")),
    ],
)
def test_the_listener_lets_the_function_in_if_asked(
    parameters: dict[str, str], rule: tuple[str, str, str]
) -> None:
    """By group or by network, on the listener's port."""
    ((name, properties),) = of_type("AWS::EC2::SecurityGroupIngress", resolved(**parameters)).items()
    resource, kind, source = rule
    assert (name, properties[kind], properties["GroupId"]) == (resource, source, LISTENER_GROUP)
    assert (properties["FromPort"], properties["ToPort"], properties["IpProtocol"]) == (
        "30443",
        "30443",
        "tcp",
    )


@pytest.mark.parametrize("variant", ["smallest", "secret", "automatic subscription"])
def test_outside_a_vpc_there_is_no_network(variant: str) -> None:
    """Neither groups nor endpoints, and no right of EC2."""
    stack = resolved(**VARIANTS[variant])
    assert not [name for name, item in stack["Resources"].items() if item["Type"].startswith("AWS::EC2::")]
    assert "ec2:" not in repr(of_type("AWS::IAM::Role", stack))


@pytest.mark.parametrize(
    ("parameters", "broken"),
    [
        ({"SubnetIds": "subnet-1"}, {"SubnetsNeedASecurityGroup", "ItsOwnSecurityGroupNeedsTheListener"}),
        (
            {"SubnetIds": "subnet-1", "VpcId": OWN_GROUP["VpcId"]},
            {"ItsOwnSecurityGroupNeedsTheListener"},
        ),
        (ENDPOINTS, {"EndpointsNeedTheVpc"}),
        (GIVEN_GROUP | {"SqsEndpoint": "on"}, {"EndpointsNeedTheVpc"}),
        (GIVEN_GROUP | {"ListenerIngress": "group"}, {"ListenerIngressNeedsAGroupToOpen"}),
        (INGRESS_BY_GROUP, {"ListenerIngressNeedsAGroupToOpen"}),
        (GIVEN_GROUP | INGRESS_BY_CIDR | {"ListenerIngressCidr": ""}, {"ListenerIngressByCidrNeedsTheCidr"}),
        ({"SecurityGroupIds": "sg-1"}, set()),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_made(
    parameters: dict[str, str], broken: set[str]
) -> None:
    """By the template's rules, each with a sentence."""
    rules = resolved(**parameters)["Rules"]
    assert {name for name, holds in rules.items() if not holds} == broken


@pytest.mark.parametrize(("role", "function"), [("ForwardRole", "forward"), ("RedriveRole", "redrive")])
@pytest.mark.parametrize("variant", ["in a vpc, groups given", "managed network policy"])
def test_the_network_is_denied_to_the_function_s_own_code(variant: str, role: str, function: str) -> None:
    """The rights are Lambda's; the condition's key is there only for calls from within the function."""
    properties = of_type("AWS::IAM::Role", resolved(**VARIANTS[variant]))[role]
    (denial,) = (one for one in statements(properties) if one["Effect"] == "Deny")
    allowed: set[str] = {
        action
        for one in statements(properties)
        if one["Effect"] == "Allow"
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
        if action.startswith("ec2:")
    }
    assert allowed <= set(denial["Action"])
    assert denial["Condition"] == {
        "ArnEquals": {
            "lambda:SourceFunctionArn": (
                f"arn:aws:lambda:us-east-1:111122223333:function:eks-logs-{function}"
            )
        }
    }


def test_the_managed_policy_comes_in_place_of_the_custom_one() -> None:
    """One of the two ways, and never for the function that is outside the VPC."""
    managed = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
    by_variant: dict[str, Json] = {
        variant: of_type("AWS::IAM::Role", resolved(**VARIANTS[variant], AutomaticSubscription="on"))
        for variant in ("in a vpc, group of its own", "managed network policy", "smallest")
    }
    for variant, roles in by_variant.items():
        for role, properties in roles.items():
            in_vpc = variant != "smallest" and role != "SubscribeRole"
            custom = "AttachToTheVpc" in [policy["PolicyName"] for policy in properties["Policies"]]
            expected = [managed] if in_vpc and variant == "managed network policy" else []
            assert properties.get("ManagedPolicyArns", []) == expected
            assert custom == (in_vpc and not expected)
