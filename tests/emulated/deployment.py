"""A stack in MiniStack, and what went through it."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from tools import ROOT, demo
from tools.listener import Listener
from tools.local_aws import REGION, LocalAws

STACK = "eks-log-forwarder-emulated"
_LOG_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Deployed:
    """A stack through which lines have gone."""

    aws: LocalAws
    listener: Listener
    build_dir: Path
    parameters: dict[str, str]
    outputs: dict[str, str]
    put_in: demo.Lines
    arrived: demo.Lines
    first_log: list[dict[str, Any]] = field(default_factory=list)  # as json_written(), of these lines alone

    def written(self) -> list[str]:
        """What the forward function has written to its log."""
        return self.aws.log_lines(self.outputs["ForwardLogGroupName"])

    def json_written(self) -> list[dict[str, Any]]:
        """Those lines of it that are JSON: metrics and Powertools' own."""
        return [json.loads(line) for line in self.written() if line.startswith("{")]

    def read_first_log(self) -> None:
        """Waits until summaries cover all that arrived.

        MiniStack writes a log after the invocation. It waits 50 ms for the first line. A line that comes
        later is written after the worker's next invocation.
        """
        give_up_at = time.monotonic() + _LOG_SECONDS
        while True:
            lines = self.json_written()
            summaries = [line for line in lines if line.get("message") == "summary"]
            all_written = sum(line.get("EventsDelivered", 0) for line in summaries) >= self.arrived.total()
            if all_written or time.monotonic() > give_up_at:
                self.first_log.extend(lines)
                return
            time.sleep(0.1)

    def client_of_role(self, service: str) -> Any:  # noqa: ANN401  # boto3 makes its clients at run time
        """A client with the rights of the forward function's role and no others."""
        assumed = self.aws.client("sts").assume_role(
            RoleArn=self.outputs["ForwardRoleArn"], RoleSessionName="test"
        )["Credentials"]
        return boto3.client(
            service,  # type: ignore[call-overload]  # any service's name
            endpoint_url=self.aws.endpoint,
            region_name=REGION,
            aws_access_key_id=assumed["AccessKeyId"],
            aws_secret_access_key=assumed["SecretAccessKey"],
            aws_session_token=assumed["SessionToken"],
        )


def run_tool(
    aws: LocalAws, module: str, *arguments: str, columns: int = 200, timeout_seconds: int = 60, **environ: str
) -> subprocess.CompletedProcess[str]:
    """A tool as `make` runs it, with this AWS and without a terminal."""
    return subprocess.run(  # noqa: S603  # our own arguments
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=aws.environ() | {"COLUMNS": str(columns)} | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )


def create_vpc(aws: LocalAws, prefix: str) -> dict[str, str]:
    """A VPC with two subnets, `PREFIX.1.0/24` and `PREFIX.2.0/24`, as parameters of network.yaml."""
    ec2 = aws.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock=f"{prefix}.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"{prefix}.{n}.0/24")["Subnet"]["SubnetId"] for n in (1, 2)
    ]
    return {"VpcId": vpc_id, "SubnetIds": ",".join(subnets)}


def create_stack(aws: LocalAws, name: str, template: Path, parameters: dict[str, str]) -> dict[str, str]:
    """Creates a stack of a plain template; returns its outputs."""
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=template.read_text(encoding="utf-8"),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    (description,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}


def physical_ids(aws: LocalAws, stack: str) -> dict[str, str]:
    """A stack's resources: logical and physical ids."""
    listed = aws.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    return {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in listed}


def table_rows(output: str) -> list[list[str]]:
    """The cells of a printed table."""
    return [
        [cell.strip() for cell in line[1:-1].split("│")] for line in output.splitlines() if line[:1] == "│"
    ]
