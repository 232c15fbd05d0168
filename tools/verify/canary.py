"""The canary: a made-up log line that goes through the deployed forward function."""

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from botocore.exceptions import ClientError

from tools.make_event import Source, control_message, data_message, encode_event
from tools.verify.target import Target

# The canary is a klog line, so its stream is of a klog type. An audit line would end the cluster's silence.
_STREAMS = {
    "api": "kube-apiserver-eks-log-forwarder-canary",
    "controllerManager": "kube-controller-manager-eks-log-forwarder-canary",
    "scheduler": "kube-scheduler-eks-log-forwarder-canary",
}
_UNKNOWN_STREAM = "eks-log-forwarder-canary"  # always forwarded, whatever LOG_TYPES says
_UNKNOWN_TYPE = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the function answered; `error` is set if it failed, and then the other fields are empty.

    `reasons` counts undelivered events by reason; `details` are the function's words about them.
    """

    milliseconds: int
    status: str = ""
    delivered: int = 0
    parked: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    details: tuple[str, ...] = ()
    error: str = ""


def canary_type(log_types: frozenset[str]) -> str:
    """The log type that the canary pretends to have: the first klog type that is forwarded, or `unknown`."""
    return next((name for name in _STREAMS if name in log_types), _UNKNOWN_TYPE)


def canary_event(target: Target) -> str:
    """The canary as a subscription event of the stack's own cluster and log group."""
    stream = _STREAMS.get(canary_type(target.log_types), _UNKNOWN_STREAM)
    line = (
        f"I{target.now:%m%d %H:%M:%S.%f}       1 canary.go:1]"
        f' "eks-log-forwarder canary" sentBy="make verify" stack="{target.stack.name}" id="{uuid.uuid4()}"'
    )
    start_ms = int(target.now.timestamp() * 1000)
    source = Source(stream, target.stack.cluster, target.stack.account, start_ms)
    return encode_event(data_message([line], source))


def control_event() -> str:
    """The message with which CloudWatch Logs checks a destination; it carries no log line."""
    return encode_event(control_message(["CWL CONTROL MESSAGE: Checking health of destination Lambda."]))


def invoke(target: Target, event: str) -> Answer | None:
    """The function's answer to an event, waited for; None if `lambda:InvokeFunction` was refused."""
    began = monotonic()
    try:
        response = target.reader.call(
            "lambda",
            "invoke",
            FunctionName=target.stack.function_arn,
            InvocationType="RequestResponse",
            LogType="Tail",
            Payload=event.encode(),
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "TooManyRequestsException":
            raise
        return Answer(0, error="TooManyRequestsException: Lambda throttles the function")
    if response is None:
        return None
    took = round((monotonic() - began) * 1000)
    body = json.loads(response["Payload"].read() or b"null")
    if response.get("FunctionError"):
        return Answer(took, error=f"{body.get('errorType', 'error')}: {body.get('errorMessage', '')}")
    summary = _summary(base64.b64decode(response.get("LogResult", "")).decode(errors="replace"))
    return Answer(
        took,
        status=body["status"],
        delivered=body["delivered"],
        parked=body["parked"],
        reasons=body.get("reasons") or summary.get("reasons") or {},
        details=tuple(summary.get("details") or ()),
    )


def _summary(log_tail: str) -> dict[str, Any]:
    """The summary line of the invocation, which is in the last 4 KB of its log."""
    for line in reversed(log_tail.splitlines()):
        if '"message":"summary"' in line and line.startswith("{"):
            found: dict[str, Any] = json.loads(line)
            return found
    return {}
