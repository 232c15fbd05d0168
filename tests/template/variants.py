"""Stacks that the templates can make: parameters by what is special about them."""

from collections.abc import Iterator
from itertools import product

SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:xplg-token-AbCdEf"
KEY = "arn:aws:kms:us-east-1:111122223333:key/6f9b2a5e-1c3d-4e8f-9a7b-0c1d2e3f4a5b"
BOUNDARY = "arn:aws:iam::111122223333:policy/boundary"
LISTENER_GROUP = "sg-0a1b2c3d4e5f60718"

SUBNETS = {"SubnetIds": "subnet-1,subnet-2"}
GIVEN_GROUPS = SUBNETS | {"SecurityGroupIds": "sg-1,sg-2"}
NETWORK_STACK = SUBNETS | {"NetworkStack": "eks-logs-network"}
WITH_SECRET = {"DestinationSecretArn": SECRET}
AUTOMATIC = {"OtherClusters": "automatic"}

VARIANTS: dict[str, dict[str, str]] = {
    "smallest": {},
    "secret": WITH_SECRET,
    "staging": WITH_SECRET | {"Environment": "staging"},
    "prod": WITH_SECRET | {"Environment": "prod"},
    "signed requests": {"Destination": "elasticsearch"},
    "groups given": GIVEN_GROUPS | WITH_SECRET,
    "network stack": NETWORK_STACK | WITH_SECRET,
    "network stack and groups": NETWORK_STACK | GIVEN_GROUPS | WITH_SECRET,
    "in a VPC, no secret": GIVEN_GROUPS,
    "boundary": AUTOMATIC | {"PermissionsBoundaryArn": BOUNDARY},
    "key": AUTOMATIC | WITH_SECRET | {"KmsKeyArn": KEY},
    "other clusters allowed": {"OtherClusters": "allowed"},
    "automatic subscription": AUTOMATIC,
    "no detections": {"DisabledDetections": "all"},
    "e-mail": {"AlarmEmail": "team@example.com"},
    "everything": NETWORK_STACK
    | GIVEN_GROUPS
    | WITH_SECRET
    | AUTOMATIC
    | {
        "Environment": "prod",
        "PermissionsBoundaryArn": BOUNDARY,
        "KmsKeyArn": KEY,
        "AlarmEmail": "team@example.com",
    },
}

ORGANIZATION = {"OrganizationId": "o-a1b2c3d4e5"}
ACCOUNTS = {"SourceAccounts": "444455556666,777788889999"}

CENTRAL_VARIANTS: dict[str, dict[str, str]] = {
    "smallest": {},
    "organization": ORGANIZATION | WITH_SECRET | {"Environment": "prod"},
    "accounts": ACCOUNTS | WITH_SECRET | {"Environment": "staging"},
    "no detections": ACCOUNTS | {"DisabledDetections": "all"},
    "key": ORGANIZATION | {"KmsKeyArn": KEY},
    "everything": NETWORK_STACK
    | GIVEN_GROUPS
    | WITH_SECRET
    | ORGANIZATION
    | ACCOUNTS
    | {
        "Environment": "prod",
        "PermissionsBoundaryArn": BOUNDARY,
        "KmsKeyArn": KEY,
        "AlarmEmail": "team@example.com",
    },
}

VPC = {"VpcId": "vpc-0a1b2c3d4e5f60718"}
BY_CIDR = VPC | {"ListenerCidr": "10.0.0.0/16"}
BY_GROUP = VPC | {"ListenerSecurityGroupId": LISTENER_GROUP}
ENDPOINTS = SUBNETS | {"SqsEndpoint": "on", "SecretsManagerEndpoint": "on"}
INGRESS_BY_GROUP = BY_GROUP | {"ListenerIngress": "group"}
INGRESS_BY_CIDR = BY_GROUP | {"ListenerIngress": "cidr", "ListenerIngressCidr": "10.0.1.0/24"}

NETWORK_VARIANTS: dict[str, dict[str, str]] = {
    "listener by network": BY_CIDR,
    "listener by group": BY_GROUP,
    "ingress by group": INGRESS_BY_GROUP,
    "ingress by network": INGRESS_BY_CIDR,
    "endpoints": BY_CIDR | ENDPOINTS,
    "SQS endpoint": BY_CIDR | SUBNETS | {"SqsEndpoint": "on"},
    "Secrets Manager endpoint": BY_CIDR | SUBNETS | {"SecretsManagerEndpoint": "on"},
    "dual stack": BY_CIDR | {"DualStack": "on"},
    "everything": BY_CIDR | INGRESS_BY_GROUP | ENDPOINTS | {"DualStack": "on"},
}

_NETWORKS: tuple[dict[str, str], ...] = ({}, GIVEN_GROUPS, NETWORK_STACK, NETWORK_STACK | GIVEN_GROUPS)


def combinations() -> Iterator[dict[str, str]]:
    """Every combination of environment, destination, network, clusters, secret, key and boundary."""
    for environment, destination, network, clusters, secret, key, boundary in product(
        ("dev", "staging", "prod"),
        ("xplg", "http", "splunk_hec", "elasticsearch", "loki", "otlp"),
        _NETWORKS,
        ("none", "allowed", "automatic"),
        ("", SECRET),
        ("", KEY),
        ("", BOUNDARY),
    ):
        yield network | {
            "Environment": environment,
            "Destination": destination,
            "OtherClusters": clusters,
            "DestinationSecretArn": secret,
            "KmsKeyArn": key,
            "PermissionsBoundaryArn": boundary,
        }
