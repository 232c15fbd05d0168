"""`make demo [DESTINATION=name]`: real EKS log lines through a deployed stack into a listener.

Everything runs on this machine. Starts a listener and MiniStack, builds and deploys the real template with
`sam`, puts lines of every log type into the cluster's CloudWatch log group, and compares the lines that
arrive with those.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import astuple, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.detection_table import detection_table
from tools.listener import Listener, running_listener
from tools.listener.protocols import DEMO_DESTINATIONS
from tools.listener.terminal import Display, open_console
from tools.local_aws import LocalAws, local_aws
from tools.make_event import LOG_TYPES_OF_LINES, example_lines, stream_name
from tools.ministack import LocalAwsError
from tools.progress import Progress
from tools.stopping import INTERRUPTED, stop_at_signals

CLUSTER = "demo"
STACK = "eks-log-forwarder-demo"
LOG_GROUP = f"/aws/eks/{CLUSTER}/cluster"
TOKEN = "demo-token-0d6f5c1e"  # noqa: S105  # of a listener that lives as long as the demo

_ARRIVAL_SECONDS = 60
_SETTLING_SECONDS = 1.0  # for duplicates

type Lines = Counter[tuple[str, str]]
"""The number of times that each stream has each line: (stream, message) -> count."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The lines of one stream: counts of those put in and of those that arrived."""

    put_in: int
    arrived: int
    missing: int
    duplicates: int
    changed: int

    @property
    def is_none(self) -> bool:
        """Whether every line arrived once and unchanged."""
        return not (self.missing or self.duplicates or self.changed)


def create_cluster_logs(aws: LocalAws, destination: str = "xplg") -> dict[str, str]:
    """Creates what an account has before the deployment: log group, network, the collector's secret.

    Returns:
        The template's parameters that name them.
    """
    aws.client("logs").create_log_group(logGroupName=LOG_GROUP)
    secret = aws.client("secretsmanager").create_secret(
        Name="collector", SecretString=DEMO_DESTINATIONS[destination].secret(TOKEN)
    )
    ec2 = aws.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet_id = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    group_id = ec2.create_security_group(GroupName="nodes", Description="nodes", VpcId=vpc_id)["GroupId"]
    return {
        "Environment": "dev",
        "ClusterName": CLUSTER,
        "Destination": destination,
        "DestinationSecretArn": secret["ARN"],
        "SubnetIds": subnet_id,
        "SecurityGroupIds": group_id,
    }


def put_lines(aws: LocalAws, cluster: str = CLUSTER) -> Lines:
    """Puts lines of every stream into a cluster's log group, as EKS does; returns them."""
    logs = aws.client("logs")
    lines: Lines = Counter()
    for stem, log_type in LOG_TYPES_OF_LINES.items():
        stream = stream_name(log_type, cluster)
        place = {"logGroupName": f"/aws/eks/{cluster}/cluster", "logStreamName": stream}
        messages = example_lines(stem)
        now_ms = int(time.time() * 1000)
        log_events = [{"timestamp": now_ms + n, "message": text} for n, text in enumerate(messages)]
        logs.create_log_stream(**place)
        logs.put_log_events(**place, logEvents=log_events)
        lines.update((stream, text) for text in messages)
    return lines


def arrived_lines(listener: Listener) -> Lines:
    """The lines that the listener has received."""
    return Counter((str(record["logStream"]), str(record["message"])) for record in list(listener.records))


def wait_for(listener: Listener, lines: Lines) -> Lines:
    """Waits at most a minute until all lines have arrived; returns what has, duplicates included."""
    give_up_at = time.monotonic() + _ARRIVAL_SECONDS
    while lines - arrived_lines(listener) and time.monotonic() < give_up_at:
        time.sleep(0.1)
    time.sleep(_SETTLING_SECONDS)
    return arrived_lines(listener)


