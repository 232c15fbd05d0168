"""Events made from text files of lines, through the command line as a user runs it."""

import base64
import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools import make_event

SCRIPT = Path(make_event.__file__)
STREAM = "kube-apiserver-audit-0123456789abcdef0123456789abcdef"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs the script by its path, as the README says."""
    command = [sys.executable, SCRIPT, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)  # noqa: S603  # our own script


def payload_of(event: str) -> dict[str, Any]:
    """What an event's `awslogs.data` holds."""
    payload: dict[str, Any] = json.loads(
        gzip.decompress(base64.b64decode(json.loads(event)["awslogs"]["data"]))
    )
    return payload


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    """A file of two lines, one of them not ASCII, with an empty line between them."""
    path = tmp_path / "mine.log"
    path.write_bytes('{"verb":"get"}\n\nzweite Zeile ü\n'.encode())
    return path


def test_an_event_holds_each_line_as_a_message_of_the_named_stream(lines: Path, tmp_path: Path) -> None:
    """Every option shows in the payload, and empty lines are left out."""
    out = tmp_path / "event.json"
    options = [
        "--stream",
        STREAM,
        "--cluster",
        "prod",
        "--account",
        "444455556666",
        "--start",
        "1700000000000",
    ]
    assert run(lines, *options, "--step", "5", "--out", out).returncode == 0
    payload = payload_of(out.read_text())
    log_events = payload.pop("logEvents")
    assert payload == {
        "messageType": "DATA_MESSAGE",
        "owner": "444455556666",
        "logGroup": "/aws/eks/prod/cluster",
        "logStream": STREAM,
        "subscriptionFilters": ["eks-log-forwarder"],
    }
    assert [(event["timestamp"], event["message"]) for event in log_events] == [
        (1700000000000, '{"verb":"get"}'),
        (1700000000005, "zweite Zeile ü"),
    ]


def test_the_same_lines_make_the_same_event(lines: Path) -> None:
    """Two runs print byte for byte the same, with no time of day in the gzip header."""
    first, second = (run(lines, "--type", "audit").stdout for _ in range(2))
    assert first == second
    assert base64.b64decode(json.loads(first)["awslogs"]["data"])[4:8] == bytes(4)


@pytest.mark.parametrize(
    ("log_type", "prefix"),
    [
        ("api", "kube-apiserver-"),
        ("audit", "kube-apiserver-audit-"),
        ("authenticator", "authenticator-"),
        ("cloudControllerManager", "cloud-controller-manager-"),
        ("controllerManager", "kube-controller-manager-"),
        ("scheduler", "kube-scheduler-"),
    ],
)
def test_a_log_type_picks_a_stream_name_with_32_hex_digits(log_type: str, prefix: str) -> None:
    """The name is EKS's prefix and a hash, which differs from cluster to cluster."""
    name = make_event.stream_name(log_type, "demo")
    assert name.startswith(prefix)
    assert len(name) == len(prefix) + 32
    assert int(name.removeprefix(prefix), 16) >= 0
    assert name != make_event.stream_name(log_type, "prod")


def test_a_log_type_of_auto_mode_picks_a_log_group_and_a_filter_that_say_it() -> None:
    """As the forwarder's own tools name them."""
    source = make_event.source_of("autoModeIpam", "shop")
    assert (source.log_group, source.filter_name, source.cluster) == (
        "/aws/vendedlogs/eks/cluster/AUTO_MODE_IPAM_LOGS/shop",
        "eks-log-forwarder/shop/autoModeIpam",
        "shop",
    )
    assert make_event.source_of("audit", "shop") == make_event.Source(
        make_event.stream_name("audit", "shop"), "shop"
    )


@given(st.lists(st.text(min_size=1), max_size=20), st.integers(1_000_000_000_000, 4_000_000_000_000))
def test_ids_are_56_digits_unique_and_in_the_order_of_time(lines: list[str], start: int) -> None:
    """Even for equal lines: CloudWatch gives each event a unique id."""
    log_events: Any = make_event.data_message(lines, make_event.Source(STREAM, start_ms=start))["logEvents"]
    ids = [event["id"] for event in log_events]
    assert all(len(event_id) == 56 and event_id.isdecimal() for event_id in ids)
    assert len(set(ids)) == len(lines)
    assert ids == sorted(ids)


@given(st.lists(st.text(min_size=1), max_size=10))
def test_an_encoded_event_decodes_to_its_payload(lines: list[str]) -> None:
    """Whatever characters a line is made of."""
    payload = make_event.data_message(lines, make_event.Source(STREAM))
    assert payload_of(make_event.encode_event(payload)) == payload


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ([], "give a file of lines, and --type or --stream; or --all"),
        (["lines.log"], "give a file of lines, and --type or --stream; or --all"),
        (["missing.log", "--type", "audit"], "missing.log: No such file or directory"),
        ([__file__, "--type", "audits"], "invalid choice: 'audits'"),
        ([sys.executable, "--type", "audit"], "is not UTF-8: byte"),
    ],
)
def test_a_wrong_command_line_ends_with_what_to_give(arguments: list[str], fault: str) -> None:
    """Status 2 and the fault, no traceback."""
    done = run(*arguments)
    assert done.returncode == 2
    assert fault in done.stderr
    assert "Traceback" not in done.stderr
