"""Makes a CloudWatch Logs subscription event from a text file of log lines.

    python tools/make_event.py events/lines/audit.log --type audit --out events/cw.json
    python tools/make_event.py --all

The same lines and options always make the same event; a test compares events/ with its lines.
"""

import argparse
import base64
import gzip
import hashlib
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).resolve().parent.parent / "events"
START_MS = 1_768_384_800_000  # 2026-01-14T10:00:00Z, when the lines in events/lines begin
STEP_MS = 1_000
# CloudWatch's event ids have 56 decimal digits; the bits above the 144th are the time.
_ID_BITS_BELOW_TIME = 144
_ID_DIGITS = 56
_FIRST_SEQUENCE_NUMBER = (
    49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898  # of a made-up record
)

# the stem of a file in events/lines, the log type of its lines, and the prefix of their stream's name
_KINDS = (
    ("audit", "audit", "kube-apiserver-audit"),
    ("authenticator", "authenticator", "authenticator"),
    ("api", "api", "kube-apiserver"),
    ("controller-manager", "controllerManager", "kube-controller-manager"),
    ("cloud-controller-manager", "cloudControllerManager", "cloud-controller-manager"),
    ("scheduler", "scheduler", "kube-scheduler"),
)
# the same for vended logs: the file, the log type, and CloudWatch's name of the type
_VENDED_KINDS = (
    ("auto-mode-block-storage", "autoModeBlockStorage", "AUTO_MODE_BLOCK_STORAGE_LOGS"),
    ("auto-mode-compute", "autoModeCompute", "AUTO_MODE_COMPUTE_LOGS"),
    ("auto-mode-ipam", "autoModeIpam", "AUTO_MODE_IPAM_LOGS"),
    ("auto-mode-load-balancing", "autoModeLoadBalancing", "AUTO_MODE_LOAD_BALANCING_LOGS"),
    ("capability-ack", "capabilityAck", "EKS_CAPABILITY_ACK_LOGS"),
    ("capability-argocd", "capabilityArgocd", "EKS_CAPABILITY_ARGOCD_SERVER_LOGS"),
    ("capability-kro", "capabilityKro", "EKS_CAPABILITY_KRO_LOGS"),
)
VENDED_LOG_TYPES_OF_LINES = {stem: log_type for stem, log_type, _ in _VENDED_KINDS}
_VENDED_NAMES = {log_type: name for _, log_type, name in _VENDED_KINDS}
LOG_TYPES_OF_LINES = {stem: log_type for stem, log_type, _ in _KINDS}
STREAM_PREFIXES = {log_type: prefix for _, log_type, prefix in _KINDS}


@dataclass(frozen=True, slots=True)
class Source:
    """The origin of an event's lines, in CloudWatch's terms; `stream` is the full name.

    An empty `log_group` stands for the cluster's control-plane logs.
    """

    stream: str
    cluster: str = "demo"
    account: str = "111122223333"
    start_ms: int = START_MS
    step_ms: int = STEP_MS
    log_group: str = ""
    filter_name: str = "eks-log-forwarder"


def stream_name(log_type: str, cluster: str) -> str:
    """The name of a cluster's stream for a log type, such as `kube-apiserver-audit-<32 hex>`."""
    prefix = STREAM_PREFIXES[log_type]
    return f"{prefix}-{hashlib.sha256(f'{cluster} {prefix}'.encode()).hexdigest()[:32]}"


def source_of(log_type: str, cluster: str = "demo") -> Source:
    """Where a cluster's lines of a log type are.

    Auto Mode and Capabilities have a log group for each type. AWS documents no names of streams there.
    """
    if log_type in STREAM_PREFIXES:
        return Source(stream_name(log_type, cluster), cluster)
    name = _VENDED_NAMES[log_type]
    return Source(
        hashlib.sha256(f"{cluster} {name}".encode()).hexdigest()[:32],
        cluster,
        log_group=f"/aws/vendedlogs/eks/cluster/{name}/{cluster}",
        filter_name=f"eks-log-forwarder/{cluster}/{log_type}",
    )


def read_lines(path: Path) -> list[str]:
    """The messages of a text file, one per line, without empty lines, which CloudWatch rejects.

    Raises:
        OSError: the file cannot be read.
        UnicodeDecodeError: it is not UTF-8.
    """
    return [line for line in path.read_bytes().decode().split("\n") if line]


def example_lines(stem: str) -> list[str]:
    """The messages of a file in events/lines."""
    return read_lines(EVENTS / "lines" / f"{stem}.log")


def data_message(lines: list[str], source: Source) -> dict[str, Any]:
    """A DATA_MESSAGE with one stream's lines (CloudWatch Logs user guide, "Subscription filters")."""
    log_group = source.log_group or f"/aws/eks/{source.cluster}/cluster"
    log_events = []
    for number, line in enumerate(lines):
        timestamp = source.start_ms + number * source.step_ms
        identity = f"{source.account} {log_group} {source.stream} {number} {line}"
        log_events.append({"id": _event_id(timestamp, identity), "timestamp": timestamp, "message": line})
    return {
        "messageType": "DATA_MESSAGE",
        "owner": source.account,
        "logGroup": log_group,
        "logStream": source.stream,
        "subscriptionFilters": [source.filter_name],
        "logEvents": log_events,
    }


