"""`make demo [DESTINATION=name]`: real EKS log lines through a deployed stack into a listener.

All of it is on this machine. Starts a listener and MiniStack, builds and deploys the real template with
`sam`, puts lines of every log type into the cluster's CloudWatch log group, and compares what arrives
with what was put in.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.listener import Listener, running_listener
from tools.listener.demo_destinations import DEMO_DESTINATIONS
from tools.listener.terminal import Display, open_console
from tools.local_aws import LocalAws, local_aws
from tools.make_event import EVENTS, read_lines, stream_name
from tools.ministack import LocalAwsError
from tools.noticed import noticed_table
from tools.stopping import INTERRUPTED, stop_at_signals

CLUSTER = "demo"
STACK = "eks-log-forwarder-demo"
LOG_GROUP = f"/aws/eks/{CLUSTER}/cluster"
TOKEN = "demo-token-0d6f5c1e"  # noqa: S105  # of a listener that lives as long as the demo

_ARRIVAL_SECONDS = 60
_SETTLING_SECONDS = 1.0  # for what arrives twice

# the stem of a file in events/lines, and the log type whose stream its lines go into
STREAMS = {
    "audit": "audit",
    "authenticator": "authenticator",
    "api": "api",
    "controller-manager": "controllerManager",
    "cloud-controller-manager": "cloudControllerManager",
    "scheduler": "scheduler",
}

type Lines = Counter[tuple[str, str]]
"""How often each line stands in each stream: (stream, message) -> count."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What arrived of one stream beside what was put in, as numbers of lines."""

    put_in: int
    arrived: int
    missing: int
    doubled: int
    changed: int

    @property
    def is_none(self) -> bool:
        """Whether every line arrived, once and unchanged."""
        return not (self.missing or self.doubled or self.changed)


def create_cluster_logs(aws: LocalAws, destination: str = "xplg") -> dict[str, str]:
    """What a cluster's account has before the forwarder comes: log group, network, the collector's secret.

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
        "Environment": "demo",
        "ClusterName": CLUSTER,
        "Destination": destination,
        "DestinationSecretArn": secret["ARN"],
        "SubnetIds": subnet_id,
        "SecurityGroupIds": group_id,
        "AnomalyAlarms": "off",  # MiniStack has no anomaly detection
    }


def put_lines(aws: LocalAws, cluster: str = CLUSTER) -> Lines:
    """Puts the lines of every stream into a cluster's log group, as EKS would; what was put in."""
    logs = aws.client("logs")
    log_group = f"/aws/eks/{cluster}/cluster"
    lines: Lines = Counter()
    for stem, log_type in STREAMS.items():
        stream = stream_name(log_type, cluster)
        messages = read_lines(EVENTS / "lines" / f"{stem}.log")
        logs.create_log_stream(logGroupName=log_group, logStreamName=stream)
        now_ms = int(time.time() * 1000)
        logs.put_log_events(
            logGroupName=log_group,
            logStreamName=stream,
            logEvents=[{"timestamp": now_ms + n, "message": text} for n, text in enumerate(messages)],
        )
        lines.update((stream, text) for text in messages)
    return lines


def arrived_lines(listener: Listener) -> Lines:
    """What the listener has, by stream."""
    return Counter((str(record["logStream"]), str(record["message"])) for record in list(listener.records))


def wait_for(listener: Listener, lines: Lines) -> Lines:
    """Waits until all lines have arrived, or for a minute; what has arrived, doubles included."""
    give_up_at = time.monotonic() + _ARRIVAL_SECONDS
    while lines - arrived_lines(listener) and time.monotonic() < give_up_at:
        time.sleep(0.1)
    time.sleep(_SETTLING_SECONDS)
    return arrived_lines(listener)


def compare(lines: Lines, arrived: Lines) -> dict[str, Difference]:
    """What became of each stream's lines."""
    surplus = arrived - lines
    return {
        stream: Difference(
            put_in=_count(lines, stream),
            arrived=_count(arrived, stream),
            missing=_count(lines - arrived, stream),
            doubled=sum(n for line, n in surplus.items() if line[0] == stream and line in lines),
            changed=sum(n for line, n in surplus.items() if line[0] == stream and line not in lines),
        )
        for stream in sorted({stream for stream, _ in lines | arrived})
    }


def _count(lines: Lines, stream: str) -> int:
    return sum(n for (its_stream, _), n in lines.items() if its_stream == stream)


def _table(differences: dict[str, Difference]) -> Table:
    table = Table(title="What was put into CloudWatch, and what the listener has")
    table.add_column("log stream")
    for heading in ("put in", "arrived", "missing", "doubled", "changed"):
        table.add_column(heading, justify="right")
    for stream, found in differences.items():
        counts = (found.put_in, found.arrived, found.missing, found.doubled, found.changed)
        table.add_row(stream, *map(str, counts), style="" if found.is_none else "red")
    return table


@contextmanager
def _step(console: Console, what: str) -> Iterator[None]:
    console.print(f"==> {what}", style="bold")
    started = time.monotonic()
    yield
    console.print(f"    {time.monotonic() - started:.1f} s", style="dim")


def _run(console: Console, workdir: Path, destination: str) -> bool:
    path = DEMO_DESTINATIONS[destination].path
    display = Display(console, quiet=False)
    with running_listener(token=TOKEN, sinks=(display,)) as listener:
        console.print(
            f"==> The listener is at {listener.url_of(path)}, and speaks {destination}",
            style="bold",
            soft_wrap=True,
        )
        console.print("==> Starting MiniStack, on 127.0.0.1 and with its IAM checks on", style="bold")
        with local_aws(workdir) as aws:
            complete = _forward(console, aws, listener, destination)
            console.print("==> Tearing down", style="bold")
            return complete


def _forward(console: Console, aws: LocalAws, listener: Listener, destination: str) -> bool:
    with _step(console, "sam build"):
        build_dir = aws.build()
    with _step(console, "sam deploy of template.yaml, with a secret and in a VPC"):
        url = listener.url_of(DEMO_DESTINATIONS[destination].path)
        parameters = create_cluster_logs(aws, destination) | {"DestinationUrl": url}
        outputs = aws.deploy(build_dir, STACK, parameters)
    with _step(console, f"Putting lines of every log type into {LOG_GROUP}, and waiting for them"):
        lines = put_lines(aws)
        differences = compare(lines, wait_for(listener, lines))
    console.print(_table(differences))
    console.print(noticed_table(list(listener.records)))
    complete = all(found.is_none for found in differences.values())
    written = aws.log_lines(outputs["ForwardLogGroupName"])
    if not complete:
        console.print("==> What the function wrote", style="bold")
        for line in written[-40:]:
            console.print(line.rstrip(), soft_wrap=True)
    if any(TOKEN in line for line in written):
        console.print("The function's log holds the token.", style="red")
        complete = False
    return complete


def main(arguments: list[str]) -> int:
    """The exit status: 0 when every line arrived, once and unchanged."""
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
    else:
        console.print("Not every line arrived as it was put in.", style="bold red")
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