def compare(lines: Lines, arrived: Lines) -> dict[str, Difference]:
    """The difference of each stream."""
    surplus = arrived - lines
    known = Counter({line: n for line, n in surplus.items() if line in lines})
    counted = (lines, arrived, lines - arrived, known, surplus - known)
    return {
        stream: Difference(*(sum(n for line, n in one.items() if line[0] == stream) for one in counted))
        for stream in sorted({stream for stream, _ in lines | arrived})
    }


def _table(differences: dict[str, Difference]) -> Table:
    table = Table("log stream", title="Lines put into CloudWatch, and lines that the listener received")
    for heading in ("put in", "arrived", "missing", "duplicates", "changed"):
        table.add_column(heading, justify="right")
    for stream, found in differences.items():
        table.add_row(stream, *map(str, astuple(found)), style="" if found.is_none else "red")
    return table


def _run(console: Console, workdir: Path, destination: str) -> bool:
    with running_listener(token=TOKEN, sinks=(Display(console, quiet=False),)) as listener:
        url = listener.url_of(DEMO_DESTINATIONS[destination].path)
        console.print(f"==> The listener for {destination} is at {url}", style="bold", soft_wrap=True)
        progress = Progress(console, 4)
        progress.step("starting MiniStack on 127.0.0.1, with IAM checks")
        with local_aws(workdir, lambda said: console.print(f"    {said}", style="dim")) as aws:
            parameters = create_cluster_logs(aws, destination) | {"DestinationUrl": url}
            complete = _forward(progress, aws, listener, parameters)
            console.print("==> Stopping everything", style="bold")
            return complete


def _forward(progress: Progress, aws: LocalAws, listener: Listener, parameters: dict[str, str]) -> bool:
    console = progress.console
    progress.step("sam build")
    build_dir = aws.build()
    progress.step("sam deploy of template.yaml, with a secret and in a VPC")
    outputs = aws.deploy(build_dir, STACK, parameters)
    progress.step(f"putting lines of every log type into {LOG_GROUP}, and waiting for them")
    lines = put_lines(aws)
    differences = compare(lines, wait_for(listener, lines))
    console.print(_table(differences))
    records = list(listener.records)
    console.print(detection_table(records))
    if whole := next((record for record in records if "detections" in record), None):
        console.print("==> One whole record, as it arrived", style="bold")
        console.print(json.dumps(whole, indent=2), soft_wrap=True)
    complete = all(found.is_none for found in differences.values())
    written = aws.log_lines(outputs["ForwardLogGroupName"])
    if not complete:
        console.print("==> The function's log", style="bold")
        for line in written[-40:]:
            console.print(line.rstrip(), soft_wrap=True)
    if any(TOKEN in line for line in written):
        console.print("The function's log contains the token.", style="red")
        complete = False
    return complete


def main(arguments: list[str]) -> int:
    """Runs the command line; the exit status is 0 if every line arrived once and unchanged."""
    parser = argparse.ArgumentParser(description="Real log lines through a deployed stack, on this machine.")
    parser.add_argument("destination", nargs="?", default="xplg", choices=sorted(DEMO_DESTINATIONS))
    destination = parser.parse_args(arguments).destination
    stop_at_signals()
    console = open_console()
    with tempfile.TemporaryDirectory(prefix="eks-log-forwarder-demo-") as workdir:
        try:
            complete = _run(console, Path(workdir), destination)
        except LocalAwsError as error:
            console.print(f"demo: {error}", style="red", soft_wrap=True)
            return 1
        except KeyboardInterrupt:
            console.print("demo: interrupted; everything it started is stopped", style="red")
            return INTERRUPTED
    if complete:
        console.print("Every line arrived, once and unchanged.", style="bold green")
        console.print("Next: make deploy CLUSTER=name LISTENER=https://HOST:PORT (README.md, Deploy)")
    else:
        console.print("Some lines did not arrive as they were put in.", style="bold red")
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
