"""Stacks that the template can make: parameters by what is special about them."""

SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:xplg-token-AbCdEf"
KEY = "arn:aws:kms:us-east-1:111122223333:key/6f9b2a5e-1c3d-4e8f-9a7b-0c1d2e3f4a5b"
BOUNDARY = "arn:aws:iam::111122223333:policy/boundary"
LISTENER_GROUP = "sg-0a1b2c3d4e5f60718"

GIVEN_GROUP = {"SubnetIds": "subnet-1,subnet-2", "SecurityGroupIds": "sg-1,sg-2"}
OWN_GROUP = {
    "SubnetIds": "subnet-1,subnet-2",
    "VpcId": "vpc-0a1b2c3d4e5f60718",
    "ListenerCidr": "10.0.0.0/16",
}
ENDPOINTS = {"SqsEndpoint": "on", "SecretsManagerEndpoint": "on"}
WITH_SECRET = {"DestinationSecretArn": SECRET}
INGRESS_BY_GROUP = {"ListenerSecurityGroupId": LISTENER_GROUP, "ListenerIngress": "group"}
INGRESS_BY_CIDR = {
    "ListenerSecurityGroupId": LISTENER_GROUP,
    "ListenerIngress": "cidr",
    "ListenerIngressCidr": "10.0.1.0/24",
}

VARIANTS: dict[str, dict[str, str]] = {
    "smallest": {},
    "secret": WITH_SECRET,
    "in a vpc, groups given": GIVEN_GROUP | WITH_SECRET,
    "in a vpc, group of its own": OWN_GROUP | WITH_SECRET,
    "managed network policy": OWN_GROUP | {"NetworkPolicy": "managed"},
    "groups given, endpoints": GIVEN_GROUP | ENDPOINTS | WITH_SECRET | {"VpcId": OWN_GROUP["VpcId"]},
    "group of its own, endpoints": OWN_GROUP | ENDPOINTS | WITH_SECRET,
    "sqs endpoint alone": OWN_GROUP | WITH_SECRET | {"SqsEndpoint": "on"},
    "sqs endpoint, no secret": OWN_GROUP | {"SqsEndpoint": "on"},
    "ingress by group": OWN_GROUP | INGRESS_BY_GROUP,
    "ingress by cidr": OWN_GROUP | INGRESS_BY_CIDR,
    "groups given, ingress": GIVEN_GROUP | INGRESS_BY_GROUP,
    "dual stack": OWN_GROUP | {"DualStack": "on"},
    "boundary": {"PermissionsBoundaryArn": BOUNDARY, "AutomaticSubscription": "on"},
    "key": {"KmsKeyArn": KEY, "AutomaticSubscription": "on"} | WITH_SECRET,
    "more clusters": {"MoreClusters": "on"},
    "automatic subscription": {"AutomaticSubscription": "on"},
    "few alarms": {"AnomalyAlarms": "off", "Detections": "off", "SilenceMinutes": "0"},
    "told by e-mail": {"AlarmEmail": "team@example.com"},
    "everything": OWN_GROUP
    | ENDPOINTS
    | WITH_SECRET
    | INGRESS_BY_GROUP
    | {
        "DualStack": "on",
        "PermissionsBoundaryArn": BOUNDARY,
        "KmsKeyArn": KEY,
        "AutomaticSubscription": "on",
        "AlarmEmail": "team@example.com",
        "ReservedConcurrency": "20",
    },
}
