"""`make replay` against a deployed stack: what it counts, what arrives, and where it continues."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.emulated.deployment import STACK, Deployed, run_tool
from tools import ROOT
from tools.make_event import example_lines, stream_name

pytestmark = pytest.mark.emulated

CLUSTER = "again"
GROUP = f"/aws/eks/{CLUSTER}/cluster"
_ARRIVAL_SECONDS = 60


@pytest.fixture(scope="module")
def span(deployed: Deployed) -> Iterator[list[str]]:
    """A log group with thirteen audit lines and eight of the authenticator, and their time span."""
    logs = deployed.aws.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    now = datetime.now(UTC)
    for log_type in ("audit", "authenticator"):
        name = stream_name(log_type, CLUSTER)
        logs.create_log_stream(logGroupName=GROUP, logStreamName=name)
        start_ms = int(now.timestamp() * 1000)
        logs.put_log_events(
            logGroupName=GROUP,
            logStreamName=name,
            logEvents=[
                {"timestamp": start_ms + number, "message": line}
                for number, line in enumerate(example_lines(log_type))
            ],
        )
    yield [(now - timedelta(minutes=1)).isoformat(), (now + timedelta(minutes=1)).isoformat()]
    logs.delete_log_group(logGroupName=GROUP)


def run(deployed: Deployed, span: list[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """The tool as `make` runs it, without a terminal."""
    return run_tool(deployed.aws, "tools.replay", CLUSTER, *span, "--stack", STACK, *arguments)


def arrived(deployed: Deployed, count: int) -> list[Any]:
    """The records of this cluster, as soon as there are so many."""
    give_up_at = time.monotonic() + _ARRIVAL_SECONDS
    records: list[Any] = []
    while len(records) < count and time.monotonic() < give_up_at:
        time.sleep(0.1)
        records = [one for one in list(deployed.listener.records) if one["cluster"] == CLUSTER]
    return records


def detections(deployed: Deployed) -> list[dict[str, Any]]:
    """The log lines about detections in this cluster."""
    written = deployed.json_written()
    return [line for line in written if line.get("message") == "detection" and line["cluster"] == CLUSTER]


def wait_for_summaries(deployed: Deployed, count: int) -> None:
    """Waits until the function has written so many summaries for this cluster; each ends an invocation."""
    give_up_at = time.monotonic() + _ARRIVAL_SECONDS
    while time.monotonic() < give_up_at:
        written = [line for line in deployed.json_written() if line.get("message") == "summary"]
        if len([line for line in written if line["cluster"] == CLUSTER]) >= count:
            return
        time.sleep(0.1)


def test_a_dry_run_counts_and_sends_nothing(deployed: Deployed, span: list[str]) -> None:
    """By log type, with the cost."""
    done = run(deployed, span, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "21 events (0.0 MB) would be sent in 2 payloads:" in done.stdout
    assert re.search(r"audit +13\n +authenticator +8\n", done.stdout)
    assert "reading with FilterLogEvents has no price" in done.stdout
    assert arrived(deployed, 0) == []


def test_seen_lines_arrive_with_their_detections_and_raise_nothing(
    deployed: Deployed, span: list[str]
) -> None:
    """The two payloads end without a log line about a detection."""
    done = run(deployed, span, "--seen")
    assert (done.returncode, done.stdout) == (
        0,
        f"21 events of {GROUP} were handed to the forward function, in 2 payloads.\n",
    )
    records = arrived(deployed, 21)
    assert len([record for record in records if "detections" in record]) > 0
    wait_for_summaries(deployed, 2)
    assert detections(deployed) == []


def test_new_lines_raise_their_detections(deployed: Deployed, span: list[str]) -> None:
    """As many as the records name; the pattern of the filter on the log group selects the lines."""
    logs = deployed.aws.client("logs")
    logs.put_subscription_filter(
        logGroupName=GROUP,
        filterName="theirs",
        filterPattern="denied",
        destinationArn=deployed.outputs["ForwardFunctionArn"],
    )
    done = run(deployed, span)
    denied = len([line for line in example_lines("authenticator") if "denied" in line])
    assert denied > 0
    assert f"{denied} events of {GROUP} were handed" in done.stdout
    assert "the lines that match the filter pattern denied" in done.stderr
    wait_for_summaries(deployed, 3)
    assert len(arrived(deployed, 21 + denied)) == 21 + denied
    assert len(detections(deployed)) == denied
    logs.delete_subscription_filter(logGroupName=GROUP, filterName="theirs")


def test_an_interrupted_replay_continues(deployed: Deployed, span: list[str]) -> None:
    """Ctrl-C leaves a file that says where, and the same command removes it at its end."""
    with subprocess.Popen(  # noqa: S603  # our own arguments
        [sys.executable, "-m", "tools.replay", CLUSTER, *span, "--stack", STACK],
        cwd=ROOT,
        env=deployed.aws.environ(),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        process.stderr.readline()  # it says what it reads, and starts
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode in {0, 130}
    assert process.returncode == 0 or "the same command continues" in said
    again = run(deployed, span)
    assert again.returncode == 0, again.stderr
    assert set((ROOT / "build").glob(f"replay-*-{STACK}-{CLUSTER}.json")) == set()


def test_a_wrong_time_or_cluster_gives_a_sentence(deployed: Deployed, span: list[str]) -> None:
    """And no stack trace."""
    wrong = run(deployed, ["yesterday", span[1]])
    assert (wrong.returncode, "'yesterday' is not a time: write it like" in wrong.stderr) == (2, True)
    backwards = run(deployed, span[::-1])
    assert (backwards.returncode, "is before START" in backwards.stderr) == (2, True)
    unknown = json.dumps(run(deployed, span, "--stack", "never-was").stderr)
    assert "Traceback" not in unknown
    assert "never-was" in unknown
