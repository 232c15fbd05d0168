"""What the bill counts is what the templates make."""

from tests.template.resolve import resolved, resolved_central, resolved_network, source
from tools.bill import stack


def count(stack_: dict[str, object], kind: str, *, with_band: bool = False) -> int:
    """The resources of a type; alarms on an anomaly band apart from the others."""
    resources = stack_["Resources"]
    assert isinstance(resources, dict)
    return sum(
        one["Type"] == kind and ("ThresholdMetricId" in one["Properties"]) == with_band
        for one in resources.values()
    )


def test_a_stack_has_the_alarms_dashboards_and_keys_of_the_bill() -> None:
    """In prod, with and without other clusters."""
    alarm = "AWS::CloudWatch::Alarm"
    one, many = resolved(Environment="prod"), resolved(Environment="prod", OtherClusters="automatic")
    assert count(one, alarm) == stack.ALARMS
    assert count(one, alarm, with_band=True) == stack.ANOMALY_ALARMS
    assert count(many, alarm) == stack.ALARMS + stack.SUBSCRIBE_ALARMS
    assert count(one, "AWS::CloudWatch::Dashboard") == stack.DASHBOARDS
    assert count(one, "AWS::KMS::Key") == stack.KEYS


def test_the_network_has_the_endpoints_of_the_bill() -> None:
    """With both switched on."""
    network = resolved_network(
        SqsEndpoint="on", SecretsManagerEndpoint="on", SubnetIds="subnet-1,subnet-2", VpcId="vpc-12345678"
    )
    assert count(network, "AWS::EC2::VPCEndpoint") == stack.ENDPOINTS


def test_the_settings_of_the_bill_are_the_template_s() -> None:
    """Retention, concurrency, batches, pauses and time-outs."""
    template = source()
    prod = template["Mappings"]["Environment"]["prod"]
    queue = template["Resources"]["RedriveFunction"]["Properties"]["Events"]["ParkedMessages"]["Properties"]
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    assert prod["LogRetentionDays"] == stack.OWN_LOG_DAYS
    assert prod["MemorySize"] == stack.MEMORY_MB
    assert queue["ScalingConfig"]["MaximumConcurrency"] == stack.REDRIVE_CONCURRENCY
    assert queue["BatchSize"] == stack.REDRIVE_BATCH
    assert float(variables["REDRIVE_BACKOFF_SECONDS"]) == stack.REDRIVE_BACKOFF_SECONDS
    assert float(variables["RETRY_BUDGET_SECONDS"]) == stack.RETRY_BUDGET_SECONDS
    assert float(variables["READ_TIMEOUT_SECONDS"]) == stack.READ_TIMEOUT_SECONDS


def test_a_central_stack_has_the_alarms_of_the_bill() -> None:
    """None of them on an anomaly band."""
    central, alarm = resolved_central(Environment="prod"), "AWS::CloudWatch::Alarm"
    assert (count(central, alarm), count(central, alarm, with_band=True)) == (stack.CENTRAL_ALARMS, 0)


def test_the_stream_of_the_bill_is_that_of_the_central_stack() -> None:
    """Batches, window, parallel batches of a shard, and retention in prod."""
    template = source("central.yaml")
    (events,) = [
        event["Properties"]
        for one in template["Resources"].values()
        for event in one.get("Properties", {}).get("Events", {}).values()
        if event["Type"] == "Kinesis"
    ]
    assert events["BatchSize"] == stack.STREAM_BATCH
    assert events["MaximumBatchingWindowInSeconds"] == stack.STREAM_WINDOW_SECONDS
    assert events["ParallelizationFactor"] == stack.STREAM_FACTOR
    assert template["Mappings"]["Environment"]["prod"]["StreamRetentionHours"] == stack.STREAM_RETENTION_HOURS
