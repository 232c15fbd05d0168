"""A stack in MiniStack, and what went through it."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from tools import demo
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

    def written(self) -> list[str]:
        """What the forward function has written to its log."""
        return self.aws.log_lines(self.outputs["ForwardLogGroupName"])

    def json_written(self) -> list[dict[str, Any]]:
        """Those lines of it that are JSON: metrics and Powertools' own."""
        return [json.loads(line) for line in self.written() if line.startswith("{")]

    def wait_for_its_accounts(self) -> None:
        """MiniStack writes a log after the invocation: waits until all that arrived is accounted for."""
        give_up_at = time.monotonic() + _LOG_SECONDS
        while time.monotonic() < give_up_at:
            summaries = [line for line in self.json_written() if line.get("message") == "summary"]
            if sum(line.get("EventsDelivered", 0) for line in summaries) >= self.arrived.total():
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