def control_message(lines: list[str]) -> dict[str, Any]:
    """CloudWatch's check that the destination is reachable: without a log group, with empty ids."""
    return {
        "messageType": "CONTROL_MESSAGE",
        "owner": "CloudwatchLogs",
        "logGroup": "",
        "logStream": "",
        "subscriptionFilters": [],
        "logEvents": [{"id": "", "timestamp": START_MS, "message": line} for line in lines],
    }


def encode_event(payload: dict[str, Any]) -> str:
    """The event as the text of a file: `{"awslogs": {"data": base64 of gzip of JSON}}`."""
    plain = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    data = base64.b64encode(gzip.compress(plain, mtime=0)).decode()
    return json.dumps({"awslogs": {"data": data}}) + "\n"


def all_payloads() -> dict[str, dict[str, Any]]:
    """The payloads of the files in events/ that are made from events/lines, by stem."""
    payloads = {
        "cw" if stem == "audit" else stem: data_message(example_lines(stem), source_of(log_type))
        for stem, log_type in (LOG_TYPES_OF_LINES | VENDED_LOG_TYPES_OF_LINES).items()
    }
    return payloads | {"control-message": control_message(example_lines("control-message"))}


def parked_record(payload: dict[str, Any]) -> str:
    """An SQS event with one parked payload, as the redrive function receives it."""
    record = {
        "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "receiptHandle": "a-receipt-handle",
        "body": encode_event(payload).rstrip(),
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": str(START_MS),
            "SenderId": "AIDAEXAMPLE",
            "ApproximateFirstReceiveTimestamp": str(START_MS),
        },
        "messageAttributes": {"reason": {"stringValue": "http_503", "dataType": "String"}},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:111122223333:undelivered",
        "awsRegion": "eu-central-1",
    }
    return json.dumps({"Records": [record]}, indent=2) + "\n"


def kinesis_event(records: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Records as Lambda passes them on, from their sequence numbers and data in base64."""
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "a",
                    "sequenceNumber": sequence_number,
                    "data": data,
                    "approximateArrivalTimestamp": 1768384800.0,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"shardId-000000000000:{sequence_number}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": "arn:aws:iam::000000000000:role/stream",
                "awsRegion": "us-east-1",
                "eventSourceARN": "arn:aws:kinesis:us-east-1:000000000000:stream/logs",
            }
            for sequence_number, data in records
        ]
    }


def stream_event(payloads: dict[str, dict[str, Any]]) -> str:
    """A Kinesis event, as the stream function receives it: the probe, and lines of two accounts."""
    other = payloads["scheduler"] | {"owner": "444455556666"}
    sent = (payloads["control-message"], payloads["cw"], other, payloads["auto-mode-compute"])
    records = (
        (str(_FIRST_SEQUENCE_NUMBER + number), json.loads(encode_event(payload))["awslogs"]["data"])
        for number, payload in enumerate(sent)
    )
    return json.dumps(kinesis_event(records), indent=2) + "\n"


def _event_id(timestamp: int, identity: str) -> str:
    digest = int.from_bytes(hashlib.sha256(identity.encode()).digest()[: _ID_BITS_BELOW_TIME // 8])
    return f"{(timestamp << _ID_BITS_BELOW_TIME) + digest:0{_ID_DIGITS}d}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Makes a CloudWatch Logs subscription event, as Lambda receives it, from a text file.",
        epilog="Examples: make_event.py my-audit.ndjson --type audit --cluster prod --out events/mine.json; "
        "make_event.py --all writes events/*.json again from events/lines/*.log.",
    )
    add = parser.add_argument
    add("lines", type=Path, nargs="?", help="text file in UTF-8, one message a line; empty lines are ignored")
    add("--all", action="store_true", help="write every event in events/ again from events/lines")
    stream = parser.add_mutually_exclusive_group()
    stream.add_argument(
        "--type", choices=sorted({*STREAM_PREFIXES, *_VENDED_NAMES}), help="log type, for the names"
    )
    stream.add_argument("--stream", help="full name of the stream, such as kube-apiserver-audit-<32 hex>")
    add("--cluster", default="demo", help="cluster in the log group's name (%(default)s)")
    add("--account", default="111122223333", help="AWS account of the log group (%(default)s)")
    add("--start", type=int, default=START_MS, metavar="MS", help="time of the first message (%(default)s)")
    add("--step", type=int, default=STEP_MS, metavar="MS", help="time between messages (%(default)s)")
    add("--out", type=Path, metavar="FILE", help="where to write the event (standard output)")
    return parser


def main(arguments: list[str]) -> int:
    """Runs the command line; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.all:
        payloads = all_payloads()
        events = {stem: encode_event(payload) for stem, payload in payloads.items()}
        events |= {"parked": parked_record(payloads["cw"]), "stream": stream_event(payloads)}
        for stem, text in events.items():
            (EVENTS / f"{stem}.json").write_text(text, encoding="utf-8")
        return 0
    if options.lines is None or not (options.stream or options.type):
        parser.error("give a file of lines, and --type or --stream; or --all")
    try:
        lines = read_lines(options.lines)
        cluster = options.cluster
        named = Source(options.stream, cluster) if options.stream else source_of(options.type, cluster)
        source = replace(named, account=options.account, start_ms=options.start, step_ms=options.step)
        text = encode_event(data_message(lines, source))
        if options.out:
            options.out.write_text(text, encoding="utf-8")
        else:
            print(text, end="")
    except OSError as error:
        parser.error(f"{error.filename}: {error.strerror}")
    except UnicodeDecodeError as error:
        parser.error(f"{options.lines} is not UTF-8: byte {error.start} cannot be read")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
